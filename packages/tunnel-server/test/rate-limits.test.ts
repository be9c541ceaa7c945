import { expect, test } from '@jest/globals';
import { TokenBucket, TokenBuckets } from '../src/signaling/token-bucket.js';
import { clientNetwork } from '../src/web/client-identity.js';
import { FakeClock } from './support/fake-clock.js';

test('a bucket lets its burst through, and then as much as time fills it', () => {
  const clock = new FakeClock();
  const bucket = new TokenBucket(clock, 2, 0.5);
  expect([bucket.take(), bucket.take(), bucket.take()]).toEqual([true, true, false]);
  clock.advance(2_000);
  expect([bucket.take(), bucket.take()]).toEqual([true, false]);
});

test('each key has a bucket of its own', () => {
  const clock = new FakeClock();
  const buckets = new TokenBuckets(10, () => new TokenBucket(clock, 1, 0));
  expect([buckets.take('a'), buckets.take('a'), buckets.take('b')]).toEqual([true, false, true]);
});

test('buckets are capped; the one used longest ago goes first', () => {
  const clock = new FakeClock();
  const buckets = new TokenBuckets(2, () => new TokenBucket(clock, 1, 0));
  for (const key of ['a', 'b', 'a', 'c']) buckets.take(key);
  expect(buckets.size).toBe(2);
  expect([buckets.take('a'), buckets.take('b')]).toEqual([false, true]);
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
