import { toHex } from '../wire/bytes.js';

/** A fresh link id: 16 random bytes as lower-case hex. */
export function newLinkId(): string {
  return toHex(crypto.getRandomValues(new Uint8Array(16)));
}

/** Whether a text has the form of a link id. */
export function isLinkId(text: string): boolean {
  return /^[0-9a-f]{32}$/.test(text);
}
