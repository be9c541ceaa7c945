import type { Clock, Timer } from '../clock.js';
import { LIMITS } from '../limits.js';
import type { Lane } from './lane.js';

/** After its last frame, a lane is expected to bring more for this long. */
const RECENT_MS = 1_000;

/** Decides when to acknowledge: after a number of bytes or frames, and at the latest after a short delay. */
export class AckPolicy {
  #bytes = 0;
  #frames = 0;
  #timer: Timer | undefined;
  #heard: Lane | undefined;
  /** When the last numbered frame of each lane came. */
  readonly #heardAt = new WeakMap<Lane, number>();

  constructor(
    private readonly clock: Clock,
    private readonly send: (heard: Lane | undefined) => void,
  ) {}

  /** Whether this lane is expected to bring more. */
  isRecentOn(lane: Lane): boolean {
    return this.clock.now() - (this.#heardAt.get(lane) ?? -Infinity) < RECENT_MS;
  }

  /** A numbered frame has arrived. */
  arrived(lane: Lane, bytes: number): void {
    this.#heard = lane;
    this.#heardAt.set(lane, this.clock.now());
    this.#bytes += bytes;
    this.#frames += 1;
    if (this.#bytes >= LIMITS.ackEveryBytes || this.#frames >= LIMITS.ackEveryFrames) {
      this.acknowledge();
    } else {
      this.#timer ??= this.clock.setTimeout(() => this.acknowledge(), LIMITS.ackDelayMs);
    }
  }

  /** Acknowledges now, even when nothing new has come. */
  acknowledge(): void {
    this.settled();
    this.send(this.#heard);
  }

  /** Cancels the acknowledgement that is due. */
  settled(): void {
    this.#bytes = 0;
    this.#frames = 0;
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
