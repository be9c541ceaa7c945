import type { Clock, Timer } from '../../src/clock.js';

interface Pending {
  at: number;
  order: number;
  callback: () => void;
}

/** Time that stands still. The two clocks below say how it moves. */
abstract class StandingClock implements Clock {
  #now = 0;
  #order = 0;
  readonly #pending = new Set<Pending>();

  now(): number {
    return this.#now;
  }

  get timers(): number {
    return this.#pending.size;
  }

  /** When each pending timer is due, from now, in milliseconds. */
  get pending(): number[] {
    return this.#inOrder().map(({ at }) => at - this.#now);
  }

  setTimeout(callback: () => void, milliseconds: number): Timer {
    this.#order += 1;
    const pending = { at: this.#now + milliseconds, order: this.#order, callback };
    this.#pending.add(pending);
    return { cancel: () => void this.#pending.delete(pending) };
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

  /** Moves to the timer that falls due next, but not beyond `end`, and runs it; false when there is none. */
  protected runNext(end: number): boolean {
    const [next] = this.#inOrder();
    const isDue = next !== undefined && next.at <= end;
    this.#now = Math.max(this.#now, isDue ? next.at : end);
    if (!isDue) return false;
    this.#pending.delete(next);
    next.callback();
    return true;
  }

  #inOrder(): Pending[] {
    return [...this.#pending].sort((a, b) => a.at - b.at || a.order - b.order);
  }
}

/** A clock that moves only when the test says so, and lets promises settle after each timer. */
export class FakeClock extends StandingClock {
  /** Moves on, running what falls due in order. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.now() + milliseconds;
    await settle();
    while (this.runNext(end)) await settle();
    await settle();
  }
}

/** A clock that moves only when the test says so, and at once: no promise settles between two timers. */
export class SteppedClock extends StandingClock {
  /** Moves on, running what falls due in order. */
  advance(milliseconds: number): void {
    const end = this.now() + milliseconds;
    while (this.runNext(end));
  }
}

/** Lets everything that is ready run. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
