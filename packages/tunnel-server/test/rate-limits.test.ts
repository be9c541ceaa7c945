import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { NetworkRate } from '../src/budgets/network-rate.js';
import { SERVER_LIMITS } from '../src/limits.js';
import { TokenBucket } from '../src/signaling/token-bucket.js';
import { clientNetwork } from '../src/web/client-identity.js';
import { FakeClock } from './support/fake-clock.js';

test('a bucket lets its burst through, and then as much as time fills it', () => {
  const clock = new FakeClock();
  const bucket = new TokenBucket(clock, 2, 0.5);
  expect([bucket.take(), bucket.take(), bucket.take()]).toEqual([true, true, false]);
  clock.advance(2_000);
  expect([bucket.take(), bucket.take()]).toEqual([true, false]);
});

describe('what the clients of a network do', () => {
  const limits = { burst: 100, burstMs: 10_000 };

  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  test('is let through as often as the burst has it, and again after a while', async () => {
    const rate = new NetworkRate(limits);
    const takeAll = async (): Promise<number> => {
      const taken = Array.from({ length: limits.burst + 1 }, () => rate.take('a'));
      return (await Promise.all(taken)).filter(Boolean).length;
    };
    expect(await takeAll()).toBe(limits.burst);
    expect(await rate.take('b')).toBe(true);
    jest.advanceTimersByTime(limits.burstMs - 1);
    expect(await takeAll()).toBe(0);
    jest.advanceTimersByTime(limits.burstMs);
    expect(await takeAll()).toBe(limits.burst);
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
