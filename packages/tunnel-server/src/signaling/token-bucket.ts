import type { Clock } from '@wingman/protocol';

/** Lets `burst` through at once and `perSecond` a second after that. */
export class TokenBucket {
  readonly #clock: Clock;
  readonly #burst: number;
  readonly #perSecond: number;
  #tokens: number;
  #filledAt: number;

  constructor(clock: Clock, burst: number, perSecond: number) {
    this.#clock = clock;
    this.#burst = burst;
    this.#perSecond = perSecond;
    this.#tokens = burst;
    this.#filledAt = clock.now();
  }

  /** Takes one token; false when there is none. */
  take(): boolean {
    const now = this.#clock.now();
    const gained = ((now - this.#filledAt) / 1000) * this.#perSecond;
    this.#tokens = Math.min(this.#burst, this.#tokens + gained);
    this.#filledAt = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}

/** A bucket for each key; of more than `maxKeys` the one used longest ago is forgotten. */
export class TokenBuckets {
  readonly #maxKeys: number;
  readonly #create: () => TokenBucket;
  /** Insertion order is the order of last use. */
  readonly #byKey = new Map<string, TokenBucket>();

  constructor(maxKeys: number, create: () => TokenBucket) {
    this.#maxKeys = maxKeys;
    this.#create = create;
  }

  get size(): number {
    return this.#byKey.size;
  }

  /** Takes one token of the key's bucket; false when there is none. */
  take(key: string): boolean {
    const bucket = this.#byKey.get(key) ?? this.#create();
    this.#byKey.delete(key);
    this.#byKey.set(key, bucket);
    const [oldest] = this.#byKey.keys();
    if (this.#byKey.size > this.#maxKeys && oldest !== undefined) this.#byKey.delete(oldest);
    return bucket.take();
  }
}
