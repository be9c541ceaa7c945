import type { OwnRequest } from '@wingman/app-worker/service-worker';
import { WingmanError } from '@wingman/protocol';
import type { Exchanges } from './exchanges.js';
import { buildReply } from './reply.js';
import { requestHead, type Surroundings } from './request-head.js';
import type { ShellDirectory } from './shell-directory.js';
import { startExchange } from './tunnel-fetch.js';

/** Sends GETs of the service worker's own through a tab's tunnel; fails with LINK_LOST when it has none. */
export function ownRequests(
  directory: ShellDirectory,
  surroundings: Surroundings,
  exchanges: Exchanges,
): OwnRequest {
  return async (tab, url, { destination, headers, signal }) => {
    const way = (await directory.ofTab(tab))?.port ?? null;
    if (way === null) throw new WingmanError('LINK_LOST', 'the tab has no tunnel');
    const source = new Request(url, { headers, mode: 'same-origin' });
    const head = requestHead(source, surroundings, { present: false, length: null });
    const exchange = startExchange(way, { ...head, destination }, undefined, signal);
    exchanges.add(tab, exchange);
    const reply = await exchange.reply();
    return buildReply(reply.head, { method: 'GET', url, isFrameNavigation: false }, reply.body);
  };
}
