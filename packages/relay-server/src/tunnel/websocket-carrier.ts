import { BaseCarrier, CloseCode, LIMITS } from '@wingman/protocol';
import type { RawData, WebSocket } from 'ws';

/** An open WebSocket as a Carrier. Its `maxPayload` should be LIMITS.maxMessageBytes. */
export class WebSocketCarrier extends BaseCarrier {
  readonly #socket: WebSocket;
  #wasFull = false;

  #preface: ((bytes: Uint8Array) => void) | undefined;

  /** `preface` takes the first message, which is none of the carrier's; throwing ends the carrier. */
  constructor(socket: WebSocket, preface?: (bytes: Uint8Array) => void) {
    super();
    this.#socket = socket;
    this.#preface = preface;
    socket.on('message', (data, isBinary) => {
      if (isBinary) this.#arrived(bytesOf(data));
      else this.fail(CloseCode.PROTOCOL, 'a text message');
    });
    socket.once('close', (code, reason) => this.closed(reason.toString() || `closed (${code})`));
    // `ws` closes the socket after every error.
    socket.on('error', () => undefined);
  }

  get writable(): boolean {
    return !this.isClosed && this.#socket.bufferedAmount < LIMITS.carrierHighWaterBytes;
  }

  send(message: Uint8Array): void {
    if (this.isClosed) return;
    this.#socket.send(message, () => this.#flushed());
    if (!this.writable) this.#wasFull = true;
  }

  protected shut(code: number, reason: string): void {
    this.#socket.close(code, reason);
  }

  #arrived(bytes: Uint8Array): void {
    const preface = this.#preface;
    this.#preface = undefined;
    if (preface === undefined) return this.receive(bytes);
    try {
      preface(bytes);
    } catch {
      this.fail(CloseCode.PROTOCOL, 'a malformed preface');
    }
  }

  #flushed(): void {
    if (!this.#wasFull || this.#socket.bufferedAmount > LIMITS.carrierLowWaterBytes) return;
    this.#wasFull = false;
    this.drained();
  }
}

function bytesOf(data: RawData): Uint8Array {
  const buffer = Array.isArray(data) ? Buffer.concat(data) : data;
  return Buffer.isBuffer(buffer)
    ? new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
    : new Uint8Array(buffer);
}
