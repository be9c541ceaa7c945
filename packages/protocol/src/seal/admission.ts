import type { Offer } from '../gen/wingman/v1/signaling.js';
import { concatBytes, toBase64Url, toHex } from '../wire/bytes.js';
import { deriveSecret, type LinkKey } from './link-key.js';

/** The places of the tunnel server that a pass opens. */
export type Door = 'signal' | 'relay';

/** The parts of an offer that its proof covers. The SDP describes the peer connection that the host is asked to make. */
export type OfferClaim = Pick<Offer, 'linkId' | 'attempt' | 'sdp'>;

/**
 * The key of all passes: 32 bytes, HKDF-SHA-256 (RFC 5869) of the link key. The host gives this key to the tunnel
 * server, which can then turn away everybody who lacks the link key.
 */
export function deriveGateKey(linkKey: LinkKey): Promise<Uint8Array> {
  return deriveSecret(linkKey, 'gate');
}

/** The key of the proofs in requests and offers: 32 bytes. Only viewers and the host have this key. */
export function deriveAdmissionKey(linkKey: LinkKey): Promise<Uint8Array> {
  return deriveSecret(linkKey, 'admission');
}

/** The pass of a viewer for one door, in base64url, for the URL's parameter `pass`. */
export async function createPass(gateKey: Uint8Array, door: Door, id: string): Promise<string> {
  return toBase64Url(await authenticate(gateKey, passPayload(door, id)));
}

/** The bytes whose HMAC-SHA-256 is a pass. At the relay `id` is the link's id, at signaling any link id. */
export function passPayload(door: Door, id: string): Uint8Array<ArrayBuffer> {
  return join('wingman-pass-v1', door, id);
}

/** The bytes whose HMAC-SHA-256 proves a connection request. */
export function requestPayload(linkId: string): Uint8Array<ArrayBuffer> {
  return join('wingman-request-v1', linkId);
}

/** The bytes whose HMAC-SHA-256 proves an offer. `nonce` comes from the host's last accept. */
export function offerPayload(claim: OfferClaim, nonce: Uint8Array): Uint8Array<ArrayBuffer> {
  const { linkId, attempt, sdp } = claim;
  return join('wingman-offer-v1', linkId, String(attempt), toHex(nonce), sdp);
}

/** The key that plain HTTP is let in with: 32 bytes. The host has it, and whoever has the link key. */
export function deriveIngressKey(linkKey: LinkKey): Promise<Uint8Array> {
  return deriveSecret(linkKey, 'ingress');
}

/** What a plain HTTP client shows as its bearer token: base64url. */
export async function createIngressToken(linkKey: LinkKey, session: string): Promise<string> {
  const key = await deriveIngressKey(linkKey);
  return toBase64Url(await authenticate(key, ingressTokenPayload(session)));
}

/** What the bearer token is the HMAC-SHA-256 of. */
export function ingressTokenPayload(session: string): Uint8Array<ArrayBuffer> {
  return join('wingman-ingress-token-v1', session);
}

/** What a browser's cookie for plain HTTP is the HMAC-SHA-256 of; `terms` say how long it is good. */
export function ingressCookiePayload(session: string, terms: string): Uint8Array<ArrayBuffer> {
  return join('wingman-ingress-cookie-v1', session, terms);
}

/** What a signed URL is the HMAC-SHA-256 of; `terms` say for whom, how long and for which paths it is good. */
export function signedUrlPayload(session: string, terms: string): Uint8Array<ArrayBuffer> {
  return join('wingman-ingress-url-v1', session, terms);
}

/** HMAC-SHA-256 (RFC 2104) of a payload: 32 bytes. */
export async function authenticate(
  key: Uint8Array,
  payload: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const hmac = await crypto.subtle.importKey('raw', new Uint8Array(key), algorithm, false, [
    'sign',
  ]);
  return new Uint8Array(await crypto.subtle.sign('HMAC', hmac, payload));
}

/** Only the last part may contain a zero byte, so two different claims never have the same bytes. */
function join(...parts: string[]): Uint8Array<ArrayBuffer> {
  return concatBytes([new TextEncoder().encode(parts.join('\0'))]);
}
