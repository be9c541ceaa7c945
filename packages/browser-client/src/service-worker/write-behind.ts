import type { Clock } from '@wingman/protocol';
import type { SmallAnswer, SmallAnswers } from './small-answers.js';

export type WriteBehindLimits = Record<'keptRestMs' | 'keptLatestMs', number>;

/**
 * Writes small answers to the disk one after the other when the page has come to rest: written at once they would take
 * the time of the page that loads them.
 */
export class WriteBehind {
  #isAwaitingRest = false;
  #isWriting = false;
  /** Whether answers were asked for or kept since that was looked at. */
  #isUsed = false;
  /** When answers are written whatever the page does; undefined while none waits. */
  #latest: number | undefined;

  /** `write` never rejects. */
  constructor(
    private readonly answers: SmallAnswers,
    private readonly write: (url: string, answer: SmallAnswer) => Promise<void>,
    private readonly limits: WriteBehindLimits,
    private readonly clock: Clock,
  ) {}

  /** The page has asked for an answer, or has got one. */
  used(): void {
    this.#isUsed = true;
  }

  /** Answers wait. They are written at once when they take half of the room. */
  start(): void {
    if (this.answers.isFull) void this.#write();
    else this.#awaitRest();
  }

  /** One timer for all: it runs while something is to be written. */
  #awaitRest(): void {
    if (this.#isAwaitingRest) return;
    this.#isAwaitingRest = true;
    this.#isUsed = false;
    this.#latest ??= this.clock.now() + this.limits.keptLatestMs;
    this.clock.setTimeout(() => {
      this.#isAwaitingRest = false;
      if (this.#mayWrite) void this.#write();
      else this.#awaitRest();
    }, this.limits.keptRestMs);
  }

  get #mayWrite(): boolean {
    const isLate = this.#latest !== undefined && this.clock.now() >= this.#latest;
    return !this.#isUsed || isLate || this.answers.isFull;
  }

  async #write(): Promise<void> {
    if (this.#isWriting) return;
    this.#isWriting = true;
    while (this.#mayWrite) {
      const [url, answer] = this.answers.takeWaiting() ?? [];
      if (url === undefined || answer === undefined) break;
      await this.write(url, answer);
    }
    this.#isWriting = false;
    this.#latest = undefined;
    if (this.answers.hasWaiting) this.#awaitRest();
  }
}
