import { BoundedMap, type Clock } from '@wingman/protocol';
import { SERVER_LIMITS } from '../limits.js';
import { TokenBucket } from '../signaling/token-bucket.js';

/**
 * Tells which addresses come with a wrong key. An open tab tries three doors, again and again, so an address that keeps
 * trying is told only once. All addresses together are told a few times a minute at most, because anybody can try.
 */
export class WrongKeys {
  readonly #clock: Clock;
  readonly #tell: (address: string) => void;
  readonly #bucket: TokenBucket;
  /** When each address that was told has last tried. */
  readonly #last = new BoundedMap<string, number>(SERVER_LIMITS.wrongKeyAddresses);

  constructor(clock: Clock, tell: (address: string) => void) {
    this.#clock = clock;
    this.#tell = tell;
    const { wrongKeyBurst, wrongKeysPerSecond } = SERVER_LIMITS;
    this.#bucket = new TokenBucket(clock, wrongKeyBurst, wrongKeysPerSecond);
  }

  /** Somebody has come from this address with a pass that doesn't fit. */
  met(address: string): void {
    const now = this.#clock.now();
    const before = this.#last.get(address);
    const isNews = before === undefined || now - before >= SERVER_LIMITS.wrongKeyQuietMs;
    if (isNews && !this.#bucket.take()) return;
    this.#last.set(address, now);
    if (isNews) this.#tell(address);
  }
}
