import {
  Backoff,
  CloseCode,
  EndReason,
  Heartbeat,
  ServerToViewer,
  ViewerMessage,
  create,
  createPass,
  decodeEnvelope,
  deriveGateKey,
  encodeEnvelope,
  systemClock,
  type Clock,
  type LinkKey,
  type ProblemCode,
  type ReceivedCase,
  type Timer,
} from '@wingman/protocol';
import { BROWSER_LIMITS } from '../shared/limits.js';

export type ServerMessage = ReceivedCase<ServerToViewer>;
export type OutgoingMessage = NonNullable<ReceivedCase<ViewerMessage>>;

export interface SignalingOptions {
  url: string;
  clock?: Clock;
  random?: () => number;
  /** Makes the socket; tests pass their own. */
  open?: (url: string) => WebSocket;
  onOpen: () => void;
  onMessage: (message: ServerMessage) => void;
  /** The server has said that the session can't be had. */
  onTrouble: (code: ProblemCode) => void;
}

const OPEN = 1;
/** A page that was blocked gets its timers before its messages. So the answer is looked for more than once. */
const PROBE_LOOKS = 3;

/** Where a tab's signaling is, with the pass that lets it in (SPEC section 4.5). */
export async function signalingUrl(origin: string, tab: string, key: LinkKey): Promise<string> {
  const pass = await createPass(await deriveGateKey(key), 'signal', tab);
  return `${origin.replace(/^http/, 'ws')}/__wingman/signal?tab=${tab}&pass=${pass}`;
}

const TROUBLE: ReadonlyMap<number, ProblemCode> = new Map<number, ProblemCode>([
  [CloseCode.HANDSHAKE_FAILED, 'HANDSHAKE_FAILED'],
  [CloseCode.SESSION_UNKNOWN, 'SESSION_UNKNOWN'],
  [CloseCode.SESSION_ENDED, 'SESSION_ENDED'],
  [CloseCode.TOO_MANY_VIEWERS, 'TOO_MANY_VIEWERS'],
]);

/** The problem that the page shows, by the reason that the server remembers. */
const END_CODES: Readonly<Record<EndReason, ProblemCode>> = {
  [EndReason.UNSPECIFIED]: 'SESSION_ENDED',
  [EndReason.STOPPED]: 'SESSION_STOPPED',
  [EndReason.EXPIRED]: 'SESSION_EXPIRED',
};

export function endCode(reason: EndReason): ProblemCode {
  return END_CODES[reason];
}

/** The WebSocket to the tunnel server's signaling, opened again for as long as the tab lives. */
export class Signaling {
  readonly #options: SignalingOptions;
  readonly #clock: Clock;
  readonly #backoff: Backoff;
  #socket: WebSocket | undefined;
  #failures = 0;
  #retry: Timer | undefined;
  #deadline: Timer | undefined;
  #startedAt = 0;
  /** How long opening the last connection took, in milliseconds: two round trips or more. */
  #openedInMs = 0;
  /** When an answer is due that shows whether the connection lives. */
  #probe: Timer | undefined;
  #probeEndsAt = 0;

  constructor(options: SignalingOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    const { reconnectMinMs, reconnectMaxMs } = BROWSER_LIMITS;
    this.#backoff = new Backoff(reconnectMinMs, reconnectMaxMs, options.random);
  }

  get isOpen(): boolean {
    return this.#socket?.readyState === OPEN;
  }

