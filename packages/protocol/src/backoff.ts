/** Waits that double up to a limit. Chance shortens each of them, so that many peers don't return in step. */
export class Backoff {
  readonly #firstMs: number;
  readonly #maxMs: number;
  readonly #random: () => number;
  #attempts = 0;

  constructor(firstMs: number, maxMs: number, random: () => number = Math.random) {
    this.#firstMs = firstMs;
    this.#maxMs = maxMs;
    this.#random = random;
  }

  /** The next wait in milliseconds: between half of the doubled wait and all of it. */
  next(): number {
    const full = Math.min(this.#maxMs, this.#firstMs * 2 ** this.#attempts);
    // Past the limit there is nothing left to double.
    if (full < this.#maxMs) this.#attempts += 1;
    return full / 2 + (full / 2) * this.#random();
  }

  /** Starts again at the first wait. */
  reset(): void {
    this.#attempts = 0;
  }
}
