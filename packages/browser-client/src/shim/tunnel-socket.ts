import { StateMachine, type TransitionTable } from '@wingman/protocol';
import { TakenCount } from '@wingman/protocol/ports';
import { socketWeight, type SocketCommand, type SocketEvent } from '../shared/exchange-messages.js';
import { SHIM_LIMITS } from '../shared/limits.js';
import {
  checkClose,
  clampCode,
  sizeOf,
  takeData,
  wellFormed,
  type Outgoing,
  type SocketData,
} from './socket-rules.js';

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

type SocketState = 'connecting' | 'open' | 'closing' | 'closed';

/** A socket never opens again. */
const TRANSITIONS: TransitionTable<SocketState> = {
  connecting: ['open', 'closing', 'closed'],
  open: ['closing', 'closed'],
  closing: ['closed'],
  closed: [],
};

/** The states by the numbers that scripts see (WebSockets standard, "ready state"). */
const READY_STATES: readonly SocketState[] = ['connecting', 'open', 'closing', 'closed'];

const GOING_AWAY = 1001;
const ABNORMAL_CLOSURE = 1006;

/** The connection behind a `WebSocket` (WebSockets standard) whose messages go through the tunnel. */
export class TunnelSocket {
  readonly handlers: EventHandlers;
  readonly #options: SocketOptions;
  readonly #machine = new StateMachine(TRANSITIONS, 'connecting');
  #hasFailed = false;
  #protocol = '';
  #extensions = '';
  #binaryType: BinaryType = 'blob';
  #bufferedAmount = 0;
  /** Lets the next messages come. A busy page does not, and so holds its sender back. */
  readonly #taken = new TakenCount(SHIM_LIMITS.socketCreditBytes, (weight) => {
    if (this.#machine.state !== 'closed') this.#post({ kind: 'taken', weight });
  });
  /** Blobs are read asynchronously. What is sent after a blob waits until the blob has been read. */
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
    return READY_STATES.indexOf(this.#machine.state);
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
    if (this.#machine.state === 'connecting') {
      throw new this.#options.realm.DOMException(
        "Failed to execute 'send' on 'WebSocket': Still in CONNECTING state.",
        'InvalidStateError',
      );
    }
    const message = takeData(data);
    this.#bufferedAmount += sizeOf(message);
    if (this.#machine.state !== 'open') return;
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

  /** The tunnel worker has ended, and will never answer. */
  lost(): void {
    this.#fail();
    this.#closed({ kind: 'closed', code: ABNORMAL_CLOSURE, reason: '', wasClean: false });
  }

  #startClosing(code: number | undefined, reason: string): void {
    // A socket that is closed before it was open fails, whatever the other side says meanwhile.
    if (this.#machine.state === 'connecting') this.#hasFailed = true;
    if (!this.#machine.transition('closing')) return;
    this.#after(() => this.#post({ kind: 'close', code, reason }));
  }

  #queue(message: Outgoing): void {
    if (typeof message === 'string' || message instanceof Uint8Array) {
      return this.#after(() => this.#post({ kind: 'send', data: message }));
    }
    const bytes = message.arrayBuffer();
    this.#after(async () => this.#post({ kind: 'send', data: new Uint8Array(await bytes) }));
  }

  /** Runs actions in order, and at once when no blob is being read. */
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

  /** Ends the socket without a closing handshake, as the standard asks for a full buffer. */
  #fail(): void {
    this.#hasFailed = true;
    if (this.#machine.transition('closing')) this.#post({ kind: 'fail' });
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
    if (!this.#machine.transition('open')) return;
    this.#protocol = protocol;
    this.#extensions = extensions;
    this.target.dispatchEvent(new this.#options.realm.Event('open'));
  }

  #message(data: string | Uint8Array): void {
    // A closing socket delivers no message (WebSockets standard, "message received").
    if (this.#machine.state === 'open') {
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
    if (!this.#machine.transition('closed')) return;
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

type Handler = ((event: Event) => unknown) | null;

/**
 * The `on…` attributes of an event target (HTML, "event handlers"). Each has one handler, which keeps
 * its place among the listeners when another replaces it.
 */
class EventHandlers {
  readonly #handlers = new Map<string, Handler>();
  readonly #listeners = new Map<string, (event: Event) => void>();

  constructor(private readonly target: EventTarget) {}

  get(type: string): Handler {
    return this.#handlers.get(type) ?? null;
  }

  /** A value that is no object counts as null. An object that can't be called is kept and does nothing. */
  set(type: string, handler: unknown): void {
    const isObject = typeof handler === 'function' || typeof handler === 'object';
    this.#handlers.set(type, isObject ? (handler as Handler) : null);
    if (this.get(type) === null) this.#deactivate(type);
    else if (!this.#listeners.has(type)) this.#activate(type);
  }

  #activate(type: string): void {
    const listener = (event: Event): void => {
      const handler = this.get(type);
      if (typeof handler === 'function') handler.call(this.target, event);
    };
    this.#listeners.set(type, listener);
    this.target.addEventListener(type, listener);
  }

  /** A handler that is set again later comes after the listeners added meanwhile. */
  #deactivate(type: string): void {
    const listener = this.#listeners.get(type);
    if (listener !== undefined) this.target.removeEventListener(type, listener);
    this.#listeners.delete(type);
  }
}
