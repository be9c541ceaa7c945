import { TakenCount } from '@wingman/protocol/ports';
import { socketWeight, type SocketCommand, type SocketEvent } from '../shared/exchange-messages.js';
import { SHIM_LIMITS } from '../shared/limits.js';
import { EventHandlers } from './event-handlers.js';
import { sizeOf, takeData, wellFormed, type Outgoing, type SocketData } from './socket-data.js';
import { checkClose, clampCode } from './socket-rules.js';

/** The classes of the window or worker a socket lives in. */
export interface SocketRealm {
  WebSocket: typeof WebSocket;
  EventTarget: typeof EventTarget;
  Event: typeof Event;
  MessageEvent: typeof MessageEvent;
  CloseEvent: typeof CloseEvent;
  Blob: typeof Blob;
  DOMException: typeof DOMException;
}

/** A way to the tunnel worker for one socket. */
export interface SocketPort {
  onmessage: ((event: MessageEvent<SocketEvent>) => unknown) | null;
  postMessage(command: SocketCommand, transfer?: Transferable[]): void;
  close(): void;
}

export interface SocketOptions {
  realm: SocketRealm;
  url: URL;
  port: SocketPort;
  /** Says why no connection came about, for the console. */
  failed: (why: string) => void;
}

const CONNECTING = 0;
const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;

/** Only forward: a socket never opens again. */
const NEXT_STATES: Readonly<Record<number, readonly number[]>> = {
  [CONNECTING]: [OPEN, CLOSING, CLOSED],
  [OPEN]: [CLOSING, CLOSED],
  [CLOSING]: [CLOSED],
  [CLOSED]: [],
};

const GOING_AWAY = 1001;
const ABNORMAL_CLOSURE = 1006;

