import type { Clock } from '../clock.js';

/** Answers remembered: two seconds of heartbeats of a carrier in use. */
const SAMPLES = 16;
/** Answers that come together were held up together; heartbeats are further apart. */
const TOGETHER_MS = 100;

/**
 * The round trip of a carrier, from the last answers to its pings; times in milliseconds. The figures are
 * quantiles and no average: a few answers that a break has held up for seconds must not prolong the patience
 * with the next break.
 */
export class RoundTrip {
  readonly #samples: number[] = [];
  #sorted: readonly number[] = [];
  #lowest: number | null = null;
  #addedAt = -Infinity;

  constructor(private readonly clock: Clock) {}

  /** Takes what an answer has taken; of several that come together the shortest counts. */
  add(sample: number): void {
    const now = this.clock.now();
    const isTogether = now - this.#addedAt < TOGETHER_MS;
    this.#addedAt = now;
    this.#samples.push(isTogether ? Math.min(sample, this.#samples.pop() ?? sample) : sample);
    if (this.#samples.length > SAMPLES) this.#samples.shift();
    this.#sorted = [...this.#samples].sort((a, b) => a - b);
    this.#lowest = Math.min(sample, this.#lowest ?? sample);
  }

  /** The lowest ever; null before the first answer. */
  get lowest(): number | null {
    return this.#lowest;
  }

  get last(): number | null {
    return this.#samples.at(-1) ?? null;
  }

  /** The median. */
  get usual(): number | null {
    return this.#quantile(0.5);
  }

  /** A quarter of the answers took no longer: the answers that waited behind little traffic. */
  get good(): number | null {
    return this.#quantile(0.25);
  }

  #quantile(share: number): number | null {
    return this.#sorted[Math.floor(share * (this.#sorted.length - 1))] ?? null;
  }
}
