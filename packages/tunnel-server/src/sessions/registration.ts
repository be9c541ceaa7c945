import { verifyRegistrationProof } from '@wingman/node-kit';
import {
  isSessionName,
  LIMITS,
  PROTOCOL_VERSION,
  versionConflict,
  WingmanError,
  type RegisterHost,
} from '@wingman/protocol';
import type { HostTokens } from '../operator/host-tokens.js';
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
 * Verifies that the sender holds the key whose hash ends the session's name, and a token where the server has some.
 * Throws WingmanError: PROTOCOL_ERROR for what no honest host sends, TOKEN_NEEDED, REFUSED for a proof that fails.
 */
export function verifyRegistration(
  message: RegisterHost,
  challenge: Uint8Array,
  tokens: Pick<HostTokens, 'admits'> | undefined,
): void {
  const conflict = versionConflict(PROTOCOL_VERSION, message.protocolVersion);
  if (conflict !== '') throw new WingmanError('PROTOCOL_ERROR', conflict);
  if (!isSessionName(message.session)) {
    throw new WingmanError('PROTOCOL_ERROR', 'the session name is malformed');
  }
  if (message.prekey.byteLength > MAX_PREKEY_BYTES) {
    throw new WingmanError('PROTOCOL_ERROR', 'the prekey is too large');
  }
  if (message.gateKey.byteLength !== GATE_KEY_BYTES) {
    throw new WingmanError('PROTOCOL_ERROR', 'the gate key is malformed');
  }
  if (message.sharedBy.length > LIMITS.sharedByChars) {
    throw new WingmanError('PROTOCOL_ERROR', 'the name of who shares is too long');
  }
  // Before the signature, so that a stranger learns nothing about names and keys.
  if (tokens?.admits(message, challenge) === false) {
    throw new WingmanError(
      'TOKEN_NEEDED',
      'this server registers only hosts that have a token of its operator',
    );
  }
  verifyRegistrationProof(message, challenge);
}

/** A bearer token for the dial-backs of one registration: 256 random bits. */
export function createDialToken(): string {
  return randomBytes(32).toString('base64url');
}

/** Compares in a time that tells nothing about either; without a token there is nothing to match. */
export function isSameSecret(expected: string | undefined, given: string): boolean {
  if (expected === undefined) return false;
  return timingSafeEqual(digest(expected), digest(given));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
