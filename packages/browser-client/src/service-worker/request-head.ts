import type { FetchHead, HeaderPair } from '../shared/exchange-messages.js';
import { ACCEPT_ENCODING, acceptLanguage, REQUEST_ID } from '../shared/request-fields.js';

/** Values of header fields that the browser adds after the service worker. We have to add them ourselves. */
export interface Surroundings {
  origin: string;
  userAgent: string;
  languages: readonly string[];
}

/** The parts of a Request a head is made from. */
export type HeadSource = Pick<
  Request,
  | 'method'
  | 'url'
  | 'headers'
  | 'destination'
  | 'mode'
  | 'credentials'
  | 'referrer'
  | 'referrerPolicy'
  | 'cache'
>;

const UNCACHED: readonly HeaderPair[] = [
  ['pragma', 'no-cache'],
  ['cache-control', 'no-cache'],
];

/** What the mode of the cache adds to a request (Fetch section 4.6, "HTTP-network-or-cache fetch"). */
const CACHE_FIELDS: Partial<Record<RequestCache, readonly HeaderPair[]>> = {
  'no-store': UNCACHED,
  reload: UNCACHED,
  'no-cache': [['cache-control', 'max-age=0']],
};

/** The head of a request as it would have left the browser without a service worker. */
export function requestHead(
  request: HeadSource,
  surroundings: Surroundings,
  body: { present: boolean; length: number | null },
): FetchHead {
  const url = new URL(request.url);
  const headers: HeaderPair[] = [...request.headers].filter(([name]) => name !== REQUEST_ID);
  const add = (name: string, value: string | null): void => {
    if (value !== null && !request.headers.has(name)) headers.push([name, value]);
  };
  add('accept', '*/*');
  add('accept-encoding', ACCEPT_ENCODING);
  add('accept-language', acceptLanguage(surroundings.languages));
  add('user-agent', surroundings.userAgent);
  add('referer', refererOf(request));
  add('origin', originOf(request, surroundings.origin));
  add('content-length', contentLength(request, body));
  for (const [name, value] of CACHE_FIELDS[request.cache] ?? []) add(name, value);
  return {
    method: request.method,
    target: url.pathname + url.search,
    headers,
    destination: request.destination === '' ? 'empty' : request.destination,
    mode: request.mode,
    hasBody: body.present,
    hasCredentials: request.credentials !== 'omit',
  };
}

/** The referrer has been cut down to the policy before a service worker sees it (Fetch, main fetch). */
function refererOf(request: HeadSource): string | null {
  return request.referrer.startsWith('http') ? request.referrer : null;
}

/** Fetch section 3.2, for requests to this origin: GET and HEAD carry none. */
function originOf(request: HeadSource, origin: string): string | null {
  if (request.method === 'GET' || request.method === 'HEAD') return null;
  if (request.mode === 'navigate')
    return refererOf(request) === null ? 'null' : new URL(request.referrer).origin;
  const isHidden = request.mode !== 'cors' && request.referrerPolicy === 'no-referrer';
  return isHidden ? 'null' : origin;
}

function contentLength(
  request: HeadSource,
  body: { present: boolean; length: number | null },
): string | null {
  if (body.present) return body.length === null ? null : String(body.length);
  return ['POST', 'PUT', 'PATCH'].includes(request.method) ? '0' : null;
}
