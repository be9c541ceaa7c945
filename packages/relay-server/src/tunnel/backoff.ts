import { HOST_LIMITS } from '../limits.js';

/** Waits that double up to a limit, each shortened by chance so that hosts don't return in step. */
export class Backoff {
  readonly #random: () => number;
  #attempt = 0;

  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** The next wait in milliseconds: between half and all of the doubled one. */
  next(): number {
    const full = Math.min(
      HOST_LIMITS.reconnectFirstMs * 2 ** this.#attempt,
      HOST_LIMITS.reconnectMaxMs,
    );
    this.#attempt++;
    return full / 2 + (full / 2) * this.#random();
  }

  reset(): void {
    this.#attempt = 0;
  }
}
