import type { Clock, Timer } from '../clock.js';
import { LIMITS } from '../limits.js';

/** Decides when to acknowledge: after so many bytes or frames, at the latest after a short delay. */
export class AckPolicy {
  #bytes = 0;
  #frames = 0;
  #timer: Timer | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly acknowledge: () => void,
  ) {}

  /** A numbered frame has arrived. */
  arrived(bytes: number): void {
    this.#bytes += bytes;
    this.#frames += 1;
    if (this.#bytes >= LIMITS.ackEveryBytes || this.#frames >= LIMITS.ackEveryFrames) {
      this.acknowledge();
    } else {
      this.#timer ??= this.clock.setTimeout(() => this.acknowledge(), LIMITS.ackDelayMs);
    }
  }

  /** An acknowledgement has gone out, or none is wanted any more. */
  settled(): void {
    this.#bytes = 0;
    this.#frames = 0;
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
