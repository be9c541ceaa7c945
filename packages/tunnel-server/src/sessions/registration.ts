import { createPublicKey, randomBytes, verify, type KeyObject } from 'node:crypto';
import {
  isSessionName,
  PROTOCOL_VERSION,
  registrationPayload,
  sessionNameMatches,
  WingmanError,
  type RegisterHost,
} from '@wingman/protocol';

const NONCE_BYTES = 32;
/** An Ed25519 SubjectPublicKeyInfo is 44 bytes (RFC 8410 section 4). */
const SPKI_BYTES = 44;
const SIGNATURE_BYTES = 64;
/** A ResponderHello is about 110 bytes. */
const MAX_PREKEY_BYTES = 1024;

/** A nonce for one connection: a proof made for it is worth nothing on another. */
export function createChallenge(): Uint8Array {
  return randomBytes(NONCE_BYTES);
}

/**
 * Verifies that the sender holds the key whose hash ends the session's name.
 * Throws WingmanError: PROTOCOL_ERROR for what no honest host sends, REFUSED for a proof that fails.
 */
export async function verifyRegistration(
  message: RegisterHost,
  challenge: Uint8Array,
): Promise<void> {
  if (message.protocolVersion !== PROTOCOL_VERSION) {
    throw new WingmanError(
      'PROTOCOL_ERROR',
      `this server speaks protocol version ${PROTOCOL_VERSION}, the host ${message.protocolVersion}`,
    );
  }
  if (!isSessionName(message.session)) {
    throw new WingmanError('PROTOCOL_ERROR', 'the session name is malformed');
  }
  if (message.prekey.byteLength > MAX_PREKEY_BYTES) {
    throw new WingmanError('PROTOCOL_ERROR', 'the prekey is too large');
  }
  const key = parsePublicKey(message.publicKey);
  if (!(await sessionNameMatches(message.session, message.publicKey))) {
    throw new WingmanError('REFUSED', 'the session name does not belong to this key');
  }
  const payload = registrationPayload(message.session, challenge);
  if (
    message.signature.byteLength !== SIGNATURE_BYTES ||
    !proves(key, payload, message.signature)
  ) {
    throw new WingmanError('REFUSED', 'the proof of the key does not verify');
  }
}

function proves(key: KeyObject, payload: Uint8Array, signature: Uint8Array): boolean {
  return verify(null, payload, key, signature);
}

function parsePublicKey(spki: Uint8Array): KeyObject {
  if (spki.byteLength === SPKI_BYTES) {
    const key = tryParse(spki);
    if (key?.asymmetricKeyType === 'ed25519') return key;
  }
  throw new WingmanError('PROTOCOL_ERROR', 'the public key is not an Ed25519 key in SPKI DER');
}

function tryParse(spki: Uint8Array): KeyObject | undefined {
  try {
    return createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
  } catch {
    return undefined;
  }
}
