import { randomBytes } from 'node:crypto';
import type { Header, RequestHead } from '@wingman/protocol';
import { headerValue } from '@wingman/protocol';
import { admitShim, isPolicy } from './content-security-policy.js';
import { canDecode, codingsOf, decode } from './decode.js';
import { injectShim, SHIM_PATH, shimTag } from './html-injector.js';
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
  /** The origins a document may have in its browser. */
  readonly origins: readonly string[];
}

const DOCUMENTS = new Set(['document', 'iframe', 'frame']);

/** Prepares a response for its way: viewers' links get plain bytes, and documents the shim. */
export function prepareBody(
  head: RequestHead,
  response: LocalResponse,
  headers: Header[],
  { via, origins }: Audience,
): PublicResponse {
  if (via === 'ingress' || !transformable(response)) return { headers, body: response.body };
  const plain = withoutCoding(response, headers);
  if (!wantsShim(head, response, plain.headers)) return plain;
  return withShim(without(plain.headers, 'content-length'), plain.body, origins);
}

function withShim(
  headers: Header[],
  body: AsyncIterable<Uint8Array>,
  origins: readonly string[],
): PublicResponse {
  const isIsolated = asksForIsolation(headers);
  if (!headers.some(isPolicy)) {
    return { headers, body: injectShim(body, shimTag(undefined, isIsolated)) };
  }
  const nonce = randomBytes(16).toString('base64');
  const urls = origins.map((origin) => origin + SHIM_PATH);
  return {
    headers: admitShim(headers, { nonce, urls }),
    body: injectShim(body, shimTag(nonce, isIsolated)),
  };
}

/** Whether a top-level page with these headers is cross-origin isolated (HTML sections 7.1.3 and 7.1.4). */
function asksForIsolation(headers: Header[]): boolean {
  const token = (name: string): string => headerValue(headers, name)?.split(';')[0]?.trim() ?? '';
  const embedder = token('cross-origin-embedder-policy');
  return (
    token('cross-origin-opener-policy') === 'same-origin' &&
    (embedder === 'require-corp' || embedder === 'credentialless')
  );
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

function wantsShim(head: RequestHead, response: LocalResponse, headers: Header[]): boolean {
  if (head.method === 'HEAD' || !DOCUMENTS.has(head.destination)) return false;
  if (headerValue(headers, 'content-encoding') !== undefined) return false;
  // It becomes a file, which is to be what the app has sent.
  if (/^\s*attachment/i.test(headerValue(headers, 'content-disposition') ?? '')) return false;
  const type = headerValue(headers, 'content-type') ?? '';
  return /^\s*text\/html\s*(;|$)/i.test(type) && !/charset\s*=\s*"?utf-?16/i.test(type);
}
