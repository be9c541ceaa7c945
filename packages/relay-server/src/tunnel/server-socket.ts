import { allAddresses } from '@wingman/node-kit';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { WebSocket, type ClientOptions } from 'ws';

/** The URL of the proxy by which a server is reached; undefined where there is none. */
export type ProxyFor = (server: URL) => string | undefined;

/** Opens a WebSocket to the tunnel server, by a proxy where there is one (CONNECT, RFC 9110 section 9.3.6). */
export function openServerSocket(
  url: URL,
  proxy: string | undefined,
  options: ClientOptions,
): WebSocket {
  if (proxy === undefined) return new WebSocket(url, { ...options, lookup: allAddresses });
  const over = new AbortController();
  const agent = new HttpsProxyAgent(proxy, { signal: over.signal });
  const socket = new WebSocket(url, { ...options, agent });
  // The agent itself would wait for ever for a proxy that doesn't answer.
  socket.once('close', () => over.abort());
  return socket;
}

/** What an answer means that is no WebSocket. Only a proxy answers with 407 (RFC 9110 section 15.5.8). */
export function statusWords(status: number): string {
  if (status !== 407) return `the server answered with status ${status}`;
  return 'the proxy wants a name and a password: HTTPS_PROXY=http://name:password@proxy.example.org:3128';
}
