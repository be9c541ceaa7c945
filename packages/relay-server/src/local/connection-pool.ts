import type { Socket } from 'node:net';
import { Pool, type Dispatcher } from 'undici';
import { HOST_LIMITS } from '../limits.js';

/**
 * Keep-alive connections to one origin. None is used again when the server may have closed it meanwhile: a
 * request that meets a closed connection can't be told from one that was executed, and is not repeated
 * (RFC 9112 section 9.3.1). Timers of the client close idle connections in good time. They stand still while
 * the machine sleeps or the process is stopped, so a gap in everything that happens here ends all idle
 * connections, too.
 */
export class ConnectionPool {
  readonly #make: () => Pool;
  readonly #now: () => number;
  /** The one in use, and older ones with exchanges under way. */
  readonly #pools = new Set<Pool>();
  #current: Pool;
  #isUsed = false;
  #touchedAt: number;

  /** `now` counts the time that a machine sleeps, in milliseconds. */
  constructor(origin: string, connect: () => Promise<Socket>, now: () => number = Date.now) {
    this.#make = () => makePool(origin, connect);
    this.#now = now;
    this.#touchedAt = now();
    this.#current = this.#open();
  }

  /** Hands a request to a connection, once. */
  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    this.touch();
    this.#isUsed = true;
    this.#current.dispatch(options, handler);
  }

  /** Something has happened on a connection. */
  touch(): void {
    const now = this.#now();
    const gap = now - this.#touchedAt;
    this.#touchedAt = now;
    if (gap > HOST_LIMITS.localIdleMs && this.#isUsed) this.#renew();
  }

  /** Ends every connection at once. */
  async close(): Promise<void> {
    await Promise.all([...this.#pools].map((pool) => pool.destroy()));
  }

  /** Idle connections end; exchanges under way keep theirs, for themselves alone. */
  #renew(): void {
    const old = this.#current;
    this.#isUsed = false;
    this.#current = this.#open();
    old.close().then(
      () => this.#pools.delete(old),
      () => this.#pools.delete(old),
    );
  }

  #open(): Pool {
    const pool = this.#make();
    this.#pools.add(pool);
    return pool;
  }
}

function makePool(origin: string, connect: () => Promise<Socket>): Pool {
  return new Pool(origin, {
    // As many as there are slots, which keep the line. In undici's line an aborted request would stay until its turn.
    connections: HOST_LIMITS.localConnections,
    pipelining: 1,
    keepAliveTimeout: HOST_LIMITS.localIdleMs,
    keepAliveMaxTimeout: HOST_LIMITS.localIdleMaxMs,
    keepAliveTimeoutThreshold: HOST_LIMITS.localIdleMarginMs,
    headersTimeout: HOST_LIMITS.localHeadersMs,
    // A stream of events may be silent for ever; the viewer's abort or the link's end ends it.
    bodyTimeout: 0,
    maxHeaderSize: HOST_LIMITS.localHeadBytes,
    connect: (_options, callback) => {
      connect().then(
        (socket) => callback(null, socket),
        (error: Error) => callback(error, null),
      );
    },
  });
}
