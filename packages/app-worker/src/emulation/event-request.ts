import type { RequestInfoParts } from '../messages.js';

/** What a request of a fetch event says of itself and no constructor takes. */
interface Dress {
  parts: RequestInfoParts;
  event: number;
}

const dresses = new WeakMap<Request, Dress>();

/** The request of a fetch event: a Request that also says `navigate`, its destination and all its headers. */
export function eventRequest(
  event: number,
  parts: RequestInfoParts,
  body: Blob | null,
  signal: AbortSignal,
): Request {
  const { url, method, credentials, cache, redirect, integrity, keepalive } = parts;
  const request = new Request(url, {
    ...{ method, credentials, cache, redirect, integrity, keepalive, signal, body },
    mode: sendableMode(parts),
    headers: parts.headers,
    referrer: parts.referrer,
    referrerPolicy: parts.referrerPolicy,
  });
  return dress(request, { parts, event });
}

/** Which fetch event's navigation this is; undefined for everything that can be fetched as usual. */
export function navigationOf(input: unknown): number | undefined {
  const found = input instanceof Request ? dresses.get(input) : undefined;
  return found?.parts.mode === 'navigate' ? found.event : undefined;
}

/** Nobody can make a navigation; and a request without CORS can't have a range, unless it stays here. */
function sendableMode({ mode, headers, url }: RequestInfoParts): RequestMode {
  if (mode === 'navigate') return 'same-origin';
  const hasRange = headers.some(([name]) => name === 'range');
  const isOwn = new URL(url).origin === location.origin;
  return mode === 'no-cors' && hasRange && isOwn ? 'same-origin' : mode;
}

function dress(request: Request, clothes: Dress): Request {
  const { mode, destination, headers } = clothes.parts;
  dresses.set(request, clothes);
  return Object.defineProperties(request, {
    mode: { value: mode },
    destination: { value: destination },
    headers: { value: new Headers(headers) },
    clone: { value: () => dress(Request.prototype.clone.call(request), clothes) },
  });
}
