import { LIMITS } from '../limits.js';

/** Bytes that data channels and the relay have carried so far, both ways. */
export type Carried = Readonly<Record<'p2p' | 'relay', number>>;

/** What each path has carried between two looks, in bytes a second, and what the relay is known to carry. Times are in milliseconds. */
export class CarriedRates {
  #bytes: Carried | undefined;
  #at = -Infinity;
  #now: Carried = { p2p: 0, relay: 0 };
  #relayBest = 0;
  #relaySinceTrial = 0;
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
    this.#relayBest = Math.max(this.#relayBest, this.#now.relay);
    this.#relaySinceTrial = Math.max(this.#relaySinceTrial, this.#now.relay);
  }

  /**
   * Whether the direct path is loaded and the relay would do better. Either the relay has carried clearly more before, or
   * the direct path is slow enough for a trial of the relay and the last trial was long ago. A far path, with a long
   * round trip, is slow at higher rates: its windows fall with a loss and take long to grow.
   */
  isOutrun(now: number, isFar: boolean): boolean {
    const { p2p } = this.#now;
    const { relayTrialFrom, relayTrialBelow, relayTrialFromFar, relayTrialBelowFar } = LIMITS;
    if (p2p < (isFar ? relayTrialFromFar : relayTrialFrom)) return false;
    if (p2p * LIMITS.relayBetter < this.#relayBest) return true;
    return (
      p2p < (isFar ? relayTrialBelowFar : relayTrialBelow) &&
      now - this.#triedAt >= LIMITS.relayTrialAgainMs
    );
  }

  /** A trial of the relay begins: the relay carries from now on. */
  tried(now: number): void {
    this.#triedAt = now;
    this.#rateBefore = this.#now.p2p;
    this.#relaySinceTrial = 0;
  }

  /** Whether the trial is over and the relay has carried hardly more. If so, the relay is known to carry just this. */
  hasFailedTrial(now: number): boolean {
    if (now - this.#triedAt < LIMITS.relayTrialMs) return false;
    if (this.#relaySinceTrial > LIMITS.clearlyBetter * this.#rateBefore) return false;
    this.#relayBest = this.#relaySinceTrial;
    return true;
  }
}
