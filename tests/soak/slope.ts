/** A value at a time, in hours. */
export type Point = readonly [hours: number, value: number];

export interface Slope {
  readonly perHour: number;
  /** The standard error of that, as if each sample had a noise of its own. What comes in steps has less than it seems. */
  readonly error: number;
  /** What the slope amounts to between the first point and the last. */
  readonly change: number;
}

export type Verdict = 'grows' | 'falls' | 'level';

const ERRORS = 3;

/** The line through some points that has the least squares. Of fewer than three nothing can be said. */
export function slopeOf(points: readonly Point[]): Slope {
  const count = points.length;
  const hours = points.map(([hour]) => hour);
  const [meanHour, meanValue] = [mean(hours), mean(points.map(([, value]) => value))];
  const width = sum(hours.map((hour) => (hour - meanHour) ** 2));
  if (count < 3 || width === 0) return { perHour: 0, error: Infinity, change: 0 };
  const perHour =
    sum(points.map(([hour, value]) => (hour - meanHour) * (value - meanValue))) / width;
  const rest = sum(
    points.map(([hour, value]) => (value - meanValue - perHour * (hour - meanHour)) ** 2),
  );
  const error = Math.sqrt(rest / (count - 2) / width);
  return { perHour, error, change: perHour * (Math.max(...hours) - Math.min(...hours)) };
}

/** Whether a slope is more than noise, which three errors alone don't tell for a series of steps: beyond three standard errors, and at least so much in the time measured. */
export function verdictOf({ perHour, error, change }: Slope, least: number): Verdict {
  if (Math.abs(perHour) <= ERRORS * error || Math.abs(change) < least) return 'level';
  return perHour > 0 ? 'grows' : 'falls';
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}
