import type { Offer } from '../gen/wingman/v1/signaling.js';
import { concatBytes, toBase64Url, toHex } from '../wire/bytes.js';

/** What a pass opens at the tunnel server. */
export type Door = 'signal' | 'relay';

/** What is proved of an offer; the SDP stands for the peer connection that the host is asked to make. */
export type OfferClaim = Pick<Offer, 'linkId' | 'attempt' | 'sdp'>;

/**
 * The key that passes are made with: 32 bytes, HKDF-SHA-256 (RFC 5869) of the link key. The host
 * gives this key to the tunnel server, which can then turn away whoever lacks the link key.
 */
export function deriveGateKey(linkKey: Uint8Array): Promise<Uint8Array> {
  return derive(linkKey, 'gate');
}

/** The key that requests and offers are proved with: 32 bytes. Only viewers and the host have it. */
export function deriveAdmissionKey(linkKey: Uint8Array): Promise<Uint8Array> {
  return derive(linkKey, 'admission');
}

/** The pass of a viewer for one door: base64url, as it stands in the URL's `pass`. */
export async function createPass(gateKey: Uint8Array, door: Door, id: string): Promise<string> {
  return toBase64Url(await authenticate(gateKey, passPayload(door, id)));
}

/** What a pass is the HMAC-SHA-256 of; `id` is the link's at the relay, any link id at signaling. */
export function passPayload(door: Door, id: string): Uint8Array<ArrayBuffer> {
  return join('wingman-pass-v1', door, id);
}

/** What the proof of a connection request is the HMAC-SHA-256 of. */
export function requestPayload(linkId: string): Uint8Array<ArrayBuffer> {
  return join('wingman-request-v1', linkId);
}

/** What the proof of an offer is the HMAC-SHA-256 of; `nonce` is the one of the host's last accept. */
export function offerPayload(claim: OfferClaim, nonce: Uint8Array): Uint8Array<ArrayBuffer> {
  const { linkId, attempt, sdp } = claim;
  return join('wingman-offer-v1', linkId, String(attempt), toHex(nonce), sdp);
}

/** The key that plain HTTP is let in with: 32 bytes. The host has it, and whoever has the link key. */
export function deriveIngressKey(linkKey: Uint8Array): Promise<Uint8Array> {
  return derive(linkKey, 'ingress');
}

/** What a plain HTTP client shows as its bearer token: base64url. */
export async function createIngressToken(linkKey: Uint8Array, session: string): Promise<string> {
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

async function derive(linkKey: Uint8Array, label: string): Promise<Uint8Array> {
  const base = await crypto.subtle.importKey('raw', new Uint8Array(linkKey), 'HKDF', false, [
    'deriveBits',
  ]);
  const info = new TextEncoder().encode(`wingman v1 ${label}`);
  const parameters = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info };
  return new Uint8Array(await crypto.subtle.deriveBits(parameters, base, 256));
}

/** No part but the last can hold a zero byte, so that no two claims have the same bytes. */
function join(...parts: string[]): Uint8Array<ArrayBuffer> {
  return concatBytes([new TextEncoder().encode(parts.join('\0'))]);
}
