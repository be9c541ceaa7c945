import { expect, test } from '@jest/globals';
import { createHash, createHmac } from 'node:crypto';
import { isTokenProof, proveToken, tokenKey } from '../src/registration-proof.js';

const NONCE = new Uint8Array(32).fill(1);
const KEY = tokenKey('the token');

test('the proof is the MAC that SPEC section 2 describes', () => {
  const key = createHash('sha256').update('the token').digest();
  const text = Buffer.concat([Buffer.from('wingman-host-token-v1\0my-app\0'), NONCE]);
  const expected = createHmac('sha256', key).update(text).digest();
  expect(proveToken(KEY, 'my-app', NONCE)).toEqual(expected);
});

test('the proof of any of the keys is one, wherever it stands', () => {
  const proof = proveToken(KEY, 'a', NONCE);
  const other = tokenKey('another');
  expect(isTokenProof([KEY, other], 'a', NONCE, proof)).toBe(true);
  expect(isTokenProof([other, KEY], 'a', NONCE, proof)).toBe(true);
  expect(isTokenProof([other], 'a', NONCE, proof)).toBe(false);
  expect(isTokenProof([], 'a', NONCE, proof)).toBe(false);
});

test('a shorter or longer proof is none', () => {
  const proof = proveToken(KEY, 'a', NONCE);
  expect(isTokenProof([KEY], 'a', NONCE, proof.subarray(0, 31))).toBe(false);
  expect(isTokenProof([KEY], 'a', NONCE, Buffer.concat([proof, Buffer.alloc(1)]))).toBe(false);
});
