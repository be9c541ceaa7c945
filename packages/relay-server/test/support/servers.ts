import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, Server as NetServer, Socket } from 'node:net';

export { freePort } from '../../../node-kit/test/support/free-port.js';

/** An HTTP server of a test, with its open sockets. */
export interface TestServer {
  readonly port: number;
  readonly server: Server;
  readonly sockets: ReadonlySet<Socket>;
  close(): Promise<void>;
}

export async function listen(handler: RequestListener, host = '127.0.0.1'): Promise<TestServer> {
  const server = createServer(handler);
  const sockets = trackSockets(server);
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return {
    port: (server.address() as AddressInfo).port,
    server,
    sockets,
    close: () => {
      server.closeAllConnections();
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

export function trackSockets(server: NetServer): Set<Socket> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return sockets;
}

/**
 * How many servers of this process listen. Of a port that was the usual one nothing can be said once it is free:
 * a server of another test may have it at once.
 */
export function listeners(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'TCPServerWrap').length;
}
