import { WingmanError } from '../errors.js';
import { fromBase64Url, toBase64Url } from '../wire/bytes.js';

const KEY_BYTES = 16;

/** A fresh link key: 128 random bits, which keeps the session URL short enough for a small QR code. */
export function createLinkKey(): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(KEY_BYTES));
}

/** The form of a link key in `#k=`: 22 characters of base64url. */
export function encodeLinkKey(key: Uint8Array): string {
  return toBase64Url(key);
}

/** Reads a link key; PROTOCOL_ERROR when the text is cut short or not base64url. */
export function decodeLinkKey(text: string): Uint8Array<ArrayBuffer> {
  const key = fromBase64Url(text);
  if (key?.byteLength !== KEY_BYTES) {
    throw new WingmanError('PROTOCOL_ERROR', 'the link key is not complete');
  }
  return key;
}
