/** Waits that double up to a limit. A random part is taken off each wait, so that many peers don't return at once. */
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
    // The limit is reached: the next wait is as long.
    if (full < this.#maxMs) this.#attempts += 1;
    return full / 2 + (full / 2) * this.#random();
  }

  /** Starts again at the first wait. */
  reset(): void {
    this.#attempts = 0;
  }
}
