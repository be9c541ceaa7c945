import type { Clock } from '../clock.js';

const WINDOW_MS = 500;
/** Windows remembered: a pause of a few seconds doesn't make a fast path look slow. */
const WINDOWS = 10;

/** The highest delivery rate of the last seconds, in bytes a second; null before the first full window. */
export class RateMeter {
  readonly #rates: number[] = [];
  #bytes = 0;
  #since: number;

  constructor(private readonly clock: Clock) {
    this.#since = clock.now();
  }

  add(bytes: number): void {
    const now = this.clock.now();
    const elapsed = now - this.#since;
    if (elapsed >= WINDOW_MS) {
      // What came after a pause says nothing about the time before it.
      if (elapsed < 2 * WINDOW_MS) this.#keep((this.#bytes * 1000) / elapsed);
      this.#bytes = 0;
      this.#since = now;
    }
    this.#bytes += bytes;
  }

  get best(): number | null {
    return this.#rates.length === 0 ? null : Math.max(...this.#rates);
  }

  #keep(rate: number): void {
    this.#rates.push(rate);
    if (this.#rates.length > WINDOWS) this.#rates.shift();
  }
}
