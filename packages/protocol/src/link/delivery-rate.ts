import type { Clock } from '../clock.js';

/** What one answered ping says about the rate. */
export interface RateSample {
  readonly bytes: number;
  readonly elapsedMs: number;
  /** Whether the lane's cap held frames back. If not, the app may have been slower than the lane. */
  readonly isLimited: boolean;
  /** All bytes that the lane had delivered when the ping went out, and when it was answered. */
  readonly deliveredBefore: number;
  readonly delivered: number;
}

/**
 * How long a rate counts, in milliseconds. BBR takes ten round trips. This is longer, because late answers alone make a
 * rate fall (threads take turns, and a loss holds up the frames behind it), and the cap must not fall at once.
 */
const WINDOW_MS = 2_000;
/** The start is over after this many rounds in which the rate did not grow by the factor below (BBR: the pipe is full). */
const FULL_ROUNDS = 3;
const GROWTH = 1.25;

/** The rate at which a lane delivers, in bytes a second: the highest of the last seconds. */
export class DeliveryRate {
  /** Rates and when each was measured. Each rate is lower than the one before, so the first is the highest. */
  #best: { perSecond: number; at: number }[] = [];
  #roundEnd = 0;
  #fullRate = 0;
  #fullRounds = 0;

  constructor(private readonly clock: Clock) {}

  get perSecond(): number {
    return this.#best[0]?.perSecond ?? 0;
  }

  /** Whether the lane may still be able to deliver far more than this rate. */
  get isStarting(): boolean {
    return this.#fullRounds < FULL_ROUNDS;
  }

  /** A queue has begun, so the lane delivers as much as it can. */
  full(): void {
    if (this.#fullRate > 0) this.#fullRounds = FULL_ROUNDS;
  }

  add(sample: RateSample): void {
    const perSecond = (sample.bytes * 1000) / Math.max(1, sample.elapsedMs);
    // A lower rate proves nothing when the app sent less than the lane could deliver.
    if (sample.isLimited || perSecond > this.perSecond) this.#keep(perSecond);
    if (sample.deliveredBefore < this.#roundEnd) return;
    this.#roundEnd = sample.delivered;
    if (sample.isLimited && this.isStarting) this.#countRound();
  }

  #keep(perSecond: number): void {
    const now = this.clock.now();
    const isKept = (known: { perSecond: number; at: number }): boolean =>
      known.at >= now - WINDOW_MS && known.perSecond > perSecond;
    this.#best = [...this.#best.filter(isKept), { perSecond, at: now }];
  }

  #countRound(): void {
    if (this.perSecond >= GROWTH * this.#fullRate) {
      this.#fullRate = this.perSecond;
      this.#fullRounds = 0;
    } else this.#fullRounds += 1;
  }
}
