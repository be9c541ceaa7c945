import type { Carrier, CarrierHandlers } from '../carrier/carrier.js';

/** A carrier whose peer has been proved by the handshake. Messages pass unchanged: DTLS encrypts them. */
export class ProvenCarrier implements Carrier {
  #handlers: CarrierHandlers | undefined;
  readonly #early: Uint8Array[] = [];
  #ended: string | undefined;

  constructor(private readonly below: Carrier) {}

  get writable(): boolean {
    return this.below.writable;
  }

  send(message: Uint8Array): void {
    this.below.send(message);
  }

  start(handlers: CarrierHandlers): void {
    this.#handlers = handlers;
    for (const message of this.#early.splice(0)) handlers.message(message);
    if (this.#ended !== undefined) handlers.close(this.#ended);
  }

  close(code: number, reason: string): void {
    this.below.close(code, reason);
  }

  /** A message has come from the carrier below. */
  receive(message: Uint8Array): void {
    if (this.#handlers === undefined) this.#early.push(message);
    else this.#handlers.message(message);
  }

  end(reason: string): void {
    this.#ended = reason;
    this.#handlers?.close(reason);
  }

  drained(): void {
    this.#handlers?.writable();
  }
}