  /** Connects now, even when the next attempt would be later. A connection that is there has to show that it lives. */
  connect(): void {
    if (this.#socket !== undefined) return this.probe();
    this.#retry?.cancel();
    const { open = (url: string) => new WebSocket(url), url } = this.#options;
    const socket = open(url);
    this.#socket = socket;
    this.#startedAt = this.#clock.now();
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => this.#opened();
    socket.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (this.#socket === socket) this.#received(data);
    };
    socket.onclose = ({ code }) => this.#closed(socket, code);
    this.#deadline = this.#clock.setTimeout(() => {
      this.#closed(socket, CloseCode.NORMAL);
      socket.close();
    }, BROWSER_LIMITS.socketOpenMs);
  }

  /** Makes another connection, because each belongs to one link. */
  reconnect(): void {
    this.#replace(CloseCode.LEAVING, 'a fresh link');
  }

  /** Makes another connection for the same link, because the node that this one leads through is about to stop. */
  move(): void {
    this.#replace(CloseCode.NORMAL, 'moved');
  }

  /** Asks the server for a sign of life. A connection that gives none is replaced: a dead one stays open for minutes. */
  probe(withinMs: number = BROWSER_LIMITS.signalingProbeMs): void {
    if (!this.isOpen) return;
    const patienceMs = Math.max(withinMs, 2 * this.#openedInMs);
    const endsAt = this.#clock.now() + patienceMs;
    // Whoever asks again gets no longer, and may get shorter: the first may have asked without a suspicion.
    if (this.#probe !== undefined && this.#probeEndsAt <= endsAt) return;
    this.#probeEndsAt = endsAt;
    this.#probe?.cancel();
    this.send({ $case: 'heartbeat', value: create(Heartbeat, {}) });
    this.#lookFor(patienceMs / PROBE_LOOKS, PROBE_LOOKS);
  }

  #lookFor(everyMs: number, looks: number): void {
    this.#probe = this.#clock.setTimeout(() => {
      if (looks > 1) this.#lookFor(everyMs, looks - 1);
      else this.#replace(CloseCode.DEAD_PEER, 'silent');
    }, everyMs);
  }

  /** Says that the tab is closed for good, so that the host does not wait for it. */
  leave(): void {
    this.#socket?.close(CloseCode.LEAVING, 'the tab was closed');
  }

  /** The person has left: nothing is opened again. */
  end(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    this.#retry?.cancel();
    this.#deadline?.cancel();
    this.#heard();
    socket?.close(CloseCode.LEAVING, 'the person has left');
  }

  /** Says that the tab is about to be frozen. The browser may close the connection, and the server then waits for the tab. */
  tellFrozen(): void {
    this.send({ $case: 'tabFrozen', value: {} });
  }

  /** Sends a message. The result is false when nothing is connected; the caller then tries again by itself. */
  send(message: OutgoingMessage): boolean {
    if (!this.isOpen) return false;
    const bytes = encodeEnvelope(ViewerMessage, message);
    this.#socket?.send(bytes as Uint8Array<ArrayBuffer>);
    // Nothing says that this connection is dead. If it is, no answer of the host would ever come.
    if (message.$case === 'connectionRequest') this.probe(BROWSER_LIMITS.signalingAnswerMs);
    return true;
  }

  #replace(code: number, reason: string): void {
    const socket = this.#socket;
    this.#socket = undefined;
    this.#heard();
    socket?.close(code, reason);
    this.connect();
  }

  /** The connection lives, or is gone. Either way no answer is awaited any more. */
  #heard(): void {
    this.#probe?.cancel();
    this.#probe = undefined;
  }

  #opened(): void {
    this.#deadline?.cancel();
    this.#failures = 0;
    this.#openedInMs = this.#clock.now() - this.#startedAt;
    this.#options.onOpen();
  }

  #received(data: unknown): void {
    if (!(data instanceof ArrayBuffer)) return;
    this.#heard();
    try {
      this.#handle(decodeEnvelope(ServerToViewer, new Uint8Array(data)));
    } catch {
      this.#socket?.close(CloseCode.PROTOCOL, 'not a ServerToViewer');
    }
  }

  #handle(message: ServerMessage): void {
    // The server may let a tab in only to say that the host is away. Such a tab must not ask again at once.
    if (message?.$case !== 'refusal' && !isAbsence(message)) this.#backoff.reset();
    if (message?.$case === 'heartbeat') {
      const { nonce, reply } = message.value;
      // An answer to our own question needs none.
      if (reply) return;
      this.send({ $case: 'heartbeat', value: { ...message.value, nonce, reply: true } });
      return;
    }
    this.#options.onMessage(message);
  }

  #closed(socket: WebSocket, code: number): void {
    if (this.#socket !== socket) return;
    this.#socket = undefined;
    this.#heard();
    this.#deadline?.cancel();
    const trouble = TROUBLE.get(code);
    this.#failures += 1;
    if (trouble !== undefined) this.#options.onTrouble(trouble);
    else if (this.#failures === BROWSER_LIMITS.unreachableAfter) {
      this.#options.onTrouble('SERVER_UNREACHABLE');
    }
    this.#retry = this.#clock.setTimeout(() => this.connect(), this.#backoff.next());
  }
}

function isAbsence(message: ServerMessage): boolean {
  return message?.$case === 'hostPresence' && !message.value.online;
}
