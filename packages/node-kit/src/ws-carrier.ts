import { BaseCarrier, CloseCode, LIMITS } from '@wingman/protocol';
import type { WebSocket } from 'ws';
import { bytesOf } from './ws-messages.js';

export interface WsCarrierOptions {
  /** Messages that came before; they are delivered first. */
  readonly early?: readonly Uint8Array[];
  /** Takes the first message, which is none of the carrier's; the carrier ends when it throws. */
  readonly preface?: (bytes: Uint8Array) => void;
}

/** An open WebSocket of the `ws` library as a carrier. Its `maxPayload` should be LIMITS.maxMessageBytes. */
export class WsCarrier extends BaseCarrier {
  readonly #socket: WebSocket;
  #preface: WsCarrierOptions['preface'];
  #wasFull = false;

  constructor(socket: WebSocket, { early = [], preface }: WsCarrierOptions = {}) {
    super();
    this.#socket = socket;
    this.#preface = preface;
    for (const message of early) this.#arrived(message);
    socket.on('message', (data, isBinary) => {
      if (isBinary) this.#arrived(bytesOf(data));
      else this.fail(CloseCode.PROTOCOL, 'carriers are binary');
    });
    socket.once('close', (code, reason) => this.closed(reason.toString() || `closed (${code})`));
    // `close` follows every error.
    socket.on('error', () => undefined);
    if (socket.readyState >= socket.CLOSING) this.closed('the WebSocket is closed');
  }

  get writable(): boolean {
    return !this.isClosed && this.#socket.bufferedAmount < LIMITS.carrierHighWaterBytes;
  }

  send(message: Uint8Array): void {
    if (this.isClosed) return;
    this.#socket.send(message, () => this.#sent());
    if (!this.writable) this.#wasFull = true;
  }

  protected shut(code: number, reason: string): void {
    this.#socket.close(code, reason);
  }

  #arrived(bytes: Uint8Array): void {
    const preface = this.#preface;
    this.#preface = undefined;
    if (preface === undefined) return this.receive(plain(bytes));
    try {
      preface(bytes);
    } catch {
      this.fail(CloseCode.PROTOCOL, 'a malformed preface');
    }
  }

  #sent(): void {
    if (!this.#wasFull || this.#socket.bufferedAmount > LIMITS.carrierLowWaterBytes) return;
    this.#wasFull = false;
    this.drained();
  }
}

/** A view without Buffer's own methods, some of which differ from those of Uint8Array. */
function plain({ buffer, byteOffset, byteLength }: Uint8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
