import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { SERVER_LIMITS } from '../limits.js';

const { registrationBurst, registrationBurstMs, registeringAddresses } = SERVER_LIMITS;

/** How often the hosts of one network register. */
export class RegistrationRate {
  readonly #limiter = new RateLimiterMemory({
    points: registrationBurst,
    duration: registrationBurstMs / 1000,
  });
  /** Those that are counted now; the one that registered longest ago comes first. */
  readonly #networks = new Set<string>();

  /** Networks that are counted now. */
  get size(): number {
    return this.#networks.size;
  }

  /** Counts one registration; false when it is one too many. */
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
    if (this.#networks.size <= registeringAddresses || oldest === undefined) return;
    this.#networks.delete(oldest);
    void this.#limiter.delete(oldest);
  }
}
