import { randomBytes } from 'node:crypto';
import type { TogetherEvent, TogetherPart } from '@wingman/protocol';

/** A tab that takes part. Of each kind of event it is told the latest, so a slow one keeps no queue. */
export class Member {
  /** Names the tab in what it sends: nobody else learns it. */
  readonly token = randomBytes(16).toString('base64url');
  readonly #due = new Map<TogetherEvent['event'], TogetherEvent>();
  #wake: () => void = () => undefined;
  #isOver = false;

  constructor(
    readonly part: TogetherPart,
    /** The link by which it came. */
    readonly opener: string,
  ) {}

  tell(event: TogetherEvent): void {
    this.#due.set(event.event, event);
    this.#wake();
  }

  /** Ends the events; idempotent. */
  end(): void {
    this.#isOver = true;
    this.#wake();
  }

  async *events(): AsyncGenerator<TogetherEvent> {
    while (!this.#isOver) {
      const due = [...this.#due.values()];
      this.#due.clear();
      yield* due;
      if (due.length > 0) continue;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
