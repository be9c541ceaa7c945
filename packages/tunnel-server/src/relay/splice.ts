import { bytesOf, relayedCode } from '@wingman/node-kit';
import { ABNORMAL_CLOSURE, CloseCode } from '@wingman/protocol';
import type { WebSocket } from 'ws';
import { SERVER_LIMITS } from '../limits.js';
import type { Metrics, RelayDirection } from '../metrics.js';
import type { Ending, SessionPart } from '../sessions/session.js';

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

  /** What waits for either end, in bytes. */
  get queuedBytes(): number {
    return this.#ends.viewer.bufferedAmount + this.#ends.host.bufferedAmount;
  }

  /** Closes both ends with the code. */
  close(code: number, reason: string): void {
    this.#end(this.#ends.viewer, code, reason);
    this.#end(this.#ends.host, code, reason);
  }

  /** Ends both ends at once: what is queued is dropped, and nobody is waited for. */
  terminate(): void {
    this.#ends.viewer.terminate();
    this.#ends.host.terminate();
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
    // An end that closed before the splice has already emitted its `close`.
    if (from.readyState === from.CLOSED) queueMicrotask(() => over(ABNORMAL_CLOSURE, Buffer.of()));
  }

  #end(socket: WebSocket, code: number, reason: string): void {
    // A paused socket would never read the peer's close frame.
    socket.resume();
    socket.close(code, reason);
  }
}

/** A viewer's first flight, while its answer streams. */
export interface Flight {
  close(code: number, reason: string): void;
}

/** The splices of one session; they outlive the host's signaling connection. A link has one, and two while it moves from one to the next. */
export class SpliceRoster implements SessionPart {
  readonly #metrics: Metrics;
  readonly #maxSplices: number;
  readonly #opened: () => void;
  /** The newest of each link. */
  readonly #byLink = new Map<string, Splice>();
  /** The one before the newest, until the link has moved: the newest is yet to show that it carries. */
  readonly #leaving = new Map<string, Splice>();
  readonly #flights = new Set<Flight>();
  #reserved = 0;

  /** `opened` is told of each splice. */
  constructor(metrics: Metrics, maxViewers: number, opened: () => void = () => undefined) {
    this.#metrics = metrics;
    this.#opened = opened;
    this.#maxSplices = maxViewers + SERVER_LIMITS.viewerSocketSlack;
  }

  /**
   * Holds a place while the host is asked for a connection; what it returns gives the place back. Undefined
   * when none is left. A link that has a splice gets one always: it leaves the older for the newer.
   */
  reserve(linkId?: string): (() => void) | undefined {
    const isReplacing = linkId !== undefined && this.#byLink.has(linkId);
    const held = this.size + this.#flights.size + this.#reserved;
    if (!isReplacing && held >= this.#maxSplices) return undefined;
    this.#reserved += 1;
    return () => {
      this.#reserved -= 1;
    };
  }

  /** Joins the two ends. The link closes its older splice once this one carries; one that is older still is closed here. */
  join(linkId: string, ends: SpliceEnds): void {
    const splice: Splice = new Splice(ends, {
      bytes: (direction, count) => this.#metrics.relayBytes.inc({ direction }, count),
      closed: () => {
        for (const splices of [this.#byLink, this.#leaving])
          if (splices.get(linkId) === splice) splices.delete(linkId);
      },
    });
    const oldest = this.#leaving.get(linkId);
    const older = this.#byLink.get(linkId);
    if (older !== undefined) this.#leaving.set(linkId, older);
    this.#byLink.set(linkId, splice);
    this.#opened();
    oldest?.close(CloseCode.REPLACED, 'the link has newer relay connections');
  }

  /** Splices now. */
  get size(): number {
    return this.#byLink.size + this.#leaving.size;
  }

  /** What waits for the ends of all splices, in bytes. */
  get queuedBytes(): number {
    return this.#all.reduce((sum, { queuedBytes }) => sum + queuedBytes, 0);
  }

  /** Ends the splices whose readers don't read; their links come back on another. */
  shed(): void {
    for (const splice of this.#all) {
      if (splice.queuedBytes <= SERVER_LIMITS.spliceLowWaterBytes) continue;
      splice.terminate();
    }
  }

  /** Counts a first flight until it is over. */
  launch(flight: Flight): () => void {
    this.#flights.add(flight);
    return () => this.#flights.delete(flight);
  }

  get #all(): Splice[] {
    return [...this.#byLink.values(), ...this.#leaving.values()];
  }

  hostOnline(): void {
    // Splices are between the viewer and the host: a new registration doesn't touch them.
  }

  hostOffline(): void {
    // Only the host's signaling is gone; what is spliced may well go on.
  }

  ended(ending: Ending): void {
    for (const relayed of [...this.#all, ...this.#flights]) {
      relayed.close(ending.closeCode, ending.message);
    }
  }
}
