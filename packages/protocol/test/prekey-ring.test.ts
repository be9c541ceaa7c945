import { describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { decodeMessage } from '../src/exchange/proto-message.js';
import { ResponderHello } from '../src/gen/wingman/v1/handshake.js';
import { LIMITS } from '../src/limits.js';
import { PrekeyRing, ResponderKey } from '../src/seal/prekey-ring.js';

const hashOf = (hello: Uint8Array): string => createHash('sha256').update(hello).digest('hex');

describe('a ring of prekeys', () => {
  test('finds the current and the one before by the hash of their hello', async () => {
    const ring = await PrekeyRing.create();
    const first = ring.current;
    expect(ring.find(hashOf(first))?.hello).toBe(first);
    expect(ring.find(hashOf(new Uint8Array()))).toBeUndefined();
    const second = await ring.rotate();
    expect(ring.current).toBe(second);
    expect(ring.find(hashOf(first))?.hello).toBe(first);
    const third = await ring.rotate();
    expect(ring.find(hashOf(first))).toBeUndefined();
    expect([second, third].map((hello) => ring.find(hashOf(hello))?.hello)).toEqual([
      ...[second, third],
    ]);
  });

  test('a key remembers its nonces when the ring has turned', async () => {
    const ring = await PrekeyRing.create();
    const hash = hashOf(ring.current);
    expect(ring.find(hash)?.claim(Uint8Array.of(1))).toBe(true);
    await ring.rotate();
    expect(ring.find(hash)?.claim(Uint8Array.of(1))).toBe(false);
  });
});

describe('the key of a responder', () => {
  test('is new each time, and its hello says version, point and nonce', async () => {
    const [one, other] = await Promise.all([ResponderKey.create(), ResponderKey.create()]);
    const hello = decodeMessage(ResponderHello, one.hello);
    expect([hello.version, hello.publicKey.length, hello.nonce.length]).toEqual([1, 65, 32]);
    expect(one.helloHash).toBe(hashOf(one.hello));
    expect(one.helloHash).not.toBe(other.helloHash);
    // It never leaves this process.
    expect(one.pair.privateKey.extractable).toBe(false);
  });

  test('gives each nonce once, and no more than it can remember', async () => {
    const key = await ResponderKey.create();
    const nonce = (n: number): Uint8Array => new Uint8Array(Uint32Array.of(n).buffer);
    for (let n = 0; n < LIMITS.maxPrekeyNonces; n += 1) expect(key.claim(nonce(n))).toBe(true);
    expect(key.claim(nonce(0))).toBe(false);
    expect(key.claim(nonce(LIMITS.maxPrekeyNonces))).toBe(false);
  });
});
