import { randomBytes } from 'node:crypto';
import type { Header, RequestHead } from '@wingman/protocol';
import { headerValue } from '@wingman/protocol';
import {
  admitOwnOrigins,
  admitSession,
  admitShim,
  injectShim,
  takesShim,
  type OwnAddress,
} from '@wingman/web-policy';
import { canDecode, codingsOf, decode } from './decode.js';
import type { LocalResponse } from './local-client.js';
import type { Via } from './request-headers.js';
import { without } from './response-headers.js';

/** What is sent on: headers that fit the bytes, and the bytes. */
export interface PublicResponse {
  readonly headers: Header[];
  readonly body: AsyncIterable<Uint8Array>;
}

/** Who will read it. */
export interface Audience {
  readonly via: Via;
  /** The app's address, and the origins a document may have in its browser. */
  readonly own: OwnAddress;
}

const DOCUMENTS = new Set(['document', 'iframe', 'frame']);

/**
 * Prepares a response for its way: its policies let the session in; viewers' links get plain bytes, and
 * documents the shim.
 */
export function prepareBody(
  head: RequestHead,
  response: LocalResponse,
  headers: Header[],
  { via, own }: Audience,
): PublicResponse {
  const isPlain = via === 'viewer' && transformable(response);
  const plain = isPlain ? withoutCoding(response, headers) : { headers, body: response.body };
  const admission = { destination: head.destination, also: [admitOwnOrigins(own)] };
  if (!isPlain || !wantsShim(head, plain.headers)) {
    return { headers: admitSession(plain.headers, admission), body: plain.body };
  }
  const nonce = randomBytes(16).toString('base64');
  const document = admitShim(plain.headers, admission, { nonce, origins: own.origins });
  return { headers: document.headers, body: injectShim(plain.body, document.tag) };
}

/** A part of a representation, or none, is passed on as it is. */
function transformable({ status }: LocalResponse): boolean {
  return status !== 204 && status !== 206 && status !== 304;
}

function withoutCoding(response: LocalResponse, headers: Header[]): PublicResponse {
  const codings = codingsOf(headerValue(headers, 'content-encoding'));
  if (codings.length === 0 || !canDecode(codings)) return { headers, body: response.body };
  return {
    headers: without(headers, 'content-encoding', 'content-length'),
    body: decode(response.body, codings),
  };
}

function wantsShim(head: RequestHead, headers: Header[]): boolean {
  if (head.method === 'HEAD' || !DOCUMENTS.has(head.destination)) return false;
  if (headerValue(headers, 'content-encoding') !== undefined) return false;
  // It becomes a file, which is to be what the app has sent.
  if (/^\s*attachment/i.test(headerValue(headers, 'content-disposition') ?? '')) return false;
  return takesShim(headerValue(headers, 'content-type'));
}
