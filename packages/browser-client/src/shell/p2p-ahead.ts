import type { Clock } from '@wingman/protocol';
import { BROWSER_LIMITS } from '../shared/limits.js';
import type { P2pAttempt } from './p2p-attempt.js';

/** The next attempt at a direct path, which gathers candidates while the host is asked. */
export class AttemptAhead {
  #attempt: P2pAttempt | undefined;

  constructor(private readonly clock: Clock) {}

  /** One attempt, or none. */
  get count(): number {
    return this.#attempt === undefined ? 0 : 1;
  }

  has(attempt: P2pAttempt): boolean {
    return attempt === this.#attempt;
  }

  keep(attempt: P2pAttempt | undefined): void {
    this.drop();
    this.#attempt = attempt;
  }

  /** Hands it over, unless it is old: what was gathered then may be of a network that was left meanwhile. */
  take(): P2pAttempt | undefined {
    const attempt = this.#attempt;
    const ageMs = this.clock.now() - (attempt?.startedAt ?? 0);
    if (ageMs > BROWSER_LIMITS.p2pAheadMs) this.drop();
    else this.#attempt = undefined;
    return ageMs > BROWSER_LIMITS.p2pAheadMs ? undefined : attempt;
  }

  drop(): void {
    this.#attempt?.close();
    this.#attempt = undefined;
  }
}
