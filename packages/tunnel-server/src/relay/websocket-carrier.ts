import { BaseCarrier, LIMITS } from '@wingman/protocol';
import type { WebSocket } from 'ws';
import { asBytes } from '../signaling/signaling-socket.js';

/** A carrier over a WebSocket of ours that is open. */
export class WebSocketCarrier extends BaseCarrier {
  readonly #socket: WebSocket;
  #wasFull = false;

  /** `early` are messages that came before and are delivered first. */
  constructor(socket: WebSocket, early: readonly Uint8Array[] = []) {
    super();
    this.#socket = socket;
    for (const message of early) this.receive(message);
    socket.on('message', (data, isBinary) => {
      if (isBinary) this.receive(asBytes(data));
      else this.fail(4000, 'carriers are binary');
    });
    socket.on('close', (code) => this.closed(`WebSocket closed with ${code}`));
    socket.on('error', () => undefined);
    if (socket.readyState >= socket.CLOSING) this.closed('WebSocket is closed');
  }

  get writable(): boolean {
    return this.#socket.bufferedAmount < LIMITS.carrierHighWaterBytes;
  }

  send(message: Uint8Array): void {
    if (this.isClosed) return;
    this.#socket.send(message, { binary: true }, () => this.#sent());
    if (!this.writable) this.#wasFull = true;
  }

  protected shut(code: number, reason: string): void {
    this.#socket.close(code, reason);
  }

  #sent(): void {
    if (!this.#wasFull || this.#socket.bufferedAmount > LIMITS.carrierLowWaterBytes) return;
    this.#wasFull = false;
    this.drained();
  }
}
