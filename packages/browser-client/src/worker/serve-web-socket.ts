import {
  headerValue,
  PROBLEM_HEADER,
  systemClock,
  toWingmanError,
  WebSocketRejected,
  within,
  type Clock,
  type OpenedWebSocket,
  type WebSocketWatch,
} from '@wingman/protocol';
import { SendWindow } from '@wingman/protocol/ports';
import {
  channelOf,
  LOBBY,
  lockOf,
  socketWeight,
  type SocketCall,
  type SocketCommand,
  type SocketEvent,
  type SocketRequest,
  type SocketServed,
} from '../shared/exchange-messages.js';
import { BROWSER_LIMITS } from '../shared/limits.js';

const GOING_AWAY = 1001;
const ABNORMAL_CLOSURE = 1006;

/** Opens a WebSocket over the link, waiting for the link if need be; `watch` is told what passes. */
export type OpenSocket = (
  request: SocketRequest,
  options: { signal: AbortSignal; watch?: WebSocketWatch },
) => Promise<OpenedWebSocket>;

/** What a socket is served on: a MessagePort, or what can do the same. */
export interface ServedPort {
  onmessage: ((event: MessageEvent<SocketCommand>) => unknown) | null;
  postMessage(event: SocketEvent): void;
}

/** One WebSocket between a page's port and the link; every one ends with `closed`. */
export class ServedWebSocket {
  readonly #abort = new AbortController();
  readonly #early: SocketCommand[] = [];
  #socket: OpenedWebSocket | undefined;
  /** By weight (`socketWeight`). Without it a page that is busy would have the whole stream in its queue. */
  readonly #window = new SendWindow(BROWSER_LIMITS.socketWindowBytes);

  constructor(
    private readonly port: ServedPort,
    private readonly clock: Clock = systemClock,
  ) {
    port.onmessage = ({ data }) => this.#handle(data);
  }

  /** Opens and serves the socket until it is closed; never rejects. */
  async run(open: (signal: AbortSignal) => Promise<OpenedWebSocket>): Promise<void> {
    try {
      const socket = await open(this.#abort.signal);
      const { protocol, extensions } = await socket.accepted;
      this.#post({ kind: 'open', protocol, extensions });
      this.#socket = socket;
      socket.onFailure(() => this.#window.open());
      for (const command of this.#early.splice(0)) this.#handle(command);
      await this.#pump(socket);
    } catch (error) {
      this.#closed({ code: ABNORMAL_CLOSURE, reason: '', wasClean: false }, reasonOf(error));
    }
  }

  /** Nobody is left at the other end of the port. */
  abandon(): void {
    this.#handle({ kind: 'close', code: GOING_AWAY, reason: '' });
    this.#window.open();
  }

  async #pump(socket: OpenedWebSocket): Promise<void> {
    for (;;) {
      const message = await socket.receive();
      const isClose = typeof message === 'object' && !(message instanceof Uint8Array);
      if (isClose) return this.#closed(message);
      this.#window.spend(socketWeight(message));
      this.#post({ kind: 'message', data: message });
      await this.#window.room();
    }
  }

  #handle(command: SocketCommand): void {
    if (command.kind === 'taken') return this.#window.grant(command.weight);
    const socket = this.#socket;
    if (socket !== undefined) return this.#obey(socket, command);
    // Before the socket is open only its end can come.
    this.#early.push(command);
    if (command.kind !== 'send') this.#abort.abort();
  }

  #obey(socket: OpenedWebSocket, command: Exclude<SocketCommand, { kind: 'taken' }>): void {
    if (command.kind === 'fail') return socket.abort('LIMIT_EXCEEDED');
    if (command.kind === 'close') {
      socket.close(command.code, command.reason);
      // A peer that never answers must not keep the page waiting.
      this.clock.setTimeout(() => socket.abort('TIMEOUT'), BROWSER_LIMITS.socketCloseMs);
      return;
    }
    const { data } = command;
    const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data;
    const sent = (): void => this.#post({ kind: 'sent', bytes: bytes.byteLength });
    // `receive` tells of a failed stream.
    socket.send(typeof data === 'string' ? data : bytes).then(sent, () => undefined);
  }

  #closed(close: { code: number; reason: string; wasClean: boolean }, why?: string): void {
    const { code, reason, wasClean } = close;
    const explained = why === undefined ? {} : { why };
    this.#post({ kind: 'closed', code, reason, wasClean, ...explained });
    this.port.onmessage = null;
  }

  #post(event: SocketEvent): void {
    this.port.postMessage(event);
  }
}

/** Why no connection came about: as browsers put it, or a code of ours. */
function reasonOf(error: unknown): string {
  if (!(error instanceof WebSocketRejected)) return toWingmanError(error, 'INTERNAL').code;
  const code = headerValue(error.head.headers, PROBLEM_HEADER);
  return code ?? `Unexpected response code: ${error.head.status}`;
}

/** Serves the WebSockets of workers, which have no port to this tab's tunnel. */
export class SocketLobby {
  readonly #channel = new BroadcastChannel(LOBBY);

  constructor(
    private readonly tab: string,
    private readonly open: OpenSocket,
    private readonly locks: LockManager,
  ) {
    this.#channel.onmessage = ({ data }: MessageEvent<SocketCall>) => this.#called(data);
  }

  close(): void {
    this.#channel.close();
  }

  /** All tabs hear a call to any tab. The lock lets one of them have it. */
  #called(call: SocketCall): void {
    if (call.tab !== null && call.tab !== this.tab) return;
    const name = lockOf(call.id, 'server');
    const served = this.locks.request(name, { ifAvailable: true }, (lock) =>
      lock === null ? undefined : this.#serve(call),
    );
    served.catch(() => undefined);
  }

  async #serve({ id, request }: SocketCall): Promise<void> {
    const channel = new BroadcastChannel(channelOf(id));
    channel.postMessage({ kind: 'served' } satisfies SocketServed);
    const served = new ServedWebSocket(channel);
    const waiting = new AbortController();
    const { signal } = waiting;
    const gone = this.locks
      .request(lockOf(id, 'caller'), { signal }, () => served.abandon())
      .catch(() => undefined);
    await served.run((signal) => this.open(request, { signal }));
    // The caller lets go once it has heard of the end.
    await within(gone, BROWSER_LIMITS.handOverMs);
    waiting.abort();
    channel.close();
  }
}
