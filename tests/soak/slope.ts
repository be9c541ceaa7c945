/** A value at a time, in hours. */
export type Point = readonly [hours: number, value: number];

export interface Slope {
  readonly perHour: number;
  /** The standard error of that. It is larger where a sample lies where the one before it lay: such samples say less than they seem to. */
  readonly error: number;
  /** What the slope amounts to between the first point and the last. */
  readonly change: number;
}

export type Verdict = 'grows' | 'falls' | 'level';

const ERRORS = 3;
/** How much of its deviation a sample may owe to the one before it: an error without bound would call everything level. */
const MOST_CARRIED = 0.95;

/** The line through some points that has the least squares. Of fewer than three nothing can be said. */
export function slopeOf(points: readonly Point[]): Slope {
  const count = points.length;
  const hours = points.map(([hour]) => hour);
  const [meanHour, meanValue] = [mean(hours), mean(points.map(([, value]) => value))];
  const width = sum(hours.map((hour) => (hour - meanHour) ** 2));
  if (count < 3 || width === 0) return { perHour: 0, error: Infinity, change: 0 };
  const perHour =
    sum(points.map(([hour, value]) => (hour - meanHour) * (value - meanValue))) / width;
  const rest = points.map(([hour, value]) => value - meanValue - perHour * (hour - meanHour));
  const squares = sum(rest.map((each) => each ** 2));
  const carried = carriedOn(rest, squares);
  const error = Math.sqrt((squares / (count - 2) / width) * ((1 + carried) / (1 - carried)));
  return { perHour, error, change: perHour * (Math.max(...hours) - Math.min(...hours)) };
}

/** How much of its deviation each sample owes to the one before it: 0 for noise, near 1 for steps (the autocorrelation at lag 1). */
function carriedOn(rest: readonly number[], squares: number): number {
  if (squares === 0) return 0;
  const products = rest.slice(1).map((each, index) => each * (rest[index] ?? 0));
  return Math.min(MOST_CARRIED, Math.max(0, sum(products) / squares));
}

/** What a leak grows by in the latter half is half of the whole; what settles grows by less than this share there. */
const LATTER_SHARE = 0.25;

/**
 * Whether a slope is more than noise: beyond three standard errors, at least so much in the time measured, and the same way in the
 * latter half alone. What leaks goes on leaking; a step, as an allocator takes memory, is over in one of the halves.
 */
export function verdictOf(whole: Slope, latter: Slope, least: number): Verdict {
  const { perHour, change } = whole;
  const goesOn = latter.change / change >= LATTER_SHARE;
  const isMeant = isBeyond(whole) && isBeyond(latter) && Math.abs(change) >= least;
  if (!goesOn || !isMeant) return 'level';
  return perHour > 0 ? 'grows' : 'falls';
}

function isBeyond({ perHour, error }: Slope): boolean {
  return Math.abs(perHour) > ERRORS * error;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}
