import type { Server as HttpServer } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { SecondDoor as Wish } from './config.js';
import { SERVER_LIMITS } from './limits.js';

/**
 * Another address of a server that speaks plain HTTP, with TLS or without. Connections are handed to that server, as
 * Node's documentation of its `connection` event allows, so they have the same places, deadlines and pages.
 */
export class SecondDoor {
  readonly #listener: Server;
  /** Those too that are not through with the TLS handshake, which the HTTP server doesn't know yet. */
  readonly #sockets = new Set<Socket>();
  #closed: Promise<void> | undefined;

  private constructor(listener: Server) {
    this.#listener = listener;
    listener.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  /** Listens on that address; rejects with the system's error when the port is taken there. */
  static async open(
    http: HttpServer,
    { host, tls }: Wish,
    { port, maxSockets }: { readonly port: number; readonly maxSockets: number },
  ): Promise<SecondDoor> {
    const admit = (socket: Socket): void => void http.emit('connection', socket);
    const listener =
      tls === undefined
        ? createServer({ noDelay: true }, admit)
        : createTlsServer(
            { ...tls, noDelay: true, handshakeTimeout: SERVER_LIMITS.tlsHandshakeMs },
            admit,
          );
    listener.maxConnections = maxSockets;
    await new Promise<void>((resolve, reject) => {
      listener.once('error', reject);
      listener.listen({ host, port }, () => {
        listener.off('error', reject);
        resolve();
      });
    });
    return new SecondDoor(listener);
  }

  /** Takes nobody in any more; who is there stays. Resolves when the last connection has ended. */
  stopListening(): Promise<void> {
    this.#closed ??= new Promise((resolve) => this.#listener.close(() => resolve()));
    return this.#closed;
  }

  /** Cuts the connections that are left. */
  close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    return this.stopListening();
  }
}
