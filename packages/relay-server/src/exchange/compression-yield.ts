import type { Clock } from '@wingman/protocol';
import { HOST_LIMITS } from '../limits.js';

/** What compressing brings and costs. */
export interface CompressionYield {
  /** Plain bytes a second that the compressor takes. */
  readonly perSecond: number;
  /** Compressed bytes by plain bytes. */
  readonly ratio: number;
}

/** What is supposed before anything was compressed: a little less than code yields on a machine with nothing else to do. */
const SUPPOSED = { plain: 256 * 1024, coded: 64 * 1024, rates: [80 * 1024 * 1024] } as const;

/** Measures what compressing has brought and cost lately, in the time of a clock: on a busy machine it costs more. */
export class YieldMeter {
  #plain: number = SUPPOSED.plain;
  #coded: number = SUPPOSED.coded;
  #rates: readonly number[] = SUPPOSED.rates;
  #at = -Infinity;

  constructor(readonly clock: Clock) {}

  /** So many plain bytes have become so many coded ones, in so many milliseconds. */
  add(plain: number, coded: number, ms: number): void {
    this.#forgetOld();
    const share = Math.min(1, HOST_LIMITS.yieldBytes / (this.#plain + plain));
    this.#plain = (this.#plain + plain) * share;
    this.#coded = (this.#coded + coded) * share;
    // A small piece takes hardly more than the turns of the event loop.
    if (plain >= HOST_LIMITS.yieldPieceBytes) {
      const rate = (plain * 1000) / Math.max(ms, 0.001);
      this.#rates = [...this.#rates, rate].slice(-HOST_LIMITS.yieldPieces);
    }
    this.#at = this.clock.now();
  }

  /** The rate is the best of the last pieces: the host has done something else during the slower ones. */
  get now(): CompressionYield {
    this.#forgetOld();
    const ratio = Math.min(1, this.#coded / this.#plain);
    return { perSecond: Math.max(...this.#rates), ratio };
  }

  /** A host that was busy stops compressing, and so measures nothing: after a while it is given another try. */
  #forgetOld(): void {
    if (this.clock.now() - this.#at <= HOST_LIMITS.yieldMs) return;
    this.#plain = SUPPOSED.plain;
    this.#coded = SUPPOSED.coded;
    this.#rates = SUPPOSED.rates;
  }
}