/** What stands behind a `WebSocket` (WebSockets standard) whose messages go through the tunnel. */
export class TunnelSocket {
  readonly handlers: EventHandlers;
  readonly #options: SocketOptions;
  #state = CONNECTING;
  #hasFailed = false;
  #protocol = '';
  #extensions = '';
  #binaryType: BinaryType = 'blob';
  #bufferedAmount = 0;
  /** The next messages may come: a page that is busy holds its sender back. */
  readonly #taken = new TakenCount(SHIM_LIMITS.socketCreditBytes, (weight) => {
    if (this.#state !== CLOSED) this.#post({ kind: 'taken', weight });
  });
  /** Blobs are read asynchronously: what is sent after one waits behind it. */
  #sending: Promise<void> | undefined;

  /** Events are fired at `target`, which is the `WebSocket` that scripts hold. */
  constructor(
    private readonly target: EventTarget,
    options: SocketOptions,
  ) {
    this.#options = options;
    this.handlers = new EventHandlers(target);
    options.port.onmessage = ({ data }) => this.#receive(data);
  }

  get url(): string {
    return this.#options.url.href;
  }

  get readyState(): number {
    return this.#state;
  }

  get protocol(): string {
    return this.#protocol;
  }

  get extensions(): string {
    return this.#extensions;
  }

  get bufferedAmount(): number {
    return this.#bufferedAmount;
  }

  get binaryType(): BinaryType {
    return this.#binaryType;
  }

  set binaryType(type: BinaryType) {
    if (type === 'blob' || type === 'arraybuffer') this.#binaryType = type;
  }

  send(data: SocketData): void {
    if (this.#state === CONNECTING) {
      throw new this.#options.realm.DOMException(
        "Failed to execute 'send' on 'WebSocket': Still in CONNECTING state.",
        'InvalidStateError',
      );
    }
    const message = takeData(data);
    this.#bufferedAmount += sizeOf(message);
    if (this.#state !== OPEN) return;
    if (this.#bufferedAmount > SHIM_LIMITS.socketQueueBytes) return this.#fail();
    this.#queue(message);
  }

  close(code?: number, reason?: string): void {
    const clamped = clampCode(code);
    const text = reason === undefined ? '' : wellFormed(reason);
    checkClose(clamped, text, this.#options.realm.DOMException);
    // A close frame without a code has no place for a reason (RFC 6455 section 5.5.1).
    this.#startClosing(clamped, clamped === undefined ? '' : text);
  }

  /** The page is going away: the other side must not wait for a peer that is gone. */
  leave(): void {
    this.#startClosing(GOING_AWAY, '');
  }

  #startClosing(code: number | undefined, reason: string): void {
    // Closed before it was open: the standard has it fail, whatever the other side says meanwhile.
    if (this.#state === CONNECTING) this.#hasFailed = true;
    if (!this.#transition(CLOSING)) return;
    this.#after(() => this.#post({ kind: 'close', code, reason }));
  }

  #transition(next: number): boolean {
    if (NEXT_STATES[this.#state]?.includes(next) !== true) return false;
    this.#state = next;
    return true;
  }

  #queue(message: Outgoing): void {
    if (typeof message === 'string' || message instanceof Uint8Array) {
      return this.#after(() => this.#post({ kind: 'send', data: message }));
    }
    const bytes = message.arrayBuffer();
    this.#after(async () => this.#post({ kind: 'send', data: new Uint8Array(await bytes) }));
  }

  /** In order; at once when nothing is being read. */
  #after(action: () => void | Promise<void>): void {
    const next = this.#sending === undefined ? action() : this.#sending.then(action);
    if (next === undefined) return;
    // A blob whose file has changed or gone can't be read.
    const reading = next.catch(() => this.#fail());
    this.#sending = reading;
    void reading.then(() => {
      if (this.#sending === reading) this.#sending = undefined;
    });
  }

  #post(command: SocketCommand): void {
    const isBinary = command.kind === 'send' && typeof command.data !== 'string';
    const transfer = isBinary ? [(command.data as Uint8Array<ArrayBuffer>).buffer] : [];
    this.#options.port.postMessage(command, transfer);
  }

  /** Ends it without a closing handshake, as the standard has it for a full buffer. */
  #fail(): void {
    this.#hasFailed = true;
    if (this.#transition(CLOSING)) this.#post({ kind: 'fail' });
  }

  #receive(event: SocketEvent): void {
    switch (event.kind) {
      case 'open':
        return this.#opened(event.protocol, event.extensions);
      case 'message':
        return this.#message(event.data);
      case 'sent':
        this.#bufferedAmount -= event.bytes;
        return;
      case 'closed':
        return this.#closed(event);
    }
  }

  #opened(protocol: string, extensions: string): void {
    if (!this.#transition(OPEN)) return;
    this.#protocol = protocol;
    this.#extensions = extensions;
    this.target.dispatchEvent(new this.#options.realm.Event('open'));
  }

  #message(data: string | Uint8Array): void {
    // Once closing, none is delivered (WebSockets standard, "message received").
    if (this.#state === OPEN) {
      const { realm, url } = this.#options;
      const own = typeof data === 'string' ? data : this.#binary(new Uint8Array(data));
      this.target.dispatchEvent(
        new realm.MessageEvent('message', { data: own, origin: url.origin }),
      );
    }
    this.#taken.took(socketWeight(data));
  }

  #binary(bytes: Uint8Array<ArrayBuffer>): Blob | ArrayBuffer {
    return this.#binaryType === 'blob' ? new this.#options.realm.Blob([bytes]) : bytes.buffer;
  }

  #closed({ code, reason, wasClean, why }: Extract<SocketEvent, { kind: 'closed' }>): void {
    const { port, realm, failed } = this.#options;
    if (!this.#transition(CLOSED)) return;
    port.onmessage = null;
    port.close();
    if (why !== undefined && !this.#hasFailed) failed(why);
    const failure = { code: ABNORMAL_CLOSURE, reason: '', wasClean: false };
    const isFailure = this.#hasFailed || code === ABNORMAL_CLOSURE;
    const details = isFailure ? failure : { code, reason, wasClean };
    if (!details.wasClean) this.target.dispatchEvent(new realm.Event('error'));
    this.target.dispatchEvent(new realm.CloseEvent('close', details));
  }
}
