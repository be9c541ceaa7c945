import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { systemClock } from '@wingman/protocol';
import { RedisConnection } from '../src/cluster/redis-connection.js';
import { SERVER_LIMITS } from '../src/limits.js';
import { CutProxy } from './support/cut-proxy.js';
import { until } from './support/inbox.js';
import { TestRedis } from './support/redis.js';

let redis: TestRedis;
let proxy: CutProxy;
let connection: RedisConnection;
let log: unknown[] = [];

beforeAll(async () => {
  redis = await TestRedis.start();
});

afterAll(() => redis.stop());

afterEach(async () => {
  connection.close();
  await proxy.stop();
});

async function connect(url = (): string => proxy.url): Promise<void> {
  log = [];
  const logger = {
    error: (fields: unknown) => void log.push(fields),
    info: (text: unknown) => void log.push(text),
  };
  proxy = await CutProxy.start(redis.port);
  connection = new RedisConnection({ url: url(), clock: systemClock, logger });
  await until(() => Promise.resolve(!connection.isAway));
}

const ping = (): Promise<unknown> => connection.ask((client) => client.ping());

test('a question on a connection that is cut is refused in time, and so is each that waits with it', async () => {
  await connect();
  expect(await ping()).toBe('PONG');
  proxy.cut();
  const failures = await Promise.all(
    [ping(), ping()].map((answer) => answer.catch((e: unknown) => e)),
  );
  expect(proxy.swallowed).toBeGreaterThan(0);
  for (const failure of failures) expect(failure).toMatchObject({ code: 'DIRECTORY_AWAY' });
  expect(connection.isAway).toBe(true);
  // Nothing waits for the old connection: there is none.
  await expect(ping()).rejects.toMatchObject({ code: 'DIRECTORY_AWAY' });
  proxy.heal();
  await until(() => Promise.resolve(!connection.isAway));
  expect(await ping()).toBe('PONG');
  expect(log).toEqual([{ reason: 'no answer in time' }, 'Redis is back']);
});

test('an answer that came while the node did something else for longer counts', async () => {
  await connect(() => redis.url);
  const answer = ping();
  // The question has left by then, and what comes is read no earlier than this has ended.
  setImmediate(() => {
    const never = new Int32Array(new SharedArrayBuffer(4));
    Atomics.wait(never, 0, 0, SERVER_LIMITS.directoryMs + 100);
  });
  expect(await answer).toBe('PONG');
  expect([connection.isAway, log]).toEqual([false, []]);
});

test('a Redis that has gone is refused at once and found again, and the log has one line of each', async () => {
  await connect();
  await redis.stop();
  await until(() => Promise.resolve(connection.isAway));
  await expect(ping()).rejects.toMatchObject({ code: 'DIRECTORY_AWAY' });
  await redis.start();
  await until(() => Promise.resolve(!connection.isAway));
  expect(await ping()).toBe('PONG');
  expect(log).toEqual([{ reason: expect.any(String) }, 'Redis is back']);
});
