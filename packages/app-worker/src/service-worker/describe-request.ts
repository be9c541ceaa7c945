import type { RequestInfoParts } from '../messages.js';

/** What the app's worker is told of a request; the app's document is the top page, as its author sees it. */
export function describeRequest(request: Request, requestIdHeader: string): RequestInfoParts {
  const { url, method, mode, credentials, cache, redirect, integrity, keepalive } = request;
  const { referrer, referrerPolicy } = request;
  return {
    ...{ url, method, mode, credentials, cache, redirect, integrity },
    ...{ referrer, referrerPolicy, keepalive },
    headers: [...request.headers].filter(([name]) => name !== requestIdHeader),
    destination: mode === 'navigate' ? 'document' : request.destination,
  };
}
