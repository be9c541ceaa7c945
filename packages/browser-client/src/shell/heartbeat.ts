import type { Clock, Timer } from '@wingman/protocol';

/** How often a worker is asked, and how many questions in a row may stay without an answer. */
export interface HeartbeatRhythm {
  questionMs: number;
  maxUnanswered: number;
}

/**
 * Notices that a worker hangs. It counts unanswered questions and not time: whatever made the page sleep
 * (a closed laptop, a frozen or throttled tab) has slowed down its questions as well.
 */
export class Heartbeat {
  #unanswered = 0;
  #timer: Timer | undefined;

  /** `ask` puts a question to the worker. `onSilence` is called once, when too many questions had no answer. */
  constructor(
    private readonly ask: () => void,
    private readonly onSilence: () => void,
    private readonly rhythm: HeartbeatRhythm,
    private readonly clock: Clock,
  ) {}

  /** Begins to ask, or begins anew for another worker. */
  start(): void {
    this.#unanswered = 0;
    this.#wait();
  }

  /** The worker has said something. */
  heard(): void {
    this.#unanswered = 0;
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #wait(): void {
    this.stop();
    this.#timer = this.clock.setTimeout(() => this.#look(), this.rhythm.questionMs);
  }

  #look(): void {
    if (this.#unanswered === this.rhythm.maxUnanswered) return this.onSilence();
    this.#unanswered += 1;
    this.ask();
    this.#wait();
  }
}
