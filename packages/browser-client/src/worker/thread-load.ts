import type { Clock } from '@wingman/protocol';
import { BROWSER_LIMITS } from '../shared/limits.js';

/**
 * Tells whether this thread is behind with its work. Then the processor is what a page waits for, and not the network: bytes
 * that were saved would not be missed, and undoing a coding takes several more turns of this thread.
 */
export class ThreadLoad {
  #askedAt: number | undefined;
  #lastMs = 0;

  constructor(private readonly clock: Clock) {}

  /** Whether the last turn of this thread that was asked for has come late, or is late now. Asks for another one. */
  get isBehind(): boolean {
    const waitedMs = this.#askedAt === undefined ? 0 : this.clock.now() - this.#askedAt;
    this.#ask();
    return Math.max(this.#lastMs, waitedMs) > BROWSER_LIMITS.threadBehindMs;
  }

  #ask(): void {
    if (this.#askedAt !== undefined) return;
    const askedAt = this.clock.now();
    this.#askedAt = askedAt;
    this.clock.setTimeout(() => {
      this.#lastMs = this.clock.now() - askedAt;
      this.#askedAt = undefined;
    }, 0);
  }
}
