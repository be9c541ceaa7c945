import type { RequestInfoParts } from '../../shared/app-worker-messages.js';
import { REQUEST_ID } from '../../shared/given-up.js';
import { isFrameNavigation } from '../routing.js';

/** What the app's worker is told of a request; the app's document is the top page, as its author sees it. */
export function describeRequest(request: Request): RequestInfoParts {
  const { url, method, mode, credentials, cache, redirect, integrity, keepalive } = request;
  const { referrer, referrerPolicy } = request;
  return {
    ...{ url, method, mode, credentials, cache, redirect, integrity },
    ...{ referrer, referrerPolicy, keepalive },
    headers: [...request.headers].filter(([name]) => name !== REQUEST_ID),
    destination: isFrameNavigation(request) ? 'document' : request.destination,
  };
}
