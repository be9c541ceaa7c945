/** The callbacks of the layer above a carrier. */
export interface CarrierHandlers {
  message(bytes: Uint8Array): void;
  /** The carrier has ended by itself or by the peer. Our own `close` is not told. */
  close(reason: string): void;
  /** `writable` has become true again. */
  writable(): void;
}

/**
 * One message transport that can die.
 *
 * A carrier keeps message boundaries and order while it lives. It may vanish at any moment, and the messages that
 * were sent last may be lost.
 */
export interface Carrier {
  /** Sends one message of at most LIMITS.maxMessageBytes. A closed carrier drops it silently. Never throws. */
  send(message: Uint8Array): void;
  /** False while more than the high-water mark waits to be sent. */
  readonly writable: boolean;
  /** Sets the reader, once. Messages that came before are delivered now. */
  start(handlers: CarrierHandlers): void;
  /** Closes the carrier; idempotent. The code is one of CloseCode, for transports that can carry a code. */
  close(code: number, reason: string): void;
}
