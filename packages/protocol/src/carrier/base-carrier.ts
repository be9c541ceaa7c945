import { LIMITS } from '../limits.js';
import type { Carrier, CarrierHandlers } from './carrier.js';

/** The common part of all carriers: keeps early messages, and tells the end once. */
export abstract class BaseCarrier implements Carrier {
  #handlers: CarrierHandlers | undefined;
  #early: Uint8Array[] = [];
  #ended: { reason: string } | undefined;
  #closedByUs = false;

  abstract send(message: Uint8Array): void;
  abstract get writable(): boolean;
  /** Closes the transport below. */
  protected abstract shut(code: number, reason: string): void;

  /** Whether either side has closed. */
  get isClosed(): boolean {
    return this.#closedByUs || this.#ended !== undefined;
  }

  start(handlers: CarrierHandlers): void {
    if (this.#handlers !== undefined) throw new Error('a carrier has one reader');
    this.#handlers = handlers;
    const early = this.#early;
    this.#early = [];
    for (const message of early) {
      if (!this.#closedByUs) handlers.message(message);
    }
    if (this.#ended !== undefined && !this.#closedByUs) handlers.close(this.#ended.reason);
  }

  close(code: number, reason: string): void {
    if (this.isClosed) return;
    this.#closedByUs = true;
    this.#early = [];
    this.shut(code, reason);
  }

  /** A message has arrived. */
  protected receive(bytes: Uint8Array): void {
    if (this.isClosed) return;
    if (bytes.byteLength > LIMITS.maxMessageBytes) return this.fail(4000, 'message too large');
    if (this.#handlers !== undefined) return this.#handlers.message(bytes);
    if (this.#early.length >= LIMITS.maxEarlyMessages)
      return this.fail(4000, 'too many early messages');
    this.#early.push(bytes);
  }

  /** The transport has ended by itself. */
  protected closed(reason: string): void {
    if (this.isClosed) return;
    this.#ended = { reason };
    this.#handlers?.close(reason);
  }

  /** There is room again. */
  protected drained(): void {
    if (!this.isClosed) this.#handlers?.writable();
  }

  /** Closes the transport because it misbehaved, and tells the reader. */
  protected fail(code: number, reason: string): void {
    if (this.isClosed) return;
    this.shut(code, reason);
    this.closed(reason);
  }
}
