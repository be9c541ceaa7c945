import {
  createCipheriv,
  createDecipheriv,
  createECDH,
  createHash,
  createHmac,
  hkdfSync,
} from 'node:crypto';
import { encodeMessage } from '../../src/exchange/proto-message.js';
import { type InitiatorHello, ResponderHello } from '../../src/gen/wingman/v1/handshake.js';

/** SPEC.md section 4 once more, by Node's own cryptography and in nothing but what the text says. */

export interface SpecKeys {
  initiatorProof: Buffer;
  responderProof: Buffer;
  toResponder: Buffer;
  toInitiator: Buffer;
}

/** An ephemeral key on P-256. */
export function specKeyPair() {
  const pair = createECDH('prime256v1');
  return { pair, publicKey: pair.generateKeys() };
}

/** A serialized ResponderHello. */
export function specResponderHello(publicKey: Uint8Array, version = 1): Uint8Array {
  return encodeMessage(ResponderHello, { version, publicKey, nonce: Buffer.alloc(32, 7) });
}

/** Section 4.1: each part preceded by its length as two bytes. */
export function specTranscript(
  responderHello: Uint8Array,
  hello: InitiatorHello,
  fingerprints: readonly [string, string] = ['', ''],
): Buffer {
  const parts = [
    Buffer.from('wingman handshake v1'),
    responderHello,
    Buffer.of(hello.version, hello.carrier),
    Buffer.from(hello.linkId),
    hello.publicKey,
    hello.nonce,
    ...fingerprints.map((fingerprint) => Buffer.from(fingerprint)),
  ];
  const lengthOf = (part: Uint8Array): Buffer => {
    const length = Buffer.alloc(2);
    length.writeUInt16BE(part.byteLength);
    return length;
  };
  return Buffer.concat(parts.flatMap((part) => [lengthOf(part), part]));
}

/** Section 4.1: HKDF-SHA-256 of the secret and the link secret, with the transcript's hash as salt. */
export function specKeys(
  secret: Uint8Array,
  linkKey: Uint8Array,
  transcript: Uint8Array,
): SpecKeys {
  const salt = createHash('sha256').update(transcript).digest();
  const linkSecret = Buffer.from(hkdfSync('sha256', linkKey, salt, 'wingman v1 handshake', 32));
  const material = Buffer.concat([secret, linkSecret]);
  const derive = (label: string): Buffer =>
    Buffer.from(hkdfSync('sha256', material, salt, `wingman v1 ${label}`, 32));
  return {
    initiatorProof: derive('initiator proof'),
    responderProof: derive('responder proof'),
    toResponder: derive('to responder'),
    toInitiator: derive('to initiator'),
  };
}

/** HMAC-SHA-256 of the transcript. */
export function specProof(key: Uint8Array, transcript: Uint8Array): Buffer {
  return createHmac('sha256', key).update(transcript).digest();
}

export function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}

function nonceOf(number: number): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeBigUInt64BE(BigInt(number), 4);
  return nonce;
}

/** Section 4.2: AES-256-GCM, the tag behind the text. */
export function specSeal(key: Uint8Array, number: number, text: Uint8Array): Buffer {
  const cipher = createCipheriv('aes-256-gcm', key, nonceOf(number));
  return Buffer.concat([cipher.update(text), cipher.final(), cipher.getAuthTag()]);
}

/** The text of a sealed message; throws when it does not open. */
export function specOpen(key: Uint8Array, number: number, sealed: Uint8Array): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, nonceOf(number));
  decipher.setAuthTag(sealed.subarray(-16));
  return Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]);
}
