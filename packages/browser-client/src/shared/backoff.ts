/** Doubling waits with jitter, so that many tabs don't come back in the same moment. */
export class Backoff {
  #attempts = 0;

  constructor(
    private readonly minMs: number,
    private readonly maxMs: number,
    private readonly random: () => number = Math.random,
  ) {}

  /** The next wait in milliseconds: between half of the step and the step. */
  next(): number {
    const step = Math.min(this.maxMs, this.minMs * 2 ** Math.min(this.#attempts, 30));
    this.#attempts += 1;
    return step / 2 + (step / 2) * this.random();
  }

  reset(): void {
    this.#attempts = 0;
  }
}
