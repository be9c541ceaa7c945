import type { Carrier, CarrierHandlers } from '../carrier/carrier.js';
import type { Clock, Timer } from '../clock.js';
import { CloseCode, WingmanError } from '../errors.js';
import { LIMITS } from '../limits.js';

/** Reads a carrier message by message during a handshake, then hands it on. */
export class HandshakeInbox {
  readonly #messages: Uint8Array[] = [];
  #reader: { resolve(message: Uint8Array): void; reject(error: WingmanError): void } | undefined;
  #error: WingmanError | undefined;
  #next: CarrierHandlers | undefined;
  #deadline: Timer | undefined;

  constructor(
    private readonly carrier: Carrier,
    clock: Clock,
    deadlineMs: number | undefined,
  ) {
    if (deadlineMs !== undefined) {
      this.#deadline = clock.setTimeout(() => {
        this.fail(new WingmanError('TIMEOUT', 'the handshake took too long'));
      }, deadlineMs);
    }
    carrier.start({
      message: (message) => this.#receive(message),
      close: (reason) => this.#closed(reason),
      writable: () => this.#next?.writable(),
    });
  }

  /** The next message. Rejects when the carrier ends or the deadline passes. */
  next(): Promise<Uint8Array> {
    const message = this.#messages.shift();
    if (message !== undefined) return Promise.resolve(message);
    if (this.#error !== undefined) return Promise.reject(this.#error);
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject };
    });
  }

  /** Ends the handshake with success. All messages, also those that have come already, go to these handlers. */
  handOver(handlers: CarrierHandlers): void {
    this.#deadline?.cancel();
    this.#next = handlers;
    for (const message of this.#messages.splice(0)) handlers.message(message);
    if (this.#error !== undefined) handlers.close(this.#error.message);
  }

  /** Ends the handshake with a failure and closes the carrier. */
  fail(error: WingmanError): void {
    if (this.#error !== undefined || this.#next !== undefined) return;
    this.#error = error;
    this.#deadline?.cancel();
    // A silent peer has refused nothing: it may be asleep.
    const code = error.code === 'TIMEOUT' ? CloseCode.DEAD_PEER : CloseCode.HANDSHAKE_FAILED;
    this.carrier.close(code, error.code);
    this.#reader?.reject(error);
  }

  #receive(message: Uint8Array): void {
    if (this.#next !== undefined) return this.#next.message(message);
    if (this.#reader !== undefined) {
      this.#reader.resolve(message);
      this.#reader = undefined;
    } else if (this.#messages.length < LIMITS.maxEarlyMessages) {
      this.#messages.push(message);
    } else {
      this.fail(new WingmanError('LIMIT_EXCEEDED', 'too many messages before the proof'));
    }
  }

  #closed(reason: string): void {
    if (this.#next !== undefined) return this.#next.close(reason);
    this.#error ??= new WingmanError('CARRIER_CLOSED', reason);
    this.#deadline?.cancel();
    this.#reader?.reject(this.#error);
  }
}
