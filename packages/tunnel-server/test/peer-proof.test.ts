import { describe, expect, test } from '@jest/globals';
import { isPeerProof, provePeer } from '../src/cluster/peer-proof.js';
import { SERVER_LIMITS } from '../src/limits.js';
import { addNetwork, includesAddress, networksOf } from '../src/operator/networks.js';
import { TokenBucket } from '../src/signaling/token-bucket.js';
import { NetworkRate } from '../src/budgets/network-rate.js';
import { FakeClock } from './support/fake-clock.js';

describe('the proof of a request from another node', () => {
  const ASKED = { method: 'GET', url: '/a?b', headers: { host: 's.example' } };
  const NOW = 1_700_000_000_000;
  const proof = provePeer('secret', ASKED, NOW);

  test('holds for that request, for a while before and after', () => {
    for (const skew of [0, SERVER_LIMITS.peerProofMs, -SERVER_LIMITS.peerProofMs])
      expect(isPeerProof('secret', ASKED, proof, NOW + skew)).toBe(true);
  });

  test.each([1, -1])('holds no longer than that: %d', (sign) => {
    const late = NOW + sign * (SERVER_LIMITS.peerProofMs + 1);
    expect(isPeerProof('secret', ASKED, proof, late)).toBe(false);
  });

  test.each([
    ['method', { ...ASKED, method: 'POST' }],
    ['target', { ...ASKED, url: '/a?c' }],
    ['host', { ...ASKED, headers: { host: 't.example' } }],
    ['boundary of two parts', { ...ASKED, headers: { host: 's.example\n/a?b' }, url: '' }],
  ])('does not hold for another %s', (_, asked) => {
    expect(isPeerProof('secret', asked, proof, NOW)).toBe(false);
  });

  test('does not hold for another secret', () => {
    expect(isPeerProof('other', ASKED, proof, NOW)).toBe(false);
  });

  test('can’t be moved to another time', () => {
    const [, mac = ''] = proof.split('.');
    expect(isPeerProof('secret', ASKED, `${NOW + 1}.${mac}`, NOW)).toBe(false);
  });

  test.each(['', '.', 'x', `${NOW}`, `${NOW}.`, `1e12.x`, `-1.x`, `${'9'.repeat(16)}.x`, ' .x'])(
    '%j is none',
    (field) => {
      expect(isPeerProof('secret', ASKED, field, NOW)).toBe(false);
    },
  );
});

describe('networks', () => {
  test.each([
    ['192.0.2.7', '192.0.2.7', true],
    ['192.0.2.7', '192.0.2.8', false],
    ['192.0.2.0/24', '192.0.2.255', true],
    ['192.0.2.0/24', '192.0.3.0', false],
    ['0.0.0.0/0', '203.0.113.9', true],
    ['2001:db8::/32', '2001:db8:ffff::1', true],
    ['2001:db8::/32', '2001:db9::1', false],
    ['2001:db8::1', '2001:DB8:0:0::1', true],
    ['192.0.2.0/24', 'name.example', false],
    ['192.0.2.0/24', '', false],
  ])('%s has %s: %j', (network, address, isIn) => {
    expect(includesAddress(networksOf([network])!, address)).toBe(isIn);
  });

  test.each([
    ...['', 'name', '192.0.2', '192.0.2.0/33', '192.0.2.0/-1', '192.0.2.0/', '192.0.2.0/8/8'],
    ...['2001:db8::/129', '192.0.2.0/2 4', '192.0.2.0/1e1', '192.0.2.256'],
  ])('%j is neither an address nor a network', (text) => {
    expect(networksOf(['192.0.2.1', text])).toBeUndefined();
    expect(addNetwork(networksOf([])!, text)).toBe(false);
  });
});

describe('a bucket of tokens', () => {
  test('lets so many through at once, and so many a second after that', () => {
    const clock = new FakeClock();
    const bucket = new TokenBucket(clock, 3, 2);
    const takes = (count: number): boolean[] => Array.from({ length: count }, () => bucket.take());
    expect(takes(4)).toEqual([true, true, true, false]);
    clock.advance(499);
    expect(bucket.take()).toBe(false);
    clock.advance(1);
    expect(takes(2)).toEqual([true, false]);
    // The bucket never holds more than at the start.
    clock.advance(3_600_000);
    expect(takes(4)).toEqual([true, true, true, false]);
  });
});

describe('the rate of a network', () => {
  test('is its own', async () => {
    const rate = new NetworkRate({ what: 'tests', burst: 2, burstMs: 60_000 });
    const taken = [await rate.take('a'), await rate.take('a'), await rate.take('a')];
    expect([...taken, await rate.take('b')]).toEqual([true, true, false, true]);
    expect(rate.size).toBe(2);
  });

  test('is counted for so many networks; the one that came longest ago is forgotten', async () => {
    const rate = new NetworkRate({ what: 'tests', burst: 1, burstMs: 60_000 });
    await rate.take('first');
    await rate.take('second');
    for (let at = 2; at < SERVER_LIMITS.countedNetworks; at++) await rate.take(`n${at}`);
    // The first network has come again, so the second one is the oldest.
    expect(await rate.take('first')).toBe(false);
    await rate.take('one more');
    expect(rate.size).toBe(SERVER_LIMITS.countedNetworks);
    expect([await rate.take('first'), await rate.take('second')]).toEqual([false, true]);
  });
});
