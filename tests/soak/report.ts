import { KINDS, seriesOf, type Series, type Watched } from './samples.js';
import type { Slope } from './slope.js';
import type { Traffic } from './traffic.js';

const HOUR_MS = 3_600_000;
const NAME_CHARS = 16;
const PROBLEMS_TOLD = 20;

const rate = ({ perHour, error }: Slope): string => `${perHour.toFixed(2)} ± ${error.toFixed(2)}`;

/** A series as a line: first and last value, slope with its standard error, and what that says. */
function told({ name, kind, points, slope, latter, verdict }: Series): string {
  const { unit, least } = KINDS[kind];
  const [from, to] = [points.at(0)?.[1] ?? NaN, points.at(-1)?.[1] ?? NaN];
  const values = `${from.toFixed(1)} → ${to.toFixed(1)} ${unit}`.trim();
  const perHour = `${rate(slope)} an hour, in the latter half ${rate(latter)}`;
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
  return [...grown.map(({ name, kind }) => `${kind} of ${name}: grows`), ...lost];
}

/** How much there was to do. */
export function trafficTold({ counts, furtherCarriers }: Traffic, kills: number): string {
  const { guests, numbers, posts, plain, plainExcused, restarts } = counts;
  return `traffic: ${guests} guests, ${numbers} numbers and ${posts} POSTs; ${plain} plain requests answered, ${plainExcused} failed while a node was away; ${kills} kills of a node, ${restarts} restarts of hosts, ${furtherCarriers} further carriers of the links that last`;
}
