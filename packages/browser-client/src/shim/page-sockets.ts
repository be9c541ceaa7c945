import type { SocketRequest } from '../shared/exchange-messages.js';
import { localPort, sharesCookies } from '../shared/loopback.js';
import { acceptLanguage } from '../shared/request-fields.js';
import { TUNNEL_LOST_CHANNEL, type ShellApi } from '../shared/shell-api.js';
import { replaceWebSocket, type SocketRoute } from './replace-web-socket.js';
import type { TunnelSocket } from './tunnel-socket.js';

/** Sends the WebSockets of a window through the shell's tunnel. Returns what closes all of them. */
export function tunnelPageSockets(page: Window & typeof globalThis, shell: ShellApi): () => void {
  const sockets = new Set<TunnelSocket>();
  replaceWebSocket({
    realm: page,
    baseUrl: () => page.document.baseURI,
    route: (url) => routeFrom(location, url),
    headers: () => browserHeaders(location.origin, navigator),
    open: (request) => {
      const { port1, port2 } = new MessageChannel();
      shell.openWebSocket(request, port2);
      return port1;
    },
    complain: (text) => page.console.error(text),
    created: (socket, target) => {
      sockets.add(socket);
      target.addEventListener('close', () => sockets.delete(socket));
    },
  });
  new BroadcastChannel(TUNNEL_LOST_CHANNEL).onmessage = ({ data }) => {
    if (data === shell.tab) for (const socket of sockets) socket.lost();
  };
  const leave = (): void => {
    for (const socket of sockets) socket.leave();
  };
  page.addEventListener('pagehide', leave);
  return leave;
}

/** Where a URL leads: to the app, to a port of the developer's machine, or (undefined) to another site. */
export function routeFrom(
  page: Pick<URL, 'protocol' | 'host' | 'hostname' | 'port'>,
  url: URL,
): SocketRoute | undefined {
  if (url.host === page.host) return { hasCredentials: true };
  const port = localPort(url, page);
  return port === undefined ? undefined : { port, hasCredentials: sharesCookies(url, page) };
}

/** What the browser adds to a WebSocket's opening request. */
export function browserHeaders(
  origin: string,
  browser: Pick<Navigator, 'userAgent' | 'languages'>,
): SocketRequest['headers'] {
  return [
    ['origin', origin],
    ['user-agent', browser.userAgent],
    ['accept-language', acceptLanguage(browser.languages) ?? 'en'],
  ];
}
