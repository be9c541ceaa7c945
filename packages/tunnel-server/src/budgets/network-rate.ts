import {
  RateLimiterMemory,
  RateLimiterRedis,
  RateLimiterRes,
  type RateLimiterAbstract,
} from 'rate-limiter-flexible';
import { SERVER_LIMITS } from '../limits.js';

export interface NetworkRateOptions {
  /** What is counted, in a word. */
  readonly what: string;
  /** So many at once… */
  readonly burst: number;
  /** …within this time: whole seconds. */
  readonly burstMs: number;
}

/** Where all nodes of a server count. */
export interface SharedCounts {
  /** What a network is called there: nobody can read its address from that. */
  nameOf(network: string): string;
  /** As Redis' client has it. Rejects while Redis is away. */
  eval(script: string, given: { keys: string[]; arguments: string[] }): Promise<unknown>;
}

/** How often the clients of one network do something: at all nodes together, and at each alone while they can't be asked. */
export class NetworkRate {
  readonly #shared: SharedCounts | undefined;
  readonly #memory: RateLimiterMemory;
  readonly #limiter: RateLimiterAbstract;
  /** Those that are counted here now; the one that came longest ago is the first. */
  readonly #networks = new Set<string>();

  constructor({ burst, burstMs, what }: NetworkRateOptions, shared?: SharedCounts) {
    const limits = { points: burst, duration: burstMs / 1000, keyPrefix: `wingman:rate:${what}` };
    this.#shared = shared;
    this.#memory = new RateLimiterMemory(limits);
    this.#limiter =
      shared === undefined ? this.#memory : sharedLimiter(limits, shared, this.#memory);
  }

  /** Networks that are counted here now. */
  get size(): number {
    return this.#networks.size;
  }

  /** Counts once; false when it is one too many. */
  async take(network: string): Promise<boolean> {
    const name = this.#shared?.nameOf(network) ?? network;
    this.#remember(name);
    try {
      await this.#limiter.consume(name);
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
    void this.#memory.delete(oldest);
  }
}

/** Counts in Redis, where each count expires, and in memory while Redis is away. */
function sharedLimiter(
  limits: { points: number; duration: number; keyPrefix: string },
  storeClient: SharedCounts,
  insuranceLimiter: RateLimiterMemory,
): RateLimiterRedis {
  return new RateLimiterRedis({ ...limits, storeClient, insuranceLimiter, useRedisPackage: true });
}
