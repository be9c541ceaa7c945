import { describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import {
  isSessionLabel,
  isSessionName,
  sessionNameFor,
  sessionNameMatches,
} from '../src/names/session-name.js';

const key = new Uint8Array(44).map((_, index) => index);
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';

/** The first 80 bits of SHA-256, five at a time. */
function naiveHash(): string {
  const bits = [...createHash('sha256').update(key).digest()]
    .map((byte) => byte.toString(2).padStart(8, '0'))
    .join('');
  return Array.from(
    { length: 16 },
    (_, index) => ALPHABET[parseInt(bits.slice(index * 5, index * 5 + 5), 2)],
  ).join('');
}

describe('session names', () => {
  test('are the hash of the key, with a label before it if wanted', async () => {
    expect(await sessionNameFor(key)).toBe(naiveHash());
    expect(await sessionNameFor(key, 'shop')).toBe(`shop-${naiveHash()}`);
  });

  test('match their key and no other', async () => {
    const name = await sessionNameFor(key, 'shop');
    expect(await sessionNameMatches(name, key)).toBe(true);
    expect(await sessionNameMatches(name, key.slice(1))).toBe(false);
    expect(await sessionNameMatches(`x${name.slice(5)}`, key)).toBe(false);
  });

  test.each(['a', 'shop-2', 'a-b-c', 'x'.repeat(40)])('%s is a label', (label) => {
    expect(isSessionLabel(label)).toBe(true);
    expect(isSessionName(`${label}-abcdefghijklmnop`)).toBe(true);
  });

  test.each(['', '-a', 'a-', 'Ä', 'a.b', 'A', 'x'.repeat(41), 'a/b'])('%j is not', (label) => {
    expect(isSessionLabel(label)).toBe(false);
    expect(isSessionName(`${label}-abcdefghijklmnop`)).toBe(false);
  });
});
