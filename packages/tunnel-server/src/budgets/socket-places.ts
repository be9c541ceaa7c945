import { FairShare } from '@wingman/protocol';
import type { Socket } from 'node:net';
import { SERVER_LIMITS } from '../limits.js';
import { clientNetwork } from '../web/client-identity.js';

export interface SocketPlacesOptions {
  readonly maxSockets: number;
  /** Whether one network may take at most as many places as are left; not behind a proxy, which is one network. */
  readonly isFair: boolean;
  /** A connection has got no place. */
  readonly exceeded: () => void;
}

/** A number of places for connections. */
class Places {
  readonly #share: FairShare<string>;

  constructor(
    count: number,
    private readonly isFair: boolean,
  ) {
    this.#share = new FairShare(count);
  }

  /** Takes a place until the connection closes; false when there is none for its network. */
  take(network: string, socket: Socket): boolean {
    if (this.isFair ? !this.#share.allows(network, 1) : this.#share.free < 1) return false;
    this.#share.take(network, 1);
    socket.once('close', () => this.#share.give(network, 1));
    return true;
  }
}

/**
 * The places for TCP connections of the server. What is there stays. Whoever comes too late is surplus: it has one of a
 * few places in which it is told so, or is dropped.
 */
export class SocketPlaces {
  readonly #exceeded: () => void;
  readonly #places: Places;
  readonly #surplusPlaces: Places;
  readonly #sockets = new Set<Socket>();
  /** Surplus connections by the peer's address and port. With TLS, the socket of a request is another object than its connection. */
  readonly #surplus = new Set<string>();
  /** Of the connections that have ended. */
  #bytesBefore = 0;

  constructor({ exceeded, isFair, maxSockets }: SocketPlacesOptions) {
    this.#exceeded = exceeded;
    this.#places = new Places(maxSockets, isFair);
    this.#surplusPlaces = new Places(SERVER_LIMITS.surplusSockets, isFair);
  }

  /** Connections now. */
  get size(): number {
    return this.#sockets.size;
  }

  /** What all of them have carried so far, both ways. */
  get bytes(): number {
    return [...this.#sockets].reduce((sum, socket) => sum + bytesOf(socket), this.#bytesBefore);
  }

  /** Gives a connection a place until it closes, if there is one. */
  enter(socket: Socket): void {
    const network = clientNetwork(socket.remoteAddress ?? '');
    if (!this.#places.take(network, socket)) {
      this.#exceeded();
      if (!this.#surplusPlaces.take(network, socket)) return void socket.destroy();
      const peer = peerOf(socket);
      this.#surplus.add(peer);
      socket.once('close', () => this.#surplus.delete(peer));
    }
    this.#sockets.add(socket);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.#bytesBefore += bytesOf(socket);
    });
  }

  /** Whether a connection has come too late: it gets an answer that says so, and nothing else. */
  isSurplus(socket: Socket): boolean {
    return this.#surplus.has(peerOf(socket));
  }
}

function bytesOf({ bytesRead, bytesWritten }: Socket): number {
  return bytesRead + bytesWritten;
}

function peerOf({ remoteAddress = '', remotePort = 0 }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
