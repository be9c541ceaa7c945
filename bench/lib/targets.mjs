// What a comparison has to reach: a figure of one peer against a figure of another one, or of the same, in pairs of the same run.
import { median, round } from './stats.mjs';

/** How two values are held against each other. */
const WAYS = {
  ratio: { of: (value, base) => value / base, unit: ' ×' },
  difference: { of: (value, base) => value - base, unit: '' },
};

const isWithin = (value, { atMost, atLeast }) =>
  value <= (atMost ?? Infinity) && value >= (atLeast ?? -Infinity);

/** The values of a figure by run. */
function byRun(samples, peer, figure) {
  const values = samples.filter((sample) => sample.peer === peer && figure in sample.figures);
  return new Map(values.map(({ run, figures }) => [run, figures[figure]]));
}

/** Median over the runs that both have; undefined when there is none. */
export function paired(samples, value, base, way = 'ratio') {
  const [values, bases] = [value, base].map(({ peer, figure }) => byRun(samples, peer, figure));
  const pairs = [...values].filter(([run]) => bases.has(run));
  if (pairs.length === 0) return undefined;
  return median(pairs.map(([run, each]) => WAYS[way].of(each, bases.get(run))));
}

/** The median of a figure alone, where a target is a number and no peer. */
function alone(samples, { peer, figure }) {
  const values = [...byRun(samples, peer, figure).values()];
  return values.length === 0 ? undefined : median(values);
}

/** One row for each peer of a target that was measured in this setting. */
function rowsOf(target, setting, samples, figures) {
  const { figure, base, way = 'ratio', atMost, atLeast } = target;
  const unit =
    base === undefined || way === 'difference' ? ` ${figures[figure].unit}` : WAYS[way].unit;
  return target.peers.flatMap((peer) => {
    const against = base && { peer, figure, ...base };
    const value = { peer, figure };
    const got = against ? paired(samples, value, against, way) : alone(samples, value);
    if (got === undefined) return [];
    const limit = atMost === undefined ? `>= ${atLeast}` : `<= ${atMost}`;
    const beside = against
      ? `, ${way === 'ratio' ? 'as a multiple of' : 'above'} ${against.peer}’s ${against.figure}`
      : '';
    return [
      {
        figure: `${peer}: ${figure}${beside}, ${setting.name}`,
        value: `${round(got)}${unit}`,
        target: `${limit}${unit}`,
        met: isWithin(got, { atMost, atLeast }),
        detail: '',
      },
    ];
  });
}

/** All rows of the targets that hold in a setting. */
export function targetRows({ targets, figures }, setting, samples) {
  return targets
    .filter(({ holdsIn = () => true }) => holdsIn(setting))
    .flatMap((target) => rowsOf(target, setting, samples, figures));
}
