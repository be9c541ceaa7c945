import type { Clock } from '../clock.js';

/** How many answers are remembered: two seconds of heartbeats of a carrier in use. */
const SAMPLES = 16;
/** Answers that come closer together than this were held up together, because heartbeats are further apart. */
const TOGETHER_MS = 100;

/**
 * The round trip of a carrier, from the last answers to its pings; times in milliseconds. The figures are quantiles
 * instead of averages, because a few answers that were held up for seconds must not prolong the next wait.
 */
export class RoundTrip {
  readonly #samples: number[] = [];
  #sorted: readonly number[] = [];
  #lowest: number | null = null;
  #addedAt = -Infinity;

  constructor(private readonly clock: Clock) {}

  /** Takes the round trip of an answer. Of several answers that come together, the shortest counts. */
  add(sample: number): void {
    const now = this.clock.now();
    const isTogether = now - this.#addedAt < TOGETHER_MS;
    this.#addedAt = now;
    this.#samples.push(isTogether ? Math.min(sample, this.#samples.pop() ?? sample) : sample);
    if (this.#samples.length > SAMPLES) this.#samples.shift();
    this.#sorted = [...this.#samples].sort((a, b) => a - b);
    this.#lowest = Math.min(sample, this.#lowest ?? sample);
  }

  /** The lowest of all; null before the first answer. */
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

  /** The round trip of the fastest quarter: the answers that waited behind little traffic. */
  get good(): number | null {
    return this.#quantile(0.25);
  }

  #quantile(share: number): number | null {
    return this.#sorted[Math.floor(share * (this.#sorted.length - 1))] ?? null;
  }
}
