import { WingmanError } from '@wingman/protocol';
import { BROWSER_LIMITS } from '../../shared/limits.js';
import type { buildReply } from '../reply.js';
import type { HeadSource, requestHead, Surroundings } from '../request-head.js';
import type { Exchanges } from '../exchanges.js';
import type { ShellDirectory } from '../shell-directory.js';
import type { startExchange } from '../start-exchange.js';
import type { FetchScript } from './app-scripts.js';
import { isRedirect } from '../leave-frame.js';

const MAX_REDIRECTS = 20;

/** How the service worker itself sends requests into a tunnel. */
export interface Exchanging {
  requestHead: typeof requestHead;
  startExchange: typeof startExchange;
  buildReply: typeof buildReply;
}

/** Gets scripts through a tab's tunnel, as the browser would for a service worker. */
export function scriptFetcher(
  directory: ShellDirectory,
  surroundings: Surroundings,
  exchanges: Pick<Exchanges, 'add'>,
  { requestHead, startExchange, buildReply }: Exchanging,
): FetchScript {
  const get = async (url: string, tab: string, destination: string): Promise<Response> => {
    const way = (await directory.ofTab(tab))?.port ?? null;
    if (way === null) throw new WingmanError('LINK_LOST', 'no tab can fetch the script');
    const head = requestHead(sourceOf(url), surroundings, { present: false, length: null });
    const signal = AbortSignal.timeout(BROWSER_LIMITS.appWorkerStartMs);
    const exchange = startExchange(way, { ...head, destination }, undefined, signal);
    exchanges.add(tab, exchange);
    const reply = await exchange.reply();
    return buildReply(reply.head, { method: 'GET', url, isFrameNavigation: false }, reply.body);
  };
  return async (url, tab, destination) => {
    let [response, at] = [await get(url, tab, destination), url];
    // The script of a registration may not be behind a redirect.
    for (let count = 0; destination === 'script' && count < MAX_REDIRECTS; count += 1) {
      const location = response.headers.get('location');
      if (!isRedirect(response.status, location) || location === null) break;
      at = new URL(location, at).href;
      response = await get(at, tab, destination);
    }
    return response;
  };
}

function sourceOf(url: string): HeadSource {
  return {
    ...{ method: 'GET', url, mode: 'same-origin', credentials: 'same-origin' },
    ...{ referrer: '', referrerPolicy: '', destination: 'script' },
    headers: new Headers({ 'service-worker': 'script', 'cache-control': 'no-cache' }),
  };
}
