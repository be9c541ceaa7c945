import { LIMITS } from '../limits.js';

/** Bytes that data channels and the relay have carried so far, both ways. */
export type Carried = Readonly<Record<'p2p' | 'relay', number>>;

/** What each path carries from look to look, in bytes a second, and what the relay is known to carry. Times are in milliseconds. */
export class CarriedRates {
  #bytes: Carried | undefined;
  #at = -Infinity;
  #now: Carried = { p2p: 0, relay: 0 };
  #relayBest = 0;
  #relaySinceTrial = 0;
  #triedAt = -Infinity;
  #rateBefore = 0;

  /** Takes the sums as they are now. */
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
   * Whether the direct path is loaded, and the relay would do better: it has carried so much more, or nobody knows, the
   * direct path is slow enough to find out, and nobody has tried for long.
   */
  isOutrun(now: number): boolean {
    const { p2p } = this.#now;
    if (p2p < LIMITS.relayTrialFrom) return false;
    if (p2p * LIMITS.relayBetter < this.#relayBest) return true;
    return p2p < LIMITS.relayTrialBelow && now - this.#triedAt >= LIMITS.relayTrialAgainMs;
  }

  /** The relay carries from now on, on trial. */
  tried(now: number): void {
    this.#triedAt = now;
    this.#rateBefore = this.#now.p2p;
    this.#relaySinceTrial = 0;
  }

  /** Whether the relay has had its time and brought hardly more: then that is what it is known to carry. */
  hasFailedTrial(now: number): boolean {
    if (now - this.#triedAt < LIMITS.relayTrialMs) return false;
    if (this.#relaySinceTrial > LIMITS.clearlyBetter * this.#rateBefore) return false;
    this.#relayBest = this.#relaySinceTrial;
    return true;
  }
}
