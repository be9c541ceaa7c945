import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createClient } from '@redis/client';
import { systemClock } from '@wingman/protocol';
import { pino } from 'pino';
import { MemoryBulletin, RedisBulletin, type Bulletin } from '../src/cluster/bulletin.js';
import { Disguise } from '../src/cluster/disguise.js';
import { RedisConnection } from '../src/cluster/redis-connection.js';
import { SERVER_LIMITS } from '../src/limits.js';
import { FakeClock } from './support/fake-clock.js';
import { until } from './support/inbox.js';
import { TestRedis } from './support/redis.js';

const [A, B, C] = ['http://10.0.0.1', 'http://10.0.0.2', 'http://10.0.0.3'] as const;
const here = (...denied: string[]) => ({ denied, isGone: false });
const disguise = new Disguise('a-secret-of-all-nodes');

let redis: TestRedis;
let connection: RedisConnection;
let client: ReturnType<typeof createClient>;

beforeAll(async () => {
  redis = await TestRedis.start();
});
afterAll(() => redis.stop());

beforeEach(async () => {
  const logger = pino({ level: 'silent' });
  connection = new RedisConnection({ url: redis.url, clock: systemClock, logger });
  client = createClient({ url: redis.url });
  await client.connect();
  await client.flushAll();
  await until(() => Promise.resolve(!connection.isAway));
});
afterEach(() => {
  connection.close();
  client.destroy();
});

describe.each<[string, () => Bulletin]>([
  ['memory', () => new MemoryBulletin(new FakeClock())],
  ['Redis', () => new RedisBulletin(connection, disguise)],
])('a bulletin in %s', (_kind, create) => {
  test('tells each node what the others have said last, and nothing of its own', async () => {
    const bulletin = create();
    expect(await bulletin.exchange(A, here('192.0.2.7'))).toEqual(new Map());
    const heard = await bulletin.exchange(B, here());
    expect(heard).toEqual(new Map([[A, here('192.0.2.7')]]));
    await bulletin.exchange(A, here('192.0.2.0/24', 'my-app-abcdefghijklmnop'));
    const all = await bulletin.exchange(C, here());
    expect(all.get(A)).toEqual(here('192.0.2.0/24', 'my-app-abcdefghijklmnop'));
    expect(all.get(B)).toEqual(here());
    expect(all.size).toBe(2);
  });

  test('says of a node that stops that it is gone; what it denied holds on', async () => {
    const bulletin = create();
    await bulletin.exchange(A, { denied: ['192.0.2.7'], isGone: true });
    expect((await bulletin.exchange(B, here())).get(A)).toEqual({
      denied: ['192.0.2.7'],
      isGone: true,
    });
  });
});

test('in memory what is not said again is forgotten after a while', async () => {
  const clock = new FakeClock();
  const bulletin = new MemoryBulletin(clock);
  await bulletin.exchange(A, here('192.0.2.7'));
  clock.advance(SERVER_LIMITS.announcementMs - 1);
  expect((await bulletin.exchange(B, here())).size).toBe(1);
  clock.advance(1);
  expect((await bulletin.exchange(B, here())).size).toBe(0);
});

test('in Redis it expires, nobody reads an address in it, and what is old or strange is dropped', async () => {
  const bulletin = new RedisBulletin(connection, disguise);
  await bulletin.exchange(A, here('192.0.2.7'));
  const field = (await client.hGet('wingman:nodes', A)) ?? '';
  expect(field).toMatch(/^\d{13} [\w-]+$/);
  expect(field).not.toContain('192.0.2.7');
  const left = await client.pTTL('wingman:nodes');
  expect(left).toBeGreaterThan(SERVER_LIMITS.announcementMs - 20_000);
  const old = Date.now() - SERVER_LIMITS.announcementMs - 1_000;
  await client.hSet('wingman:nodes', B, `${old} ${disguise.seal('here', B)}`);
  // What was said by one node is worth nothing as the word of another, nor without the secret.
  await client.hSet('wingman:nodes', 'http://stranger', field);
  await client.hSet('wingman:nodes', 'http://nonsense', 'no time');
  expect([...(await bulletin.exchange(C, here())).keys()]).toEqual([A]);
  expect((await client.hKeys('wingman:nodes')).sort()).toEqual([A, C, 'http://stranger']);
});
