import { BaseCarrier, encodeRecord } from '@wingman/protocol';

/** A WebSocket that ends in the test instead of the network. */
export class FakeSocket {
  static readonly all: FakeSocket[] = [];
  readyState = 0;
  bufferedAmount = 0;
  binaryType = 'blob';
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  readonly sent: Uint8Array[] = [];
  onSend: ((bytes: Uint8Array) => void) | undefined;
  closedWith: number | undefined;

  constructor(readonly url: string) {}

  send(bytes: Uint8Array): void {
    const copy = bytes.slice();
    this.sent.push(copy);
    this.onSend?.(copy);
  }

  close(code = 1005): void {
    this.closedWith ??= code;
    this.readyState = 3;
  }

  /** The connection is there. */
  opens(): void {
    this.readyState = 1;
    this.onopen?.();
  }

  /** A message has come. */
  gives(bytes: Uint8Array): void {
    this.onmessage?.({ data: bytes.slice().buffer });
  }

  /** The other side, or the network, has ended it. */
  ends(code: number): void {
    this.readyState = 3;
    this.onclose?.({ code, reason: '' });
  }

  get asWebSocket(): WebSocket {
    return this as unknown as WebSocket;
  }
}

/** The host's end of a fake relay socket. */
export class HostEnd extends BaseCarrier {
  readonly writable = true;

  constructor(private readonly socket: FakeSocket) {
    super();
    socket.onSend = (bytes) => queueMicrotask(() => this.receive(bytes));
  }

  send(message: Uint8Array): void {
    const copy = message.slice();
    queueMicrotask(() => {
      if (!this.isClosed) this.socket.gives(copy);
    });
  }

  protected shut(code: number): void {
    queueMicrotask(() => this.socket.ends(code));
  }
}

/** The host's end of a first flight: what came in the POST is received, what is said streams back. */
export class FlightHostEnd extends BaseCarrier {
  readonly writable = true;
  readonly response: Response;
  #answer: ReadableStreamDefaultController<Uint8Array> | undefined;

  constructor(readonly messages: readonly Uint8Array[]) {
    super();
    const body = new ReadableStream<Uint8Array>({
      start: (answer) => void (this.#answer = answer),
    });
    this.response = new Response(body);
    for (const message of messages) queueMicrotask(() => this.receive(message));
  }

  send(message: Uint8Array): void {
    if (!this.isClosed) this.#answer?.enqueue(encodeRecord(message));
  }

  protected shut(): void {
    this.#answer?.close();
  }
}
