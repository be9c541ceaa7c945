import {
  BaseCarrier,
  CloseCode,
  LIMITS,
  systemClock,
  type Clock,
  type Timer,
} from '@wingman/protocol';
import { BROWSER_LIMITS } from '../shared/limits.js';

export interface WebSocketCarrierOptions {
  /** The relay's URL with its `link` parameter. */
  url: string;
  clock?: Clock;
  /** How long the socket may take to open, in milliseconds. */
  openMs?: number;
  /** Called once, however the transport ends; the code is the WebSocket's. */
  onEnd?: (code: number) => void;
  /** Makes the socket; tests pass their own. */
  open?: (url: string) => WebSocket;
}

const ABNORMAL_CLOSURE = 1006;
const OPEN = 1;

/** A carrier over a WebSocket to the relay; what is sent before it is open waits. */
export class WebSocketCarrier extends BaseCarrier {
  readonly #options: WebSocketCarrierOptions;
  readonly #clock: Clock;
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #socket: WebSocket | undefined;
  #poll: Timer | undefined;
  #openDeadline: Timer | undefined;
  #hasEnded = false;

  constructor(options: WebSocketCarrierOptions) {
    super();
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  get writable(): boolean {
    return this.#buffered < LIMITS.carrierHighWaterBytes;
  }

  /** Opens the WebSocket. */
  connect(): void {
    if (this.isClosed || this.#socket !== undefined) return;
    const { open = (url: string) => new WebSocket(url) } = this.#options;
    const socket = open(this.#options.url);
    this.#socket = socket;
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => this.#opened();
    socket.onmessage = ({ data }: MessageEvent<unknown>) => this.#arrived(data);
    socket.onclose = ({ code, reason }) => this.#ended(code, reason);
    this.#openDeadline = this.#clock.setTimeout(
      () => this.fail(CloseCode.NORMAL, 'no answer from the relay'),
      this.#options.openMs ?? BROWSER_LIMITS.socketOpenMs,
    );
  }

  send(message: Uint8Array): void {
    if (this.isClosed) return;
    if (this.#socket?.readyState === OPEN) this.#socket.send(plain(message));
    else this.#hold(message);
    if (!this.writable) this.#pollUntilWritable();
  }

  protected shut(code: number, reason: string): void {
    this.#stopTimers();
    this.#held = [];
    // Browsers let pages send 1000 and the private range only.
    this.#socket?.close(code >= 3000 ? code : CloseCode.NORMAL, reason);
    this.#tellEnd(code);
  }

  get #buffered(): number {
    return this.#heldBytes + (this.#socket?.bufferedAmount ?? 0);
  }

  #hold(message: Uint8Array): void {
    this.#held.push(message);
    this.#heldBytes += message.byteLength;
  }

  #opened(): void {
    this.#openDeadline?.cancel();
    for (const message of this.#held) this.#socket?.send(plain(message));
    this.#held = [];
    this.#heldBytes = 0;
    if (this.writable) this.drained();
    else this.#pollUntilWritable();
  }

  #arrived(data: unknown): void {
    if (data instanceof ArrayBuffer) this.receive(new Uint8Array(data));
    else this.fail(CloseCode.PROTOCOL, 'a text message');
  }

  #ended(code: number, reason: string): void {
    this.#stopTimers();
    this.closed(reason === '' ? `closed with ${code}` : reason);
    this.#tellEnd(code === 0 ? ABNORMAL_CLOSURE : code);
  }

  #tellEnd(code: number): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#options.onEnd?.(code);
  }

  /** `bufferedAmount` has no event. */
  #pollUntilWritable(): void {
    this.#poll ??= this.#clock.setTimeout(() => {
      this.#poll = undefined;
      if (this.isClosed) return;
      if (this.writable) this.drained();
      else this.#pollUntilWritable();
    }, BROWSER_LIMITS.bufferedPollMs);
  }

  #stopTimers(): void {
    this.#poll?.cancel();
    this.#openDeadline?.cancel();
  }
}

/** Messages are never in shared memory; the platform's types want to hear it. */
function plain(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes as Uint8Array<ArrayBuffer>;
}
