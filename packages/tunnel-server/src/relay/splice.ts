import { bytesOf, relayedCode } from '@wingman/node-kit';
import { ABNORMAL_CLOSURE, CloseCode } from '@wingman/protocol';
import type { WebSocket } from 'ws';
import { SERVER_LIMITS } from '../limits.js';
import type { RelayDirection } from '../metrics.js';

/** The two ends to join, and what the host has said already. */
export interface SpliceEnds {
  viewer: WebSocket;
  host: WebSocket;
  hostEarly: readonly Uint8Array[];
}

export interface SpliceHandlers {
  bytes(direction: RelayDirection, count: number): void;
  /** Once, when the first end has closed. */
  closed(): void;
}

/**
 * Two WebSockets joined: what comes from one goes to the other, unread. An end that takes slowly
 * pauses the other one's socket, so nothing piles up here; an end that closes closes the other.
 */
export class Splice {
  readonly #ends: SpliceEnds;
  readonly #handlers: SpliceHandlers;
  #closed = false;

  constructor(ends: SpliceEnds, handlers: SpliceHandlers) {
    this.#ends = ends;
    this.#handlers = handlers;
    const { viewer, host } = ends;
    this.#pump(viewer, host, 'to_host', []);
    this.#pump(host, viewer, 'to_viewer', ends.hostEarly);
    this.#follow(viewer, host);
    this.#follow(host, viewer);
    viewer.resume();
  }

  /** Closes both ends with the code. */
  close(code: number, reason: string): void {
    this.#end(this.#ends.viewer, code, reason);
    this.#end(this.#ends.host, code, reason);
  }

  #pump(
    from: WebSocket,
    to: WebSocket,
    direction: RelayDirection,
    early: readonly Uint8Array[],
  ): void {
    const sent = (): void => {
      if (from.isPaused && to.bufferedAmount <= SERVER_LIMITS.spliceLowWaterBytes) from.resume();
    };
    const forward = (message: Uint8Array): void => {
      this.#handlers.bytes(direction, message.byteLength);
      to.send(message, { binary: true }, sent);
      if (to.bufferedAmount > SERVER_LIMITS.spliceHighWaterBytes) from.pause();
    };
    for (const message of early) forward(message);
    from.on('message', (data, isBinary) => {
      if (this.#closed) return;
      if (isBinary) forward(bytesOf(data));
      else this.close(CloseCode.PROTOCOL, 'the relay is binary');
    });
  }

  #follow(from: WebSocket, other: WebSocket): void {
    const over = (code: number, reason: Buffer): void => {
      this.#end(other, relayedCode(code), reason.toString());
      if (this.#closed) return;
      this.#closed = true;
      this.#handlers.closed();
    };
    from.on('close', over);
    // An end that was gone before it was spliced has told its `close` already.
    if (from.readyState === from.CLOSED) queueMicrotask(() => over(ABNORMAL_CLOSURE, Buffer.of()));
  }

  #end(socket: WebSocket, code: number, reason: string): void {
    // A paused socket would never read the peer's close frame.
    socket.resume();
    socket.close(code, reason);
  }
}
