import { WingmanError } from '../errors.js';
import { fromBase64Url, toBase64Url } from '../wire/bytes.js';

const KEY_BYTES = 16;

/** The link key: its 16 bytes, or a key for HKDF that can be used but not read. */
export type LinkKey = Uint8Array | CryptoKey;

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

/** The form of a link key that can be used but not read. A browser can keep this form, and hand it to its workers. */
export async function importLinkKey(key: LinkKey): Promise<CryptoKey> {
  if (!ArrayBuffer.isView(key)) return key;
  return crypto.subtle.importKey('raw', new Uint8Array(key), 'HKDF', false, ['deriveBits']);
}

/** 32 bytes that only somebody with the link key can derive: HKDF-SHA-256 (RFC 5869). */
export async function deriveSecret(
  key: LinkKey,
  label: string,
  salt: Uint8Array<ArrayBuffer> = new Uint8Array(),
): Promise<Uint8Array<ArrayBuffer>> {
  const info = new TextEncoder().encode(`wingman v1 ${label}`);
  const parameters = { name: 'HKDF', hash: 'SHA-256', salt, info };
  return new Uint8Array(await crypto.subtle.deriveBits(parameters, await importLinkKey(key), 256));
}

/**
 * The link key of another port's session. It opens that session alone: nobody can get from it to the link key that it
 * was derived from.
 */
export async function derivePortLinkKey(
  key: LinkKey,
  port: number,
): Promise<Uint8Array<ArrayBuffer>> {
  return (await deriveSecret(key, `port ${port}`)).slice(0, KEY_BYTES);
}
