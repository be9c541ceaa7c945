import { LIMITS } from '@wingman/protocol';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { WebSocket, WebSocketServer, type ClientOptions } from 'ws';

/** Two ends of one WebSocket over loopback, and the connections below them. */
export interface SocketPair {
  readonly client: WebSocket;
  readonly server: WebSocket;
  readonly clientTransport: Socket;
  readonly serverTransport: Socket;
}

const cleanups: (() => void)[] = [];

/** Ends what `openPair` has opened; for `afterEach`. */
export function closePairs(): void {
  for (const cleanup of cleanups.splice(0)) cleanup();
}

export async function openPair(options: ClientOptions = {}): Promise<SocketPair> {
  const limits = { perMessageDeflate: false, maxPayload: LIMITS.maxMessageBytes };
  const http = createServer();
  const sockets = new WebSocketServer({ server: http, ...limits });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const { port } = http.address() as AddressInfo;
  const connected = once(sockets, 'connection') as Promise<[WebSocket, IncomingMessage]>;
  const client = new WebSocket(`ws://127.0.0.1:${port}`, { ...limits, ...options });
  const upgraded = once(client, 'upgrade') as Promise<[IncomingMessage]>;
  // Waited for at once: no message of the other end may come before its reader.
  const [[server, { socket: serverTransport }], [{ socket: clientTransport }]] = await Promise.all([
    connected,
    upgraded,
    once(client, 'open'),
  ]);
  cleanups.push(() => {
    client.terminate();
    server.terminate();
    http.close();
  });
  return { client, server, clientTransport, serverTransport };
}
