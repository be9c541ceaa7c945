import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { createClient } from '@redis/client';
import { systemClock } from '@wingman/protocol';
import { pino } from 'pino';
import { MemoryDirectory, type Claim, type Directory } from '../src/cluster/directory.js';
import { RedisConnection } from '../src/cluster/redis-connection.js';
import { RedisDirectory } from '../src/cluster/redis-directory.js';
import { SERVER_LIMITS } from '../src/limits.js';
import { FakeClock } from './support/fake-clock.js';
import { until } from './support/inbox.js';
import { TestRedis } from './support/redis.js';

const silent = pino({ level: 'silent' });
const at = (node: string, instance = 'run', takeOver = false): Claim => ({
  node: `http://${node}`,
  instance,
  takeOver,
});

let redis: TestRedis;
const open: RedisConnection[] = [];

beforeAll(async () => {
  redis = await TestRedis.start();
});

afterAll(() => redis.stop());

afterEach(() => {
  for (const connection of open.splice(0)) connection.close();
});

/** Redis answers as soon as it is connected. */
async function redisDirectory(): Promise<RedisDirectory> {
  const options = { url: redis.url, clock: systemClock, logger: silent };
  const connection = new RedisConnection(options);
  const directory = new RedisDirectory(connection);
  open.push(connection);
  await answering(directory);
  return directory;
}

const answering = (directory: Directory): Promise<void> =>
  until(() =>
    directory.ownerOf('any').then(
      () => true,
      () => false,
    ),
  );

/** Whether a node still has a name after its renewal. */
const renew = async (directory: Directory, name: string, claim: Claim): Promise<boolean> =>
  !(await directory.renew(new Map([[name, claim]]))).has(name);

let names = 0;

