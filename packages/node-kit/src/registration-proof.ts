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

/** An Ed25519 SubjectPublicKeyInfo is 44 bytes (RFC 8410 section 4). */
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
export async function verifyRegistrationProof(
  { session, publicKey, signature }: RegistrationProof,
  nonce: Uint8Array,
): Promise<void> {
  const key = parsePublicKey(publicKey);
  if (!(await sessionNameMatches(session, publicKey))) {
    throw new WingmanError('REFUSED', 'the session name does not belong to this key');
  }
  const isSigned =
    signature.byteLength === SIGNATURE_BYTES &&
    verify(null, registrationPayload(session, nonce), key, signature);
  if (!isSigned) throw new WingmanError('REFUSED', 'the proof of the key does not verify');
}

function parsePublicKey(spki: Uint8Array): KeyObject {
  const key = spki.byteLength === SPKI_BYTES ? tryParse(spki) : undefined;
  if (key?.asymmetricKeyType === 'ed25519') return key;
  throw new WingmanError('PROTOCOL_ERROR', 'the public key is not an Ed25519 key in SPKI DER');
}

function tryParse(spki: Uint8Array): KeyObject | undefined {
  try {
    return createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
  } catch {
    return undefined;
  }
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
