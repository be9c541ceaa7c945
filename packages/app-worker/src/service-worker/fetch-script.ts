import { isRedirect } from '@wingman/protocol';
import { APP_WORKER_LIMITS } from '../limits.js';
import type { FetchScript } from './app-scripts.js';
import type { OwnRequest } from './viewer.js';

const MAX_REDIRECTS = 20;

/** Gets scripts through a tab's tunnel, as the browser would for a service worker. */
export function scriptFetcher(request: OwnRequest): FetchScript {
  return async (url, tab, destination) => {
    const headers = { 'service-worker': 'script', 'cache-control': 'no-cache' };
    const get = (at: string): Promise<Response> => {
      const signal = AbortSignal.timeout(APP_WORKER_LIMITS.startMs);
      return request(tab, at, { destination, headers, signal });
    };
    let [response, at] = [await get(url), url];
    // The script of a registration may not be behind a redirect.
    for (let count = 0; destination === 'script' && count < MAX_REDIRECTS; count += 1) {
      const location = response.headers.get('location');
      if (!isRedirect(response.status, location) || location === null) break;
      at = new URL(location, at).href;
      response = await get(at);
    }
    return response;
  };
}
