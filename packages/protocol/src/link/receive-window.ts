import { WingmanError } from '../errors.js';
import { LIMITS } from '../limits.js';

/** What became of an arriving frame. */
export type Arrival = 'delivered' | 'duplicate' | 'held';

/**
 * Puts numbered frames into order, each once.
 *
 * While two carriers overlap, the newer may overtake the older. Frames that come too early are held, at most as many
 * as the peer may have unacknowledged.
 */
export class ReceiveWindow {
  #expected = 0;
  #heldBytes = 0;
  readonly #held = new Map<number, Uint8Array>();
  readonly #deliver: (payload: Uint8Array) => void;

  constructor(deliver: (payload: Uint8Array) => void) {
    this.#deliver = deliver;
  }

  /** Every frame numbered below this has been delivered. */
  get received(): number {
    return this.#expected;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Takes a frame; LIMIT_EXCEEDED when it is further ahead than a correct peer can send. */
  accept(sequence: number, payload: Uint8Array): Arrival {
    if (sequence < this.#expected || this.#held.has(sequence)) return 'duplicate';
    if (sequence > this.#expected) return this.#hold(sequence, payload);
    this.#expected += 1;
    this.#deliver(payload);
    this.#deliverHeld();
    return 'delivered';
  }

  clear(): void {
    this.#held.clear();
    this.#heldBytes = 0;
  }

  #hold(sequence: number, payload: Uint8Array): Arrival {
    const maxFrames = LIMITS.retransmitFrames + LIMITS.retransmitReserveFrames;
    const bytes = this.#heldBytes + payload.byteLength;
    if (sequence - this.#expected > maxFrames || bytes > 2 * LIMITS.retransmitBytes) {
      throw new WingmanError('LIMIT_EXCEEDED', 'too many frames arrived out of order');
    }
    this.#held.set(sequence, payload);
    this.#heldBytes = bytes;
    return 'held';
  }

  #deliverHeld(): void {
    for (;;) {
      const payload = this.#held.get(this.#expected);
      if (payload === undefined) return;
      this.#held.delete(this.#expected);
      this.#heldBytes -= payload.byteLength;
      this.#expected += 1;
      this.#deliver(payload);
    }
  }
}
