import type { Clock } from '../clock.js';
import { WingmanError } from '../errors.js';
import { LIMITS } from '../limits.js';

/** Counts a peer's resets, because a peer that opens and resets in a loop would keep us busy (CVE-2023-44487). */
export class ResetBudget {
  #windowStart: number;
  #count = 0;

  constructor(private readonly clock: Clock) {
    this.#windowStart = clock.now();
  }

  /** The peer has reset a stream; LIMIT_EXCEEDED when the peer has reset too many in this window. */
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