describe.each<[string, () => Promise<Directory>]>([
  ['memory', () => Promise.resolve(new MemoryDirectory(new FakeClock()))],
  ['Redis', redisDirectory],
])('a directory in %s', (_kind, create) => {
  test('has the owner of a name until it is given up', async () => {
    const directory = await create();
    const name = `name-${++names}`;
    expect(await directory.ownerOf(name)).toBeUndefined();
    await directory.claim(name, at('a'));
    expect(await directory.ownerOf(name)).toBe('http://a');
    await directory.release(name, at('a'));
    expect(await directory.ownerOf(name)).toBeUndefined();
  });

  test('lets a host move to another node, and the first node learns it', async () => {
    const directory = await create();
    const name = `name-${++names}`;
    await directory.claim(name, at('a'));
    await directory.claim(name, at('b'));
    expect(await directory.ownerOf(name)).toBe('http://b');
    expect(await renew(directory, name, at('a'))).toBe(false);
    expect(await renew(directory, name, at('b'))).toBe(true);
    // The loser gives up a name that it no longer has.
    await directory.release(name, at('a'));
    expect(await directory.ownerOf(name)).toBe('http://b');
  });

  test('keeps a name from another host with the same key, unless that one takes it over', async () => {
    const directory = await create();
    const name = `name-${++names}`;
    await directory.claim(name, at('a', 'first'));
    await expect(directory.claim(name, at('b', 'second'))).rejects.toMatchObject({
      code: 'NAME_IN_USE',
    });
    // An instance whose name begins with another's is a different one.
    await expect(directory.claim(name, at('b', 'fir'))).rejects.toMatchObject({
      code: 'NAME_IN_USE',
    });
    expect(await directory.ownerOf(name)).toBe('http://a');
    await directory.claim(name, at('b', 'second', true));
    expect(await renew(directory, name, at('a', 'first'))).toBe(false);
  });

  test('has a name on its way when its node leaves, for its host alone to take it elsewhere', async () => {
    const directory = await create();
    const name = `name-${++names}`;
    await directory.claim(name, at('a', 'first'));
    // What another node leaves is not its own.
    await directory.leave(name, at('b', 'first'));
    expect(await directory.ownerOf(name)).toBe('http://a');
    await directory.leave(name, at('a', 'first'));
    expect(await directory.ownerOf(name)).toBe('');
    expect(await renew(directory, name, at('a', 'first'))).toBe(false);
    await directory.release(name, at('a', 'first'));
    const stranger = directory.claim(name, at('b', 'second'));
    await expect(stranger).rejects.toMatchObject({ code: 'NAME_IN_USE' });
    await directory.claim(name, at('b', 'first'));
    expect(await directory.ownerOf(name)).toBe('http://b');
  });

  test('has one owner when many ask at once', async () => {
    const directory = await create();
    const name = `name-${++names}`;
    const claims = Array.from({ length: 20 }, (_, index) => at(`n${index}`, `host ${index}`));
    const results = await Promise.allSettled(claims.map((claim) => directory.claim(name, claim)));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  test('renews many names at once, and tells those that another node has', async () => {
    const directory = await create();
    const many = Array.from({ length: SERVER_LIMITS.leasesAtOnce }, () => `name-${++names}`);
    const lost = many.filter((_name, index) => index % 100 === 7);
    for (const name of lost) await directory.claim(name, at('b'));
    const claims = new Map(many.map((name, index) => [name, at('a', `run-${index}`)]));
    expect([...(await directory.renew(claims))]).toEqual(lost);
    expect(await directory.ownerOf(many[0]!)).toBe('http://a');
    expect(await directory.ownerOf(lost[0]!)).toBe('http://b');
    expect(await directory.renew(new Map([[many[1]!, at('b', 'run-1')]]))).toEqual(
      new Set([many[1]]),
    );
  });

  test('takes a name again that has run out, or was forgotten', async () => {
    const directory = await create();
    const name = `name-${++names}`;
    expect(await renew(directory, name, at('a'))).toBe(true);
    expect(await directory.ownerOf(name)).toBe('http://a');
  });
});

test('in memory a name that is not renewed is free after the lease', async () => {
  const clock = new FakeClock();
  const directory = new MemoryDirectory(clock);
  await directory.claim('name', at('a', 'first'));
  clock.advance(SERVER_LIMITS.leaseMs - 1);
  await renew(directory, 'name', at('a', 'first'));
  clock.advance(SERVER_LIMITS.leaseMs - 1);
  expect(await directory.ownerOf('name')).toBe('http://a');
  clock.advance(1);
  await directory.claim('name', at('b', 'second'));
  expect(await directory.ownerOf('name')).toBe('http://b');
});

test('in Redis a name runs out after the lease, and it holds nothing but node and instance', async () => {
  const directory = await redisDirectory();
  const client = await createClient({ url: redis.url }).connect();
  const before = performance.now();
  await directory.claim('mine', at('a'));
  const left = await client.pTTL('wingman:session:mine');
  expect(left + performance.now() - before).toBeGreaterThan(SERVER_LIMITS.leaseMs - 100);
  expect(left).toBeLessThanOrEqual(SERVER_LIMITS.leaseMs);
  expect(await client.get('wingman:session:mine')).toBe('run http://a');
  expect(await client.keys('*')).toEqual(expect.arrayContaining(['wingman:session:mine']));
  client.destroy();
});

test('while Redis is away every question is refused at once, and it is found again', async () => {
  const directory = await redisDirectory();
  await redis.stop();
  const questions = [
    directory.claim('name', at('a')),
    renew(directory, 'name', at('a')),
    directory.ownerOf('name'),
    directory.release('name', at('a')),
  ];
  const failures = await Promise.all(
    questions.map((question) => question.catch((error: unknown) => error)),
  );
  for (const failure of failures) expect(failure).toMatchObject({ code: 'DIRECTORY_AWAY' });
  expect(directory.isAway).toBe(true);
  await redis.start();
  await answering(directory);
  await directory.claim('name', at('a'));
});
