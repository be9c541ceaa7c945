import { sha256 } from '../seal/key-schedule.js';
import { concatBytes } from '../wire/bytes.js';

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';
/** 80 bits: finding a second key for a name takes 2^80 tries. */
const HASH_CHARS = 16;
/** A DNS label has 63 characters. Besides these there are the hash, a port and two hyphens. */
export const MAX_LABEL_CHARS = 40;

/** Whether a text may be the label of a session name: lower-case letters, digits and inner hyphens. */
export function isSessionLabel(label: string): boolean {
  return label.length <= MAX_LABEL_CHARS && /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/.test(label);
}

/** A port in its shortest form, behind the name of the main session. */
const PORT_SUFFIX = /-([1-9]\d{0,4})$/;
const MAX_PORT = 65_535;

/**
 * The session that shows the pages of another port of the same host. Its name ends in no hash, so it is never the
 * name of a main session, and it certifies itself by the hash of the main session's.
 */
export function portSessionName(mainSession: string, port: number): string {
  return `${mainSession}-${port}`;
}

/** The main session of a name, and the port whose pages the name stands for: undefined for the main session itself. */
export function splitSessionName(name: string): { main: string; port: number | undefined } {
  const port = Number(PORT_SUFFIX.exec(name)?.[1] ?? 0);
  const main = name.replace(PORT_SUFFIX, '');
  const isPorts = port > 0 && port <= MAX_PORT && isMainSessionName(main);
  return isPorts ? { main, port } : { main: name, port: undefined };
}

/** Whether a text has the form of a session name, of the main session or of another port's. */
export function isSessionName(name: string): boolean {
  return isMainSessionName(splitSessionName(name).main);
}

function isMainSessionName(name: string): boolean {
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
  return splitSessionName(name).main.length > HASH_CHARS;
}

/** The session name that belongs to a public key (SPKI DER): `<hash>`, or `<label>-<hash>`. */
export async function sessionNameFor(publicKey: Uint8Array, label?: string): Promise<string> {
  const hash = nameHash(await sha256(publicKey));
  return label === undefined ? hash : `${label}-${hash}`;
}

/** Whether the hash in a session name is that of the public key with this SHA-256. */
export function sessionNameMatches(name: string, keyDigest: Uint8Array): boolean {
  const { main } = splitSessionName(name);
  return isSessionName(name) && main.slice(-HASH_CHARS) === nameHash(keyDigest);
}

function nameHash(keyDigest: Uint8Array): string {
  return base32(keyDigest).slice(0, HASH_CHARS);
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
