import type { Clock } from '../clock.js';
import { LIMITS } from '../limits.js';
import { DeliveryRate } from './delivery-rate.js';
import { HeldUpAnswers } from './held-up-answers.js';

/** What was known about a lane when a ping went out. The answer says that everything sent before the ping has arrived. */
export interface Mark {
  readonly sentBytes: number;
  readonly sentAt: number;
  readonly deliveredBytes: number;
  readonly deliveredAt: number;
  /** When the last frame among the delivered ones was sent. */
  readonly deliveredSentAt: number;
  /** Whether the cap was reached after the previous mark. */
  readonly isLimited: boolean;
}

/** How fast the lanes in use deliver frames. */
export interface DeliveryPace {
  /** The rate of all lanes together, in bytes a second; 0 before anything is known. */
  readonly perSecond: number;
  /** Whether the lanes were full at that rate. If not, the lanes may be faster: they had no more to deliver. */
  readonly isFull: boolean;
  /** The shortest round trip in milliseconds; null before the first answer. */
  readonly roundTripMs: number | null;
}

/** The pace of several lanes together. */
export function paceOf(flights: readonly Flight[]): DeliveryPace {
  const roundTripMs = Math.min(Infinity, ...flights.map((flight) => flight.roundTripMs));
  return {
    perSecond: flights.reduce((sum, flight) => sum + flight.perSecond, 0),
    isFull: flights.length > 0 && flights.every((flight) => flight.isFull),
    roundTripMs: roundTripMs === Infinity ? null : roundTripMs,
  };
}

/** A cap is divided among this many marks. Each answer makes room for a small part, so the lane never runs dry. */
const MARKS_IN_CAP = 8;
/** The least between two marks, in bytes. */
const MARK_BYTES = 16 * 1024;
/** The start is over when answers take this many times as long as the shortest: a queue has begun. */
const QUEUE_BEGINS = 1.5;

/**
 * The frames under way on one lane, and how many bytes of them there may be. The cap is a little more than the lane
 * delivers in its shortest round trip, as in BBR (Cardwell and others, 2016), or in its usual one where losses hold up a
 * stream. So the lane is always busy, and neither the engine's queue nor the queue at the bottleneck fills. Pings among
 * the frames measure the rate and the round trip.
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
  readonly #heldUp: HeldUpAnswers | undefined;

  /** `isOverTcp` says that the lane's carrier is a stream, in which a lost packet holds up all that was sent after it. */
  constructor(
    private readonly clock: Clock,
    isOverTcp = false,
  ) {
    if (isOverTcp) this.#heldUp = new HeldUpAnswers();
    this.#rate = new DeliveryRate(clock);
    this.#deliveredAt = this.#deliveredSentAt = clock.now();
  }

  /** Bytes that were sent on this lane and are not known to have arrived. */
  get bytes(): number {
    return this.#sentBytes - this.#deliveredBytes;
  }

  /** How many bytes may be under way. Before the first answer nothing is known, and no answer may ever come. */
  get capBytes(): number {
    if (this.#baseMs === Infinity) return Infinity;
    const { isStarting, perSecond } = this.#rate;
    const gain = isStarting ? LIMITS.flightStartGain : LIMITS.flightGain;
    const spanMs = this.#heldUp?.usualMs ?? this.#baseMs;
    const bytes = (perSecond * (gain * spanMs + LIMITS.flightSlackMs)) / 1000;
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

  /** Whether `perSecond` is all that the lane can deliver, as far as is known. */
  get isFull(): boolean {
    return !this.#rate.isStarting;
  }

  /** The shortest round trip in milliseconds; Infinity before the first answer. */
  get roundTripMs(): number {
    return this.#baseMs;
  }

  /** An answer that takes longer than this has met a queue, or a loss. */
  get lateMs(): number {
    return QUEUE_BEGINS * this.#baseMs + 2 * LIMITS.flightSlackMs;
  }

  /** Whether a ping should follow what was sent. Only an answer makes room again. */
  get isMarkDue(): boolean {
    const unmarked = this.#sentBytes - this.#markedBytes;
    if (unmarked === 0) return false;
    // A mark is due without a cap, too: the first answer may bring a cap that is reached already.
    const cap = Math.min(this.capBytes, MARKS_IN_CAP * LIMITS.flightLeastBytes);
    return this.bytes >= this.capBytes || unmarked >= Math.max(MARK_BYTES, cap / MARKS_IN_CAP);
  }

  /** A frame of this many bytes goes out. */
  add(bytes: number): void {
    // The time of a pause must not count as time that these frames took.
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

  /** The ping of this mark is answered. */
  answered(mark: Mark): void {
    const now = this.clock.now();
    const roundTripMs = now - mark.sentAt;
    this.#baseMs = Math.min(this.#baseMs, roundTripMs);
    this.#heldUp?.add(roundTripMs, this.#baseMs);
    if (roundTripMs > this.lateMs) this.#rate.full();
    if (mark.sentBytes <= this.#deliveredBytes) return;
    this.#deliveredBytes = mark.sentBytes;
    this.#deliveredAt = now;
    this.#deliveredSentAt = mark.sentAt;
    this.#rate.add({
      bytes: mark.sentBytes - mark.deliveredBytes,
      // Answers that were held up come all at once. Frames can't arrive faster than they were sent.
      elapsedMs: Math.max(now - mark.deliveredAt, mark.sentAt - mark.deliveredSentAt),
      isLimited: mark.isLimited,
      ...{ deliveredBefore: mark.deliveredBytes, delivered: mark.sentBytes },
    });
  }
}
