import { browserHeaders, routeFrom } from './page-sockets.js';
import { ChannelPort } from './channel-port.js';
import { replaceWebSocket } from './replace-web-socket.js';

/** The part of a worker's global scope that is used. */
type WorkerScope = typeof globalThis & { origin: string; location: Pick<Location, 'href'> };

/** Has the WebSockets of a worker go through the tunnel of the tab it belongs to. */
export function tunnelWorkerSockets(scope: WorkerScope, tab: string | null): void {
  const { locks } = navigator as { locks?: LockManager };
  // Without locks nobody would notice the end of this worker: its sockets stay the browser's own.
  if (locks === undefined || scope.origin === 'null') return;
  const { host } = new URL(scope.origin);
  replaceWebSocket({
    realm: scope,
    baseUrl: () => scope.location.href,
    route: (url) => routeFrom(host, url),
    headers: () => browserHeaders(scope.origin, navigator),
    open: (request) => new ChannelPort(request, tab, locks),
    complain: (text) => console.error(text),
    created: () => undefined,
  });
}
