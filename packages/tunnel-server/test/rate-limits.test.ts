import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  jest,
  test,
} from '@jest/globals';
import { systemClock } from '@wingman/protocol';
import { pino } from 'pino';
import { NetworkRate, type SharedCounts } from '../src/budgets/network-rate.js';
import { Disguise } from '../src/cluster/disguise.js';
import { RedisConnection } from '../src/cluster/redis-connection.js';
import { SERVER_LIMITS } from '../src/limits.js';
import { TokenBucket } from '../src/signaling/token-bucket.js';
import { clientNetwork } from '../src/web/client-identity.js';
import { FakeClock } from './support/fake-clock.js';
import { until } from './support/inbox.js';
import { TestRedis } from './support/redis.js';

test('a bucket lets its burst through, and then as much as time fills it', () => {
  const clock = new FakeClock();
  const bucket = new TokenBucket(clock, 2, 0.5);
  expect([bucket.take(), bucket.take(), bucket.take()]).toEqual([true, true, false]);
  clock.advance(2_000);
  expect([bucket.take(), bucket.take()]).toEqual([true, false]);
});

const limits = { what: 'tests', burst: 100, burstMs: 10_000 };

describe('what the clients of a network do', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  test('is let through again after a while', async () => {
    const rate = new NetworkRate(limits);
    expect(await takeAll(rate)).toBe(limits.burst);
    jest.advanceTimersByTime(limits.burstMs - 1);
    expect(await takeAll(rate)).toBe(0);
    jest.advanceTimersByTime(limits.burstMs);
    expect(await takeAll(rate)).toBe(limits.burst);
  });

  test('is counted for so many networks; the one that came longest ago is forgotten', async () => {
    const rate = new NetworkRate(limits);
    for (let index = 0; index <= limits.burst; index += 1) await rate.take('old');
    for (let index = 0; index < SERVER_LIMITS.countedNetworks; index += 1) {
      await rate.take(String(index));
    }
    expect(rate.size).toBe(SERVER_LIMITS.countedNetworks);
    expect(await rate.take('old')).toBe(true);
  });
});

/** How many of one more than the burst are let through. */
async function takeAll(rate: NetworkRate, network = 'a'): Promise<number> {
  const taken = Array.from({ length: limits.burst + 1 }, () => rate.take(network));
  return (await Promise.all(taken)).filter(Boolean).length;
}

let redis: TestRedis;
let connection: RedisConnection;
let counts: SharedCounts;

beforeAll(async () => {
  redis = await TestRedis.start();
});
beforeEach(async () => {
  const logger = pino({ level: 'silent' });
  const disguise = new Disguise('a-secret-of-all-nodes');
  connection = new RedisConnection({ url: redis.url, clock: systemClock, logger });
  counts = {
    nameOf: (network) => disguise.nameOf(network),
    eval: (script, given) => connection.ask((client) => client.eval(script, given)),
  };
  await until(() => !connection.isAway);
  await connection.ask((client) => client.flushAll());
});
afterEach(() => connection.close());
afterAll(() => redis.stop());

describe.each<[string, () => NetworkRate]>([
  ['memory', () => new NetworkRate(limits)],
  ['Redis', () => new NetworkRate(limits, counts)],
])('a rate in %s', (_kind, create) => {
  test('lets a network through as often as the burst has it, and another one too', async () => {
    const rate = create();
    expect(await takeAll(rate)).toBe(limits.burst);
    expect(await rate.take('a')).toBe(false);
    expect(await rate.take('b')).toBe(true);
  });

  test('is its own, beside others', async () => {
    const [rate, other] = [create(), new NetworkRate({ ...limits, what: 'others' }, counts)];
    await takeAll(rate);
    expect(await other.take('a')).toBe(true);
  });
});

test('in Redis all nodes count together, no address can be read there, and each count expires', async () => {
  const [rate, other] = [new NetworkRate(limits, counts), new NetworkRate(limits, counts)];
  expect((await takeAll(rate, '192.0.2.7')) + (await takeAll(other, '192.0.2.7'))).toBe(
    limits.burst,
  );
  const keys = await connection.ask((client) => client.keys('*'));
  expect(keys).toEqual([`wingman:rate:tests:${counts.nameOf('192.0.2.7')}`]);
  expect(keys.join()).not.toContain('192.0');
  const left = await connection.ask((client) => client.pTTL(keys[0] ?? ''));
  expect(left).toBeGreaterThan(0);
  expect(left).toBeLessThanOrEqual(limits.burstMs);
});

test('while Redis is away each node counts alone, and together again when it is back', async () => {
  const [rate, other] = [new NetworkRate(limits, counts), new NetworkRate(limits, counts)];
  await redis.stop();
  await until(() => connection.isAway);
  expect([await takeAll(rate), await takeAll(other)]).toEqual([limits.burst, limits.burst]);
  expect(await rate.take('a')).toBe(false);
  await redis.start();
  await until(() => !connection.isAway);
  expect((await takeAll(rate)) + (await takeAll(other))).toBe(limits.burst);
});

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '8193:3512:1:2'],
  ['2001:0DB8:1:2::', '8193:3512:1:2'],
  ['2001:db8::6', '8193:3512:0:0'],
  ['::1', '0:0:0:0'],
  ['fe80::1%eth0', '65152:0:0:0'],
  ['unknown', 'unknown'],
])('the network of %s is %s', (address, network) => {
  expect(clientNetwork(address)).toBe(network);
});
