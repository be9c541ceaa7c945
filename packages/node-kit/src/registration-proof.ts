import {
  createHash,
  createHmac,
  createPublicKey,
  sign,
  timingSafeEqual,
  verify,
  type KeyObject,
} from 'node:crypto';
import { registrationPayload, sessionNameMatches, WingmanError } from '@wingman/protocol';

/** An Ed25519 SubjectPublicKeyInfo is this, and the 32 bytes of the key (RFC 8410 section 4). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
const SPKI_BYTES = 44;
const SIGNATURE_BYTES = 64;
const TOKEN_CONTEXT = 'wingman-host-token-v1';

/** What a host shows for its session's name: the key whose hash ends the name, and a signature by it. */
export interface RegistrationProof {
  readonly session: string;
  /** Ed25519, SPKI DER. */
  readonly publicKey: Uint8Array;
  readonly signature: Uint8Array;
}

/** Proves an Ed25519 key for the one connection that the server's nonce belongs to. */
export function proveRegistration(
  privateKey: KeyObject,
  session: string,
  nonce: Uint8Array,
): RegistrationProof {
  return {
    session,
    publicKey: createPublicKey(privateKey).export({ format: 'der', type: 'spki' }),
    signature: sign(null, registrationPayload(session, nonce), privateKey),
  };
}

/**
 * Verifies that the sender holds the key whose hash ends the session's name.
 * Throws WingmanError: PROTOCOL_ERROR for what is no such key, REFUSED for a proof that fails.
 */
export function verifyRegistrationProof(
  { session, publicKey, signature }: RegistrationProof,
  nonce: Uint8Array,
): void {
  const key = rawPublicKey(publicKey);
  if (!sessionNameMatches(session, createHash('sha256').update(publicKey).digest())) {
    throw new WingmanError('REFUSED', 'the session name does not belong to this key');
  }
  const isSigned =
    signature.byteLength === SIGNATURE_BYTES &&
    verify(null, registrationPayload(session, nonce), keyOf(key), signature);
  if (!isSigned) throw new WingmanError('REFUSED', 'the proof of the key does not verify');
}

/** The key alone: the rest of the DER is the same for each, and to have it parsed takes longer than to verify a signature. */
function rawPublicKey(spki: Uint8Array): Buffer {
  const bytes = Buffer.from(spki);
  const isKey = bytes.byteLength === SPKI_BYTES && bytes.indexOf(SPKI_PREFIX) === 0;
  if (isKey) return bytes.subarray(SPKI_PREFIX.byteLength);
  throw new WingmanError('PROTOCOL_ERROR', 'the public key is not an Ed25519 key in SPKI DER');
}

function keyOf(raw: Buffer): KeyObject {
  const key = { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') };
  return createPublicKey({ key, format: 'jwk' });
}

/** What a server keeps of a host's token: its SHA-256, from which the token can't be had. */
export function tokenKey(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/** Proves a token for one registration, bound to the server's nonce: the token itself never leaves the host. */
export function proveToken(key: Buffer, session: string, nonce: Uint8Array): Buffer {
  return createHmac('sha256', key).update(`${TOKEN_CONTEXT}\0${session}\0`).update(nonce).digest();
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
