import { LIMITS } from '../limits.js';
import { median } from './median.js';

/** Bytes that data channels and the relay have carried so far, both ways. */
export type Carried = Readonly<Record<'p2p' | 'relay', number>>;

/** How many looks say what a path carries as a rule: as many as a trial has. A window that falls and grows makes single ones differ by half. */
const LOOKS = 4;
/**
 * A look in which the relay carries less than this share of what the direct path did before the trial is a pause of the app.
 * Before any trial the share is of what the relay carries as a rule: nobody knows then that it was loaded.
 */
const PAUSE = 0.5;

/** What each path has carried between two looks, in bytes a second, and what the relay is known to carry. Times are in milliseconds. */
export class CarriedRates {
  #bytes: Carried | undefined;
  #at = -Infinity;
  #now: Carried = { p2p: 0, relay: 0 };
  /** The last looks at the direct path. */
  #direct: readonly number[] = [];
  /** The last looks at the relay, without pauses: since it has carried at all, or since the last trial began. */
  #relay: readonly number[] = [];
  #triedAt = -Infinity;
  #rateBefore = 0;

  /** Takes the present sums of bytes. */
  look(now: number, bytes: Carried): void {
    const before = this.#bytes ?? bytes;
    const rate = (kind: keyof Carried): number =>
      Math.max(0, ((bytes[kind] - before[kind]) * 1000) / Math.max(1, now - this.#at));
    this.#now = { p2p: rate('p2p'), relay: rate('relay') };
    this.#bytes = bytes;
    this.#at = now;
    this.#direct = [...this.#direct, this.#now.p2p].slice(-LOOKS);
    const compared = this.#rateBefore > 0 ? this.#rateBefore : this.#relayUsual;
    // Beside a direct path the relay carries signs of life only.
    const isPause = this.#now.relay < Math.max(LIMITS.relayTrialFromFar, PAUSE * compared);
    if (!isPause) this.#relay = [...this.#relay, this.#now.relay].slice(-LOOKS);
  }

  /**
   * Whether the direct path is loaded and the relay would do better. Either the relay has carried clearly more before, or
   * the direct path is slow enough for a trial of the relay and the last trial was long ago. A far path, with a long
   * round trip, is slow at higher rates: its windows fall with a loss and take long to grow.
   */
  isOutrun(now: number, isFar: boolean): boolean {
    const { p2p } = this.#now;
    const from = isFar ? LIMITS.relayTrialFromFar : LIMITS.relayTrialFrom;
    const below = isFar ? LIMITS.relayTrialBelowFar : LIMITS.relayTrialBelow;
    if (p2p < from) return false;
    if (p2p * LIMITS.relayBetter < this.#relayUsual) return true;
    return p2p < below && now - this.#triedAt >= LIMITS.relayTrialAgainMs;
  }

  /** A trial of the relay begins: the relay carries from now on. */
  tried(now: number): void {
    this.#triedAt = now;
    this.#rateBefore = median(this.#direct) ?? 0;
    this.#relay = [];
  }

  /**
   * Whether the trial is over and the relay carries hardly more. The relay is judged for as long as it carries. One that has
   * passed and carries less later may be tried again soon: its window has fallen, or the app has asked for less.
   */
  hasFailedTrial(now: number): boolean {
    const elapsed = now - this.#triedAt;
    if (elapsed < LIMITS.relayTrialMs) return false;
    if (this.#relayUsual > LIMITS.clearlyBetter * this.#rateBefore) return false;
    if (elapsed >= LIMITS.relayTrialMs + LIMITS.qualityLookMs) this.#triedAt = -Infinity;
    return true;
  }

  get #relayUsual(): number {
    return median(this.#relay) ?? 0;
  }
}
