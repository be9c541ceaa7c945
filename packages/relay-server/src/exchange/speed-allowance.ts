import { SPEED_LIMITS, type Clock } from '@wingman/protocol';

const MINUTE = 60_000;

/** What all viewers of a host together may measure (SPEED_LIMITS), so that the app keeps most of the paths' time. */
export class SpeedAllowance {
  readonly #clock: Clock;
  #minuteAt = -Infinity;
  #bytes = 0;
  #ms = 0;
  /** Under way, and since when any is. */
  #active = 0;
  #activeAt = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes so many bytes, and a place; returns what gives the place back. Undefined when nothing is left for now. */
  take(bytes: number): (() => void) | undefined {
    const now = this.#clock.now();
    if (now - this.#minuteAt >= MINUTE) this.#beginMinute(now);
    const { minuteBytes, minuteMs, requests } = SPEED_LIMITS;
    const isSpent = this.#bytes + bytes > minuteBytes || this.#msUntil(now) >= minuteMs;
    if (isSpent || this.#active >= requests) return undefined;
    this.#bytes += bytes;
    if (this.#active++ === 0) this.#activeAt = now;
    return () => {
      if (this.#active === 1) this.#ms = this.#msUntil(this.#clock.now());
      this.#active--;
    };
  }

  /** Seconds until there is another allowance. */
  get waitSeconds(): number {
    return Math.max(1, Math.ceil((this.#minuteAt + MINUTE - this.#clock.now()) / 1_000));
  }

  #beginMinute(now: number): void {
    this.#minuteAt = this.#activeAt = now;
    this.#bytes = this.#ms = 0;
  }

  #msUntil(now: number): number {
    return this.#ms + (this.#active > 0 ? now - this.#activeAt : 0);
  }
}
