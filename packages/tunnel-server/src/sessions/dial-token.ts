import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

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
