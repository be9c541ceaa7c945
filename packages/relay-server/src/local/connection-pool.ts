import { Client, type Dispatcher } from 'undici';
import { HOST_LIMITS } from '../limits.js';
import type { LenientSocket } from './lenient-socket.js';

/** Opens a connection to the app. */
type Connect = () => Promise<LenientSocket>;

/**
 * Keep-alive connections to one origin, one request at a time on each. A request that meets the end of a
 * connection can't be told from one that was executed. So none is used again when the server may have closed
 * it meanwhile: the client closes idle connections in good time by timers, and, since timers are of no use
 * after the machine slept or the process was stopped, a gap in everything that happens here ends all idle
 * ones, too, and each busy one after its answer. The server counts from the end of the answer as the server has written
 * it, so the time counts, too, for which a slow viewer has held it back. A request that meets the end all the
 * same is repeated where that is allowed.
 */
export class ConnectionPool {
  readonly #open: () => Connection;
  readonly #now: () => number;
  readonly #connections = new Set<Connection>();
  /** The one used last is at the end: the others may grow old. */
  #idle: Connection[] = [];
  #touchedAt: number;

  /** `now` counts the time that a machine sleeps, in milliseconds. */
  constructor(origin: string, connect: Connect, now: () => number = Date.now) {
    this.#open = () => new Connection(origin, connect, now, (gone) => this.#forget(gone));
    this.#now = now;
    this.#touchedAt = now();
  }

  /** Hands a request to a connection: once, or twice where `mayRepeat` allows it. */
  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    this.touch();
    const connection = this.#idle.pop() ?? this.#add();
    const free = (used: Connection) => (): void => this.#free(used);
    const repeat = (): void => {
      const other = this.#add();
      other.dispatch(options, handler, free(other));
    };
    connection.dispatch(options, handler, free(connection), repeat);
  }

  /** Something has happened on a connection. */
  touch(): void {
    const now = this.#now();
    const gap = now - this.#touchedAt;
    this.#touchedAt = now;
    if (gap <= HOST_LIMITS.localIdleMs) return;
    this.#idle = [];
    for (const connection of [...this.#connections]) connection.retire();
  }

  /** Ends every connection at once. */
  async close(): Promise<void> {
    await Promise.all([...this.#connections].map((connection) => connection.close()));
  }

  #add(): Connection {
    const connection = this.#open();
    this.#connections.add(connection);
    return connection;
  }

  #free(connection: Connection): void {
    if (this.#connections.has(connection)) this.#idle.push(connection);
  }

  #forget(connection: Connection): void {
    this.#connections.delete(connection);
    this.#idle = this.#idle.filter((other) => other !== connection);
  }
}

/** One connection and the request that it carries; it dials when the first comes. */
class Connection {
  readonly #client: Client;
  readonly #now: () => number;
  readonly #gone: () => void;
  #socket: LenientSocket | undefined;
  #isBusy = false;
  #isLast = false;

  constructor(
    origin: string,
    connect: Connect,
    now: () => number,
    gone: (connection: Connection) => void,
  ) {
    this.#now = now;
    this.#gone = () => gone(this);
    this.#client = makeClient(origin, async () => (this.#socket = await dial(connect)));
    // A request that the end of the connection came before is still to be sent: the client dials again for it.
    this.#client.on('disconnect', () => void (this.#isBusy || this.close()));
  }

  /** `free` says that it may take another request, `repeat` that it had ended before it took this one. */
  dispatch(
    options: Dispatcher.DispatchOptions,
    handler: Dispatcher.DispatchHandler,
    free: () => void,
    repeat?: () => void,
  ): void {
    const socket = this.#socket;
    const before = socket?.bytesRead;
    const held = new HeldTime(this.#now);
    this.#isBusy = true;
    socket?.expectHead();
    this.#client.dispatch(options, {
      onRequestStart: (controller, context) => handler.onRequestStart?.(controller, context),
      onResponseStart: (...answer) => handler.onResponseStart?.(...answer),
      onResponseData: (controller, chunk) => {
        held.goesOn();
        handler.onResponseData?.(controller, chunk);
        if (controller.paused) held.begins();
      },
      onResponseEnd: (controller, trailers) => {
        held.goesOn();
        this.#isBusy = false;
        if (this.#isLast || held.ms > HOST_LIMITS.localIdleMs) void this.close();
        else free();
        handler.onResponseEnd?.(controller, trailers);
      },
      onResponseError: (controller, error) => {
        void this.close();
        const isUnheard = socket !== undefined && socket === this.#socket;
        const isAllowed = isUnheard && socket.bytesRead === before && mayRepeat(options, error);
        if (isAllowed && repeat !== undefined) repeat();
        else handler.onResponseError?.(controller, error);
      },
    });
  }

  /** It takes no further request: the server may have closed it. */
  retire(): void {
    this.#isLast = true;
    if (!this.#isBusy) void this.close();
  }

  async close(): Promise<void> {
    this.#gone();
    await this.#client.destroy();
  }
}

/** How long the reader of an answer has held it back, in all. */
class HeldTime {
  #ms = 0;
  #since: number | undefined;

  constructor(private readonly now: () => number) {}

  get ms(): number {
    return this.#ms;
  }

  begins(): void {
    this.#since = this.now();
  }

  goesOn(): void {
    if (this.#since !== undefined) this.#ms += this.now() - this.#since;
    this.#since = undefined;
  }
}

async function dial(connect: Connect): Promise<LenientSocket> {
  const socket = await connect();
  socket.expectHead();
  return socket;
}

const IDEMPOTENT: ReadonlySet<string> = new Set([
  ...['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE'],
]);
const ENDED: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);

/**
 * Whether a request whose reused connection ended before a byte of its answer may go out again, as browsers
 * send it (RFC 9112 section 9.3.1): it is idempotent, and there is no body that was read already.
 */
function mayRepeat({ method, body }: Dispatcher.DispatchOptions, error: Error): boolean {
  const code = 'code' in error ? String(error.code) : '';
  return IDEMPOTENT.has(method) && (body ?? null) === null && ENDED.has(code);
}

function makeClient(origin: string, connect: Connect): Client {
  return new Client(origin, {
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
