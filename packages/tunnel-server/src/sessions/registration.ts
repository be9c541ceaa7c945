import { verifyRegistrationProof } from '@wingman/node-kit';
import {
  isSessionName,
  PROTOCOL_VERSION,
  WingmanError,
  type RegisterHost,
} from '@wingman/protocol';
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

const NONCE_BYTES = 32;
/** A ResponderHello is about 110 bytes. */
const MAX_PREKEY_BYTES = 1024;
/** As HKDF gives it (SPEC section 4.5). */
const GATE_KEY_BYTES = 32;

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
  if (message.gateKey.byteLength !== GATE_KEY_BYTES) {
    throw new WingmanError('PROTOCOL_ERROR', 'the gate key is malformed');
  }
  await verifyRegistrationProof(message, challenge);
}

/** A bearer token for the dial-backs of one registration: 256 random bits. */
export function createDialToken(): string {
  return randomBytes(32).toString('base64url');
}

/** Compares in a time that tells nothing about either; without a token there is nothing to match. */
export function isDialToken(expected: string | undefined, given: string): boolean {
  if (expected === undefined) return false;
  return timingSafeEqual(digest(expected), digest(given));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
