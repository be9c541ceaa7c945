import { KINDS, seriesOf, type Series, type Watched } from './samples.js';
import type { Traffic } from './traffic.js';

const HOUR_MS = 3_600_000;
const NAME_CHARS = 16;
const PROBLEMS_TOLD = 20;

/** Prints a series as a line: first and last value, slope with its standard error, and what that says. */
function told({ name, kind, points, slope, verdict }: Series): string {
  const { unit, least } = KINDS[kind];
  const [from, to] = [points.at(0)?.[1] ?? NaN, points.at(-1)?.[1] ?? NaN];
  const values = `${from.toFixed(1)} → ${to.toFixed(1)} ${unit}`.trim();
  const perHour = `${slope.perHour.toFixed(2)} ± ${slope.error.toFixed(2)} an hour`;
  const change = `${slope.change.toFixed(2)} in the time measured, at least ${least} would count`;
  return `${name.padEnd(NAME_CHARS)} ${kind.padEnd(NAME_CHARS)} ${values}; ${perHour} (${change}): ${verdict}`;
}

/** Prints what was measured, and returns what must not be. */
export function report(watched: readonly Watched[], traffic: Traffic, warmUpMs: number): string[] {
  const series = seriesOf(watched, warmUpMs / HOUR_MS);
  const samples = series[0]?.points.length ?? 0;
  console.log(
    `slopes of ${samples} samples each, by least squares; the first ${Math.round(warmUpMs / 1000)} s are left out:`,
  );
  for (const each of series) console.log(`  ${told(each)}`);
  const grown = series.filter(({ verdict }) => verdict === 'grows');
  const { problems } = traffic;
  console.log(`lost or repeated: ${problems.length === 0 ? 'nothing' : problems.length}`);
  for (const problem of problems.slice(0, PROBLEMS_TOLD)) console.log(`  ${problem}`);
  const lost = problems.length === 0 ? [] : [`${problems.length} lost or repeated`];
  return [...grown.map(({ name, kind }) => `${kind} of ${name} grow`), ...lost];
}

/** How much there was to do. */
export function trafficTold({ counts, resumed }: Traffic, kills: number): string {
  const { guests, numbers, posts, plain, plainExcused, restarts } = counts;
  return `traffic: ${guests} guests, ${numbers} numbers and ${posts} POSTs; ${plain} plain requests answered, ${plainExcused} failed while a node was away; ${kills} kills of a node, ${restarts} restarts of hosts, ${resumed} times a lasting link was resumed`;
}
