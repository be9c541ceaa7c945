import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { SERVER_LIMITS } from '../src/limits.js';
import { RegistrationRate } from '../src/sessions/registration-rate.js';
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

describe('registrations of a network', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  test('are as many as its burst, and as many again after a while', async () => {
    const rate = new RegistrationRate();
    const takeAll = async (): Promise<number> => {
      const taken = Array.from({ length: SERVER_LIMITS.registrationBurst + 1 }, () =>
        rate.take('a'),
      );
      return (await Promise.all(taken)).filter(Boolean).length;
    };
    expect(await takeAll()).toBe(SERVER_LIMITS.registrationBurst);
    expect(await rate.take('b')).toBe(true);
    jest.advanceTimersByTime(SERVER_LIMITS.registrationBurstMs - 1);
    expect(await takeAll()).toBe(0);
    jest.advanceTimersByTime(SERVER_LIMITS.registrationBurstMs);
    expect(await takeAll()).toBe(SERVER_LIMITS.registrationBurst);
  });

  test('are counted for so many networks; the one that came longest ago is forgotten', async () => {
    const rate = new RegistrationRate();
    for (let index = 0; index <= SERVER_LIMITS.registrationBurst; index += 1)
      await rate.take('old');
    for (let index = 0; index < SERVER_LIMITS.registeringAddresses; index += 1) {
      await rate.take(String(index));
    }
    expect(rate.size).toBe(SERVER_LIMITS.registeringAddresses);
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
