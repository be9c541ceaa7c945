import type { Clock, Timer } from '../clock.js';
import { WingmanError } from '../errors.js';
import type { FairShare } from '../fair-share.js';
import { LIMITS } from '../limits.js';

/** A masked control frame without its payload (RFC 6455 section 5.2). */
const CONTROL_FRAME_BYTES = 6;

/**
 * Counts the memory of one WebSocket whose library puts messages together, and takes it from what all sockets share.
 * `refuse` is called once: with LIMIT_EXCEEDED when the socket holds more than its share, or with TIMEOUT when a
 * message has begun and isn't whole after LIMITS.webSocketMessageMs.
 */
export class MessageMeter {
  /** The bytes that have come since the last whole message, and their cost. */
  #bytes = 0;
  #cost = 0;
  /** That cost, and the cost of whole messages that have not been handed on. */
  #held = 0;
  #deadline: Timer | undefined;
  #isRefused = false;

  constructor(
    private readonly share: FairShare<MessageMeter>,
    private readonly clock: Clock,
    private readonly refuse: (error: WingmanError) => void,
  ) {}

  /** A chunk has come from the network. Must be called before the library gets the chunk. */
  received(bytes: number): void {
    const cost = bytes + LIMITS.webSocketChunkBytes;
    this.#bytes += bytes;
    this.#cost += cost;
    this.#held += cost;
    this.share.take(this, cost);
    this.#deadline ??= this.clock.setTimeout(
      () => this.#refuse(new WingmanError('TIMEOUT', 'a message took too long')),
      LIMITS.webSocketMessageMs,
    );
    if (this.#held <= LIMITS.webSocketFloorBytes || this.share.allows(this)) return;
    this.#refuse(new WingmanError('LIMIT_EXCEEDED', 'messages take too much memory'));
  }

  /** A control frame was part of what has come. `payload` is its length in bytes. */
  control(payload: number): void {
    this.#bytes -= CONTROL_FRAME_BYTES + payload;
    if (this.#bytes <= 0) this.#give(this.#finish());
  }

  /** A message is whole. The caller calls the result once the message has been handed on or dropped. */
  completed(): () => void {
    const cost = this.#finish();
    return () => this.#give(cost);
  }

  /** The socket has closed. */
  close(): void {
    this.#give(this.#finish());
  }

  /** Starts the count anew, and returns the cost so far. */
  #finish(): number {
    const cost = this.#cost;
    this.#bytes = 0;
    this.#cost = 0;
    this.#deadline?.cancel();
    this.#deadline = undefined;
    return cost;
  }

  #give(cost: number): void {
    this.#held -= cost;
    this.share.give(this, cost);
  }

  #refuse(error: WingmanError): void {
    if (this.#isRefused) return;
    this.#isRefused = true;
    this.refuse(error);
  }
}
