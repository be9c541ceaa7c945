import type { Clock } from '../clock.js';
import { LIMITS } from '../limits.js';
import { DeliveryRate } from './delivery-rate.js';

/** What was known of a lane when a ping went out; the answer says that everything before it has arrived. */
export interface Mark {
  readonly sentBytes: number;
  readonly sentAt: number;
  readonly deliveredBytes: number;
  readonly deliveredAt: number;
  /** When the last of what had been delivered by then was sent. */
  readonly deliveredSentAt: number;
  /** Whether the cap was reached since the mark before. */
  readonly isLimited: boolean;
}

/** Marks in what a cap allows: each answer makes room for so small a part that the lane never runs dry. */
const MARKS_IN_CAP = 8;
/** …and the least between two marks, in bytes. */
const MARK_BYTES = 16 * 1024;
/** The start is over when answers take this many times as long as the shortest: a queue has begun. */
const QUEUE_BEGINS = 1.5;

/**
 * The frames under way on one lane, and how many bytes of them there may be. The cap is a little more than the lane
 * delivers in its shortest round trip, as in BBR (Cardwell and others, 2016). So the lane is always busy, and no queue
 * fills: neither the engine's nor that of the bottleneck. Pings among the frames measure both.
 */
export class Flight {
  readonly #rate: DeliveryRate;
  #sentBytes = 0;
  #markedBytes = 0;
  #deliveredBytes = 0;
  #deliveredAt: number;
  #deliveredSentAt: number;
  #isLimited = false;
  #baseMs = Infinity;

  constructor(private readonly clock: Clock) {
    this.#rate = new DeliveryRate(clock);
    this.#deliveredAt = this.#deliveredSentAt = clock.now();
  }

  /** Bytes that were sent here and are not known to have arrived. */
  get bytes(): number {
    return this.#sentBytes - this.#deliveredBytes;
  }

  /** How many bytes may be under way. Before the first answer nothing is known, and no answer may ever come. */
  get capBytes(): number {
    if (this.#baseMs === Infinity) return Infinity;
    const { isStarting, perSecond } = this.#rate;
    const gain = isStarting ? LIMITS.flightStartGain : LIMITS.flightGain;
    const bytes = (perSecond * (gain * this.#baseMs + LIMITS.flightSlackMs)) / 1000;
    const least = isStarting ? LIMITS.flightStartBytes : LIMITS.flightLeastBytes;
    return Math.min(LIMITS.retransmitBytes, Math.max(least, bytes));
  }

  /** The share of the cap that is under way: 1 when there is no room. */
  get load(): number {
    return this.bytes / this.capBytes;
  }

  /** The delivery rate in bytes a second; 0 before anything is known. */
  get perSecond(): number {
    return this.#rate.perSecond;
  }

  /** Whether a ping should follow what was sent. Only an answer makes room again. */
  get isMarkDue(): boolean {
    const unmarked = this.#sentBytes - this.#markedBytes;
    if (unmarked === 0) return false;
    // Without a cap, too: the first answer may bring one that is full.
    const cap = Math.min(this.capBytes, MARKS_IN_CAP * LIMITS.flightLeastBytes);
    return this.bytes >= this.capBytes || unmarked >= Math.max(MARK_BYTES, cap / MARKS_IN_CAP);
  }

  /** A frame of so many bytes goes out. */
  add(bytes: number): void {
    // After a pause the time of the pause is not the frames'.
    if (this.bytes === 0) this.#deliveredAt = this.#deliveredSentAt = this.clock.now();
    this.#sentBytes += bytes;
    if (this.bytes >= this.capBytes) this.#isLimited = true;
  }

  /** A ping goes out. */
  mark(): Mark {
    const mark = {
      ...{ sentBytes: this.#sentBytes, sentAt: this.clock.now() },
      ...{ deliveredBytes: this.#deliveredBytes, deliveredAt: this.#deliveredAt },
      ...{ deliveredSentAt: this.#deliveredSentAt, isLimited: this.#isLimited },
    };
    this.#markedBytes = this.#sentBytes;
    this.#isLimited = false;
    return mark;
  }

  /** That ping is answered. */
  answered(mark: Mark): void {
    const now = this.clock.now();
    const roundTripMs = now - mark.sentAt;
    this.#baseMs = Math.min(this.#baseMs, roundTripMs);
    if (roundTripMs > QUEUE_BEGINS * this.#baseMs + 2 * LIMITS.flightSlackMs) this.#rate.full();
    if (mark.sentBytes <= this.#deliveredBytes) return;
    this.#deliveredBytes = mark.sentBytes;
    this.#deliveredAt = now;
    this.#deliveredSentAt = mark.sentAt;
    this.#rate.add({
      bytes: mark.sentBytes - mark.deliveredBytes,
      // Answers that were held up come together, and frames leave no faster than they were sent.
      elapsedMs: Math.max(now - mark.deliveredAt, mark.sentAt - mark.deliveredSentAt),
      isLimited: mark.isLimited,
      ...{ deliveredBefore: mark.deliveredBytes, delivered: mark.sentBytes },
    });
  }
}
