import type { SocketCommand, SocketEvent, SocketRequest } from '../shared/exchange-messages.js';
import { BROWSER_LIMITS } from '../shared/limits.js';
import { EventHandlers } from './event-handlers.js';
import { checkClose, clampCode, parseProtocols, parseSocketUrl } from './socket-rules.js';

/** What a socket needs of the page it lives in. */
export interface SocketWorld {
  baseUrl(): string;
  headers(): SocketRequest['headers'];
  open(request: SocketRequest, port: MessagePort): void;
}

export type SocketData = string | Blob | ArrayBufferLike | ArrayBufferView;

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
const TOO_BIG = 1009;

/** A WebSocket (WebSockets standard) whose messages go through the tunnel instead of a connection of its own. */
export class TunnelSocket extends EventTarget {
  static readonly CONNECTING = CONNECTING;
  static readonly OPEN = OPEN;
  static readonly CLOSING = CLOSING;
  static readonly CLOSED = CLOSED;
  readonly CONNECTING = CONNECTING;
  readonly OPEN = OPEN;
  readonly CLOSING = CLOSING;
  readonly CLOSED = CLOSED;

  readonly #url: URL;
  readonly #port: MessagePort;
  readonly #handlers = new EventHandlers(this);
  #state = CONNECTING;
  #hasFailed = false;
  #protocol = '';
  #extensions = '';
  #binaryType: BinaryType = 'blob';
  #bufferedAmount = 0;
  /** Blobs are read asynchronously: what is sent after one waits behind it. */
  #sending: Promise<void> | undefined;

  constructor(world: SocketWorld, url: string | URL, protocols?: string | readonly string[]) {
    super();
    this.#url = parseSocketUrl(url, world.baseUrl());
    const list = parseProtocols(protocols);
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.onmessage = (event: MessageEvent<SocketEvent>) => this.#receive(event.data);
    const target = this.#url.pathname + this.#url.search;
    world.open({ target, protocols: list, headers: world.headers() }, port2);
  }

  get url(): string {
    return this.#url.href;
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

  get onopen(): unknown {
    return this.#handlers.get('open');
  }

  set onopen(handler: unknown) {
    this.#handlers.set('open', handler);
  }

  get onmessage(): unknown {
    return this.#handlers.get('message');
  }

  set onmessage(handler: unknown) {
    this.#handlers.set('message', handler);
  }

  get onerror(): unknown {
    return this.#handlers.get('error');
  }

  set onerror(handler: unknown) {
    this.#handlers.set('error', handler);
  }

  get onclose(): unknown {
    return this.#handlers.get('close');
  }

  set onclose(handler: unknown) {
    this.#handlers.set('close', handler);
  }

  send(data: SocketData): void {
    if (this.#state === CONNECTING) {
      throw new DOMException(
        "Failed to execute 'send' on 'WebSocket': Still in CONNECTING state.",
        'InvalidStateError',
      );
    }
    const message = data instanceof Blob ? data : copyOf(data);
    this.#bufferedAmount += sizeOf(message);
    if (this.#state !== OPEN) return;
    if (this.#bufferedAmount > BROWSER_LIMITS.socketQueueBytes) return this.#overrun();
    this.#queue(message);
  }

  close(code?: number, reason = ''): void {
    const clamped = clampCode(code);
    checkClose(clamped, String(reason));
    this.#startClosing(clamped, String(reason));
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

  #queue(message: string | Uint8Array | Blob): void {
    if (!(message instanceof Blob)) {
      return this.#after(() => this.#post({ kind: 'send', data: message }));
    }
    const bytes = message.arrayBuffer();
    this.#sending = (this.#sending ?? Promise.resolve()).then(async () => {
      this.#post({ kind: 'send', data: new Uint8Array(await bytes) });
    });
  }

  #after(action: () => void): void {
    if (this.#sending === undefined) action();
    else this.#sending = this.#sending.then(action);
  }

  #post(command: SocketCommand): void {
    const isBinary = command.kind === 'send' && typeof command.data !== 'string';
    const transfer = isBinary ? [(command.data as Uint8Array<ArrayBuffer>).buffer] : [];
    this.#port.postMessage(command, transfer);
  }

  /** As the standard has it for a full buffer: the connection is closed. */
  #overrun(): void {
    this.dispatchEvent(new Event('error'));
    this.#startClosing(TOO_BIG, '');
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
    this.dispatchEvent(new Event('open'));
  }

  #message(data: string | Uint8Array): void {
    // While closing, messages still come until the peer has closed too; once closed, none.
    if (this.#state !== OPEN && this.#state !== CLOSING) return;
    const own = typeof data === 'string' ? data : this.#binary(new Uint8Array(data));
    this.dispatchEvent(new MessageEvent('message', { data: own, origin: this.#url.origin }));
  }

  #binary(bytes: Uint8Array<ArrayBuffer>): Blob | ArrayBuffer {
    return this.#binaryType === 'blob' ? new Blob([bytes]) : bytes.buffer;
  }

  #closed({ code, reason, wasClean }: Extract<SocketEvent, { kind: 'closed' }>): void {
    if (!this.#transition(CLOSED)) return;
    this.#port.onmessage = null;
    this.#port.close();
    const failure = { code: ABNORMAL_CLOSURE, reason: '', wasClean: false };
    const details = this.#hasFailed ? failure : { code, reason, wasClean };
    if (!details.wasClean) this.dispatchEvent(new Event('error'));
    this.dispatchEvent(new CloseEvent('close', details));
  }
}

/** The caller may change its buffer at once after `send`. */
function copyOf(data: Exclude<SocketData, Blob>): string | Uint8Array {
  if (ArrayBuffer.isView(data)) {
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
  }
  if (typeof data === 'object' && 'byteLength' in data) return new Uint8Array(data).slice();
  return String(data);
}

function sizeOf(message: string | Uint8Array | Blob): number {
  if (message instanceof Blob) return message.size;
  return typeof message === 'string'
    ? new TextEncoder().encode(message).byteLength
    : message.byteLength;
}
