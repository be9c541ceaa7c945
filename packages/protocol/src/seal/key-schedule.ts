import { concatBytes } from '../wire/bytes.js';
import { deriveSecret, type LinkKey } from './link-key.js';

/** The keys of one carrier, all from one handshake. */
export interface CarrierKeys {
  initiatorProof: CryptoKey;
  responderProof: CryptoKey;
  toResponder: CryptoKey;
  toInitiator: CryptoKey;
}

const CURVE = { name: 'ECDH', namedCurve: 'P-256' } as const;

/** An ephemeral P-256 key pair. */
export async function createKeyPair(): Promise<{ pair: CryptoKeyPair; publicKey: Uint8Array }> {
  const pair = await crypto.subtle.generateKey(CURVE, false, ['deriveBits']);
  return { pair, publicKey: new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey)) };
}

/** The shared secret of an ephemeral key pair and the peer's public key. Throws when the public key is no point on the curve. */
export async function sharedSecret(own: CryptoKeyPair, peer: Uint8Array): Promise<Uint8Array> {
  const publicKey = await crypto.subtle.importKey('raw', copy(peer), CURVE, false, []);
  const parameters = { name: 'ECDH', public: publicKey };
  return new Uint8Array(await crypto.subtle.deriveBits(parameters, own.privateKey, 256));
}

/**
 * HKDF-SHA-256 (RFC 5869) over the ephemeral secret and a secret of the link key, with the hash of the transcript as
 * salt of both. A side that lacks one of the secrets, or saw another handshake, gets other keys. The ephemeral secret
 * keeps recorded traffic safe when the session URL leaks later. The link key is only ever derived from, so that it
 * need not be readable.
 */
export async function deriveCarrierKeys(
  linkKey: LinkKey,
  secret: Uint8Array,
  transcript: Uint8Array,
): Promise<CarrierKeys> {
  const salt = await sha256(transcript);
  const material = concatBytes([secret, await deriveSecret(linkKey, 'handshake', salt)]);
  const base = await crypto.subtle.importKey('raw', material, 'HKDF', false, ['deriveKey']);
  const derive = (label: string, algorithm: HmacKeyGenParams | AesKeyGenParams, use: KeyUsage[]) =>
    crypto.subtle.deriveKey(
      {
        name: 'HKDF',
        hash: 'SHA-256',
        salt,
        info: new TextEncoder().encode(`wingman v1 ${label}`),
      },
      base,
      algorithm,
      false,
      use,
    );
  const hmac = { name: 'HMAC', hash: 'SHA-256', length: 256 };
  const aes = { name: 'AES-GCM', length: 256 };
  const [initiatorProof, responderProof, toResponder, toInitiator] = await Promise.all([
    derive('initiator proof', hmac, ['sign', 'verify']),
    derive('responder proof', hmac, ['sign', 'verify']),
    derive('to responder', aes, ['encrypt', 'decrypt']),
    derive('to initiator', aes, ['encrypt', 'decrypt']),
  ]);
  return { initiatorProof, responderProof, toResponder, toInitiator };
}

/** HMAC-SHA-256 over the transcript. */
export async function prove(key: CryptoKey, transcript: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.sign('HMAC', key, copy(transcript)));
}

/** Whether a proof is right. The comparison takes constant time. */
export function proves(
  key: CryptoKey,
  proof: Uint8Array,
  transcript: Uint8Array,
): Promise<boolean> {
  return crypto.subtle.verify('HMAC', key, copy(proof), copy(transcript));
}

export async function sha256(bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', copy(bytes)));
}

/** A copy in memory that is not shared, as WebCrypto's types demand. */
function copy(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}
