import { WingmanError } from '../errors.js';
import { LIMITS } from '../limits.js';
import { FOLLOWS_NONE } from '../wire/link-frame.js';

/** What became of an arriving frame. */
export type Arrival = 'delivered' | 'overtaking' | 'duplicate' | 'held';

/**
 * Puts numbered frames into order, each once.
 *
 * While two carriers overlap, the newer may overtake the older. Frames that come too early are held, at most as many
 * as the peer may have unacknowledged. A frame that has to follow one other alone is delivered once that one is, and then
 * only its number is held.
 */
export class ReceiveWindow {
  #expected = 0;
  #heldBytes = 0;
  /** By number: what waits for its turn; undefined where it has been delivered. */
  readonly #held = new Map<number, Uint8Array | undefined>();
  /** By the number of the frame that it follows: the number of a frame that is held. */
  readonly #followers = new Map<number, number>();
  readonly #deliver: (payload: Uint8Array, isOvertaking: boolean) => void;

  constructor(deliver: (payload: Uint8Array, isOvertaking: boolean) => void) {
    this.#deliver = deliver;
  }

  /** Every frame numbered below this has been delivered. */
  get received(): number {
    return this.#expected;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /**
   * Takes a frame, which has to follow the one with the number `follows`, or all before it. LIMIT_EXCEEDED when the frame is
   * further ahead than a correct peer can send.
   */
  accept(sequence: number, payload: Uint8Array, follows?: number): Arrival {
    if (sequence < this.#expected || this.#held.has(sequence)) return 'duplicate';
    if (sequence > this.#expected) return this.#early(sequence, payload, follows);
    this.#expected += 1;
    this.#deliver(payload, false);
    this.#deliverFollowersOf(sequence);
    this.#deliverHeld();
    return 'delivered';
  }

  clear(): void {
    this.#held.clear();
    this.#followers.clear();
    this.#heldBytes = 0;
  }

  #early(sequence: number, payload: Uint8Array, follows?: number): Arrival {
    this.#hold(sequence, payload);
    if (follows === undefined) return 'held';
    if (this.#isDelivered(follows)) {
      this.#overtake(sequence, payload);
      this.#deliverFollowersOf(sequence);
      return 'overtaking';
    }
    this.#followers.set(follows, sequence);
    return 'held';
  }

  #hold(sequence: number, payload: Uint8Array): void {
    const maxFrames = LIMITS.retransmitFrames + LIMITS.retransmitReserveFrames;
    const bytes = this.#heldBytes + payload.byteLength;
    if (sequence - this.#expected > maxFrames || bytes > 2 * LIMITS.retransmitBytes) {
      throw new WingmanError('LIMIT_EXCEEDED', 'too many frames arrived out of order');
    }
    this.#held.set(sequence, payload);
    this.#heldBytes = bytes;
  }

  #isDelivered(sequence: number): boolean {
    const isMarked = this.#held.has(sequence) && this.#held.get(sequence) === undefined;
    return sequence === FOLLOWS_NONE || sequence < this.#expected || isMarked;
  }

  /** Delivers a held frame before its turn. */
  #overtake(sequence: number, payload: Uint8Array): void {
    this.#held.set(sequence, undefined);
    this.#heldBytes -= payload.byteLength;
    this.#deliver(payload, true);
  }

  /** Delivers what has waited for a frame alone, what has waited for that, and so on. */
  #deliverFollowersOf(delivered: number): void {
    for (let last = delivered; ;) {
      const next = this.#followers.get(last);
      const payload = next === undefined ? undefined : this.#held.get(next);
      this.#followers.delete(last);
      if (next === undefined || payload === undefined) return;
      this.#overtake(next, payload);
      last = next;
    }
  }

  #deliverHeld(): void {
    while (this.#held.has(this.#expected)) {
      const sequence = this.#expected;
      const payload = this.#held.get(sequence);
      this.#held.delete(sequence);
      this.#expected += 1;
      if (payload === undefined) continue;
      this.#heldBytes -= payload.byteLength;
      this.#deliver(payload, false);
      this.#deliverFollowersOf(sequence);
    }
  }
}
