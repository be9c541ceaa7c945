import type { Clock, Timer } from '../../src/clock.js';

interface Pending {
  at: number;
  order: number;
  callback: () => void;
}

/** A clock that moves only when the test says so. */
export class FakeClock implements Clock {
  #now = 0;
  #order = 0;
  readonly #pending = new Set<Pending>();

  now(): number {
    return this.#now;
  }

  get timers(): number {
    return this.#pending.size;
  }

  setTimeout(callback: () => void, milliseconds: number): Timer {
    this.#order += 1;
    const pending = { at: this.#now + milliseconds, order: this.#order, callback };
    this.#pending.add(pending);
    return { cancel: () => void this.#pending.delete(pending) };
  }

  /** Moves on, running what falls due in order and letting promises settle in between. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds;
    await settle();
    for (;;) {
      const next = this.#nextDue(end);
      if (next === undefined) break;
      this.#pending.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.callback();
      await settle();
    }
    this.#now = end;
    await settle();
  }

  /** Time passes and nothing runs, as when a thread is blocked or a machine sleeps. */
  jump(milliseconds: number): void {
    this.#now += milliseconds;
  }

  /** What is due runs before any message or promise can. */
  runDue(): void {
    const due = [...this.#pending].filter(({ at }) => at <= this.#now);
    for (const pending of due) {
      this.#pending.delete(pending);
      pending.callback();
    }
  }

  #nextDue(end: number): Pending | undefined {
    let first: Pending | undefined;
    for (const pending of this.#pending) {
      if (pending.at > end) continue;
      if (
        first === undefined ||
        pending.at < first.at ||
        (pending.at === first.at && pending.order < first.order)
      ) {
        first = pending;
      }
    }
    return first;
  }
}

/** Lets everything that is ready run. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
