import type { Clock } from '../clock.js';

const WINDOW_MS = 500;
/** How many windows are remembered. A pause of a few seconds must not make a fast path look slow. */
const WINDOWS = 10;

/** The highest delivery rate of the last seconds, in bytes a second; null before the first full window. */
export class RateMeter {
  readonly #windows: number[] = [];
  #bytes = 0;
  #since: number;

  constructor(private readonly clock: Clock) {
    this.#since = clock.now();
  }

  /** A message has been delivered. */
  add(bytes: number): void {
    const now = this.clock.now();
    const elapsed = now - this.#since;
    if (elapsed >= WINDOW_MS) {
      // A window with a pause in it says nothing about the rate.
      if (elapsed < 2 * WINDOW_MS) this.#keep((this.#bytes * 1000) / elapsed);
      this.#bytes = 0;
      this.#since = now;
    }
    this.#bytes += bytes;
  }

  get best(): number | null {
    return this.#windows.length === 0 ? null : Math.max(...this.#windows);
  }

  #keep(rate: number): void {
    this.#windows.push(rate);
    if (this.#windows.length > WINDOWS) this.#windows.shift();
  }
}
