import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { SERVER_LIMITS } from '../limits.js';

export interface NetworkRateOptions {
  /** So many at once… */
  readonly burst: number;
  /** …within this time. */
  readonly burstMs: number;
}

/** How often the clients of one network do something. */
export class NetworkRate {
  readonly #limiter: RateLimiterMemory;
  /** Those that are counted now; the one that came longest ago is the first. */
  readonly #networks = new Set<string>();

  constructor({ burst, burstMs }: NetworkRateOptions) {
    this.#limiter = new RateLimiterMemory({ points: burst, duration: burstMs / 1000 });
  }

  /** Networks that are counted now. */
  get size(): number {
    return this.#networks.size;
  }

  /** Counts once; false when it is one too many. */
  async take(network: string): Promise<boolean> {
    this.#remember(network);
    try {
      await this.#limiter.consume(network);
      return true;
    } catch (error) {
      if (error instanceof RateLimiterRes) return false;
      throw error;
    }
  }

  /** The library forgets a network by time only, and nothing may grow without bound. */
  #remember(network: string): void {
    this.#networks.delete(network);
    this.#networks.add(network);
    const [oldest] = this.#networks;
    if (this.#networks.size <= SERVER_LIMITS.countedNetworks || oldest === undefined) return;
    this.#networks.delete(oldest);
    void this.#limiter.delete(oldest);
  }
}
