import { WingmanError } from '../errors.js';
import type { Clock } from '../clock.js';
import { LIMITS } from '../limits.js';

/** Counts a peer's resets, so that opening and resetting in a loop can't keep the other side busy (CVE-2023-44487). */
export class ResetBudget {
  #windowStart: number;
  #count = 0;

  constructor(private readonly clock: Clock) {
    this.#windowStart = clock.now();
  }

  /** The peer has reset a stream; LIMIT_EXCEEDED when it does nothing else. */
  spend(): void {
    if (this.clock.now() - this.#windowStart > LIMITS.resetWindowMs) {
      this.#windowStart = this.clock.now();
      this.#count = 0;
    }
    this.#count += 1;
    if (this.#count > LIMITS.maxResetsPerWindow) {
      throw new WingmanError('LIMIT_EXCEEDED', 'too many streams reset');
    }
  }
}
