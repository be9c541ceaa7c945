import { BaseCarrier } from '@wingman/protocol';

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

/** The host's end of a fake relay socket: the first flight in its URL comes first, as the splice has it. */
export class HostEnd extends BaseCarrier {
  readonly writable = true;

  constructor(private readonly socket: FakeSocket) {
    super();
    socket.onSend = (bytes) => queueMicrotask(() => this.receive(bytes));
    for (const message of firstFlight(socket.url)) queueMicrotask(() => this.receive(message));
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

/** The messages that travel in an upgrade URL. */
export function firstFlight(url: string): Uint8Array[] {
  return new URL(url).searchParams.getAll('m').map((text) => Buffer.from(text, 'base64url'));
}
