import type { Clock, Timer } from '@wingman/protocol';

/** Beats fall on multiples of this, in milliseconds, so that a process with many connections wakes once for all that are due. */
const GRID_MS = 1_000;

/** What is due at one point of the grid. */
interface Beat {
  readonly timer: Timer;
  readonly due: Set<() => void>;
}

/** One timer for all beats of a second. A timer for each connection costs thousands of idle ones memory and time. */
class BeatGrid {
  readonly #clock: Clock;
  readonly #beats = new Map<number, Beat>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Has the callback run in so many milliseconds, rather a little early than late; returns the point, for `remove`. */
  add(milliseconds: number, callback: () => void): number {
    const now = this.#clock.now();
    const next = Math.floor(now / GRID_MS) + 1;
    const point = Math.max(next, Math.floor((now + milliseconds) / GRID_MS));
    const beat = this.#beats.get(point) ?? this.#begin(point, point * GRID_MS - now);
    beat.due.add(callback);
    return point;
  }

  remove(point: number, callback: () => void): void {
    const beat = this.#beats.get(point);
    if (beat?.due.delete(callback) !== true || beat.due.size > 0) return;
    beat.timer.cancel();
    this.#beats.delete(point);
  }

  #begin(point: number, milliseconds: number): Beat {
    const due = new Set<() => void>();
    const timer = this.#clock.setTimeout(() => this.#run(point), milliseconds);
    const beat = { timer, due };
    this.#beats.set(point, beat);
    return beat;
  }

  #run(point: number): void {
    // One that a callback removes is not run, because a set is read as it is.
    for (const callback of this.#beats.get(point)?.due ?? []) callback();
    this.#beats.delete(point);
  }
}

const GRIDS = new WeakMap<Clock, BeatGrid>();

/** The grid of all beats by this clock. */
export function beatGridOf(clock: Clock): BeatGrid {
  const grid = GRIDS.get(clock) ?? new BeatGrid(clock);
  GRIDS.set(clock, grid);
  return grid;
}
