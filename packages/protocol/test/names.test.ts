import { describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import {
  isSessionLabel,
  isSessionName,
  hasLabel,
  portSessionName,
  sessionNameFor,
  sessionNameMatches,
  splitSessionName,
} from '../src/names/session-name.js';

const key = new Uint8Array(44).map((_, index) => index);
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();

/** The first 80 bits of SHA-256, five at a time. */
function naiveHash(): string {
  const bits = [...sha256(key)].map((byte) => byte.toString(2).padStart(8, '0')).join('');
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
    expect(sessionNameMatches(name, sha256(key))).toBe(true);
    expect(sessionNameMatches(name, sha256(key.slice(1)))).toBe(false);
    expect(sessionNameMatches(`x${name.slice(5)}`, sha256(key))).toBe(false);
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

describe('the name of another port’s session', () => {
  const MAIN = 'shop-abcdefghijklmnop';

  test('is the main session’s with the port behind it, and belongs to the same key', async () => {
    const main = await sessionNameFor(key, 'shop');
    const name = portSessionName(main, 8080);
    expect(name).toBe(`${main}-8080`);
    expect([isSessionName(name), hasLabel(name)]).toEqual([true, true]);
    expect(splitSessionName(name)).toEqual({ main, port: 8080 });
    expect(sessionNameMatches(name, sha256(key))).toBe(true);
    expect(sessionNameMatches(name, sha256(key.slice(1)))).toBe(false);
  });

  test('fits into a DNS label', () => {
    const longest = `${'x'.repeat(40)}-abcdefghijklmnop-65535`;
    expect([isSessionName(longest), longest.length]).toEqual([true, 63]);
  });

  test('a session whose label looks like one is its own main session', async () => {
    const foreign = await sessionNameFor(key, 'shop-abcdefghijklmnop-8080');
    expect(splitSessionName(foreign)).toEqual({ main: foreign, port: undefined });
    // Nobody finds a key for this: the hash of a main session has no hyphen in it.
    expect(splitSessionName('abcdefghijklmnop-23456').main).toBe('abcdefghijklmnop');
  });

  test.each(['0', '08080', '65536', '123456', '', '-1', '8080-8081', '80a'])(
    'no port is %j',
    (port) => {
      const name = `${MAIN}-${port}`;
      expect(isSessionName(name)).toBe(false);
      expect(splitSessionName(name)).toEqual({ main: name, port: undefined });
    },
  );
});
