import { BoundedMap, type Clock } from '@wingman/protocol';
import { HOST_LIMITS } from '../limits.js';

/** How many guesses one guesser has within a window, and all together have. */
interface Allowance {
  readonly each: number;
  readonly inAll: number;
  readonly windowMs: number;
}

/** Limits who guesses a secret, in windows of a fixed length: each guesser, and all of them together. */
export class GuessLimit {
  #taken = 0;
  #endsAt = -Infinity;
  /** Guesses by guesser. No more have an entry than guesses are allowed in all, and those who are trusted. */
  readonly #byGuesser = new Map<string, number>();
  readonly #trusted = new BoundedMap<string, true>(HOST_LIMITS.trustedGuessers);

  constructor(
    private readonly allowance: Allowance,
    private readonly clock: Clock,
  ) {}

  /** Takes a guess of this window; false when none is left. */
  take(guesser: string): boolean {
    if (this.isSpent(guesser)) return false;
    this.#byGuesser.set(guesser, this.#takenBy(guesser) + 1);
    this.#taken++;
    return true;
  }

  /** Whether a guesser has no guess left in this window. */
  isSpent(guesser: string): boolean {
    this.#renew();
    const { each, inAll } = this.allowance;
    if (this.#takenBy(guesser) >= each) return true;
    return this.#taken >= inAll && this.#trusted.get(guesser) !== true;
  }

  /** A guesser was right once: from now on nobody can use up its guesses from elsewhere. */
  trust(guesser: string): void {
    this.#trusted.set(guesser, true);
  }

  #takenBy(guesser: string): number {
    return this.#byGuesser.get(guesser) ?? 0;
  }

  #renew(): void {
    const now = this.clock.now();
    if (now < this.#endsAt) return;
    this.#endsAt = now + this.allowance.windowMs;
    this.#taken = 0;
    this.#byGuesser.clear();
  }
}
