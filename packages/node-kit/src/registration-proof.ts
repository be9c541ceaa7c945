import { createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import { registrationPayload, sessionNameMatches, WingmanError } from '@wingman/protocol';

/** An Ed25519 SubjectPublicKeyInfo is 44 bytes (RFC 8410 section 4). */
const SPKI_BYTES = 44;
const SIGNATURE_BYTES = 64;

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
