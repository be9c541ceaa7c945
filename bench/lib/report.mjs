// What a run has brought, as Markdown and as data.
import { median, round, spread } from './stats.mjs';
import { paired } from './targets.mjs';
import { limitsOf } from './usage.mjs';

const ASTRAY = 0.01;
/** What belongs to no peer stands in the last columns. */
const LAST = ['emulator', 'bench'];

function table(heads, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n');
}

const unique = (values) => [...new Set(values)];

/** Each peer's figures, with the multiple of the peer that each is shown against. */
function figuresTable({ figures }, samples) {
  const heads = Object.entries(figures).flatMap(([name, { unit, against }]) => [
    `${name}, ${unit}`,
    ...(against === undefined ? [] : [`× ${against}`]),
  ]);
  const rows = unique(samples.map(({ peer }) => peer)).map((peer) => {
    const own = samples.filter((sample) => sample.peer === peer);
    const cells = Object.entries(figures).flatMap(([figure, { digits, against }]) => {
      const values = own.map((sample) => sample.figures[figure]).filter(Number.isFinite);
      const shown = values.length === 0 ? '–' : spread(values, digits);
      if (against === undefined) return [shown];
      const ratio = paired(samples, { peer, figure }, { peer: against, figure });
      return [shown, ratio === undefined ? '–' : String(round(ratio))];
    });
    return [peer, ...cells];
  });
  return table(['', ...heads], rows);
}

/** The usages of each peer by what was watched. */
function watchedOf(samples) {
  return unique(samples.map(({ peer }) => peer)).flatMap((peer) => {
    const own = samples.filter((sample) => sample.peer === peer);
    return unique(own.flatMap(({ usage }) => Object.keys(usage))).map((label) => ({
      ...{ peer, label },
      usages: own.map(({ usage }) => usage[label]).filter(Boolean),
    }));
  });
}

/** A column for each process; `cell` shows the values that one had in several usages. */
function processTable(lines, cell) {
  const seen = unique(
    lines.flatMap(({ usages }) => usages.flatMap(({ parts }) => Object.keys(parts))),
  );
  const names = [...seen.filter((name) => !LAST.includes(name)), ...LAST];
  const rows = lines.map(({ peer, label, usages }) => [
    ...[peer, label],
    `${Math.round(100 * median(usages.map(({ busy }) => busy)))} %`,
    ...names.map((name) => {
      const used = usages.filter(({ parts }) => name in parts);
      return used.length === 0 ? '–' : cell(used, name);
    }),
  ]);
  return table(['', 'while', 'cores busy', ...names], rows);
}

/** What each process took: the medians of seconds of CPU, and of the peak of memory. */
function usageTable(samples) {
  return processTable(watchedOf(samples), (usages, name) => {
    const of = (key) => median(usages.map(({ parts }) => parts[name][key]));
    const [seconds, peak] = [of('seconds'), of('peakMib')];
    return peak === 0 ? `${round(seconds)}` : `${round(seconds)} · ${Math.round(peak)}`;
  });
}

/** Milliseconds of CPU that a request took in each place; undefined where no requests were counted. */
function requestTable(samples) {
  const counted = watchedOf(samples).filter(({ usages }) => usages[0].requests !== undefined);
  if (counted.length === 0) return undefined;
  return processTable(counted, (usages, name) =>
    String(
      round(median(usages.map(({ parts, requests }) => (1000 * parts[name].seconds) / requests))),
    ),
  );
}

/** What limited which peers at what, and in how many runs, one line for each kind of limit. */
function limitLines(samples) {
  const kinds = new Map();
  for (const { peer, usage } of samples) {
    for (const [label, each] of Object.entries(usage)) {
      for (const limit of limitsOf(each)) {
        const counts = kinds.get(limit) ?? new Map();
        const key = `${peer} ${label}`;
        kinds.set(limit, counts.set(key, (counts.get(key) ?? 0) + 1));
      }
    }
  }
  return [...kinds].map(([limit, counts]) => {
    const where = [...counts].map(([key, count]) => `${key} (${count} ×)`);
    return `the machine was the limit, ${limit}: ${where.join(', ')}`;
  });
}

/** What makes figures worth less: the machine at its limit, bytes on another path, samples that failed. */
function notes(samples, failures) {
  const failed = failures.map(
    ({ peer, run, error }) => `not measured: ${peer}${run ? `, run ${run}` : ''}: ${error}`,
  );
  const astray = samples
    .filter((sample) => sample.astray >= ASTRAY)
    .map(
      ({ peer, run, astray: share }) =>
        `on another path: ${round(100 * share, 1)} % of what came to ${peer} in run ${run}`,
    );
  return [...failed, ...astray, ...limitLines(samples)].map((note) => `- ${note}`).join('\n');
}

/** The section of one measure in one setting. */
export function section(name, measure, { setting, samples, failures }) {
  const parts = [`### ${name}, ${setting.name}`, `${setting.about}.`];
  if (samples.length > 0) {
    parts.push(figuresTable(measure, samples));
    parts.push('CPU in seconds · peak of resident memory in MiB, by process:', usageTable(samples));
    const perRequest = requestTable(samples);
    if (perRequest !== undefined) parts.push('CPU in ms for each request, by place:', perRequest);
  }
  const noted = notes(samples, failures);
  if (noted !== '') parts.push(noted);
  return parts.join('\n\n');
}

/** All targets in one table. */
export function targetsTable(rows) {
  const lines = rows.map(({ figure, value, target, met, detail }) => [
    ...[met ? 'met' : '**missed**', figure, String(value), target, detail],
  ]);
  return ['### Targets', table(['', 'figure', 'value', 'target', ''], lines)].join('\n\n');
}
