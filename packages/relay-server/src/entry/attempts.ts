import type { Clock } from '@wingman/protocol';
import { HOST_LIMITS } from '../limits.js';

const MINUTE_MS = 60_000;

/** How often passphrases may be tried in a minute: by one visitor, and by all together. */
export class Attempts {
  #total = 0;
  #endsAt = -Infinity;
  /** By visitor; no more than HOST_LIMITS.attempts have one. */
  readonly #taken = new Map<string, number>();

  constructor(private readonly clock: Clock) {}

  /** Takes an attempt of this minute; false when none is left. */
  take(visitor: string): boolean {
    this.#renew();
    const taken = this.#taken.get(visitor) ?? 0;
    if (taken >= HOST_LIMITS.visitorAttempts || this.#total >= HOST_LIMITS.attempts) return false;
    this.#taken.set(visitor, taken + 1);
    this.#total++;
    return true;
  }

  #renew(): void {
    const now = this.clock.now();
    if (now < this.#endsAt) return;
    this.#endsAt = now + MINUTE_MS;
    this.#total = 0;
    this.#taken.clear();
  }
}
