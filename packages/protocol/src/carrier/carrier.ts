/** What the layer above a carrier is told. */
export interface CarrierHandlers {
  message(bytes: Uint8Array): void;
  /** The carrier is gone, and not by our own `close`. */
  close(reason: string): void;
  /** `writable` has become true again. */
  writable(): void;
}

/**
 * One message transport that can die.
 *
 * It keeps message boundaries and order while it lives. It is never trusted to deliver: it may
 * vanish at any moment, and what was sent last may be lost with it.
 */
export interface Carrier {
  /** Sends one message of at most LIMITS.maxMessageBytes; drops it silently once closed. Never throws. */
  send(message: Uint8Array): void;
  /** False while more than the high-water mark waits below us. */
  readonly writable: boolean;
  /** Names the reader, once; messages that came before are delivered now. */
  start(handlers: CarrierHandlers): void;
  /** Closes; idempotent. The code is one of CloseCode where the transport can carry it. */
  close(code: number, reason: string): void;
}
