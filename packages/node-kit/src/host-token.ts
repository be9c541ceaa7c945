import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

const CONTEXT = 'wingman-host-token-v1';

/** What a server keeps of a host's token: its SHA-256, from which the token can't be had. */
export function tokenKey(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/** Proves a token for one registration, bound to the server's nonce: the token itself never leaves the host. */
export function proveToken(key: Buffer, session: string, nonce: Uint8Array): Buffer {
  return createHmac('sha256', key).update(`${CONTEXT}\0${session}\0`).update(nonce).digest();
}

/** Whether the proof was made with one of the keys; takes as long for each of them, whichever fits. */
export function isTokenProof(
  keys: readonly Buffer[],
  session: string,
  nonce: Uint8Array,
  proof: Uint8Array,
): boolean {
  return keys.reduce((isProved, key) => {
    const expected = proveToken(key, session, nonce);
    const fits = expected.byteLength === proof.byteLength && timingSafeEqual(expected, proof);
    return fits || isProved;
  }, false);
}
