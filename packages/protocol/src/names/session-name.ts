import { sha256 } from '../seal/key-schedule.js';
import { concatBytes } from '../wire/bytes.js';

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';
/** 80 bits: finding a second key for a name takes 2^80 tries. */
const HASH_CHARS = 16;
/** A DNS label has room for 46 characters besides hash and hyphen. Fewer are easier to read. */
export const MAX_LABEL_CHARS = 40;

/** Whether a text may be the label of a session name: lower-case letters, digits and inner hyphens. */
export function isSessionLabel(label: string): boolean {
  return label.length <= MAX_LABEL_CHARS && /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/.test(label);
}

/** Whether a text has the form of a session name. */
export function isSessionName(name: string): boolean {
  const label = name.slice(0, -HASH_CHARS - 1);
  const hash = name.slice(-HASH_CHARS);
  if (!/^[a-z2-7]{16}$/.test(hash)) return false;
  return name === hash || (isSessionLabel(label) && name === `${label}-${hash}`);
}

/**
 * Whether a session has a name of its own (`--name`), whose key is kept, so that the session may return. The key of
 * any other name is gone with its host.
 */
export function hasLabel(name: string): boolean {
  return name.length > HASH_CHARS;
}

/** The session name that belongs to a public key (SPKI DER): `<hash>`, or `<label>-<hash>`. */
export async function sessionNameFor(publicKey: Uint8Array, label?: string): Promise<string> {
  const hash = base32(await sha256(publicKey)).slice(0, HASH_CHARS);
  return label === undefined ? hash : `${label}-${hash}`;
}

/** Whether a session name ends in the hash of this public key. */
export async function sessionNameMatches(name: string, publicKey: Uint8Array): Promise<boolean> {
  return isSessionName(name) && name.slice(-HASH_CHARS) === (await sessionNameFor(publicKey));
}

/** The bytes that the host signs to register a name. The server's nonce binds them to this connection. */
export function registrationPayload(session: string, nonce: Uint8Array): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(`wingman-register-v1\0${session}\0`);
  return concatBytes([text, nonce]);
}

/** Lower-case base32 (RFC 4648 section 6) of whole groups of five bits. */
function base32(bytes: Uint8Array): string {
  let text = '';
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xfff;
    bits += 8;
    for (; bits >= 5; bits -= 5) text += BASE32[(value >> (bits - 5)) & 31] ?? '';
  }
  return text;
}
