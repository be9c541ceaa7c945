import type { Behaviour, Trial, Way } from './trial.js';
import type { Update } from './hot-update.js';

const COLUMNS = [
  'row',
  'versions',
  'browser',
  'renders',
  'console',
  'hot update',
  'state',
  'path',
  'notes',
] as const;
/** One line of the table. */
export type Line = Record<(typeof COLUMNS)[number], string>;

/** What a trial means: cells for the table, and what the tunnel does worse than localhost. */
export interface Verdict {
  readonly cells: Pick<Line, 'renders' | 'console' | 'hot update' | 'state' | 'path'>;
  readonly faults: readonly string[];
}

export function judge({ localhost, tunnelled }: Trial): Verdict {
  const ways = [...tunnelled];
  const errors = ways.flatMap(([way, behaviour]) => newErrors(way, behaviour, localhost));
  const updates = ways.flatMap(([way, behaviour]) => worseUpdates(way, behaviour, localhost));
  const quiet =
    localhost.errors.length === 0 ? 'none' : `as localhost (${localhost.errors.length})`;
  return {
    cells: {
      renders: 'yes',
      console: errors.length === 0 ? quiet : `${errors.length} more than localhost`,
      'hot update': updates.length === 0 ? describeHot(localhost.updates) : 'worse than localhost',
      state: describeState(localhost.updates),
      path: ways.map(([way]) => way).join(', '),
    },
    faults: [
      ...errors,
      ...updates,
      ...ways.flatMap(([way, seen]) => otherwise(way, seen, localhost)),
    ],
  };
}

function newErrors(way: Way, { errors }: Behaviour, localhost: Behaviour): string[] {
  const fresh = new Set(errors.filter((error) => !localhost.errors.includes(error)));
  return [...fresh].map((error) => `${way}, console: ${error}`);
}

function worseUpdates(way: Way, { updates }: Behaviour, localhost: Behaviour): string[] {
  return localhost.updates.flatMap((measure, n) =>
    worseThan(measure, updates[n]).map((fault) => `${way}, edit of ${measure.what}: ${fault}`),
  );
}

function worseThan(measure: Update, update: Update | undefined): string[] {
  if (update === undefined) return ['not tried'];
  const reloads = measure.isHot && !update.isHot;
  const forgets = measure.keepsState === true && update.keepsState !== true;
  return [
    ...(reloads ? ['reloads the page, localhost does not'] : []),
    ...(forgets ? ['loses state that localhost keeps'] : []),
  ];
}

/** What a check has seen, where localhost shows something else. */
function otherwise(way: Way, { seen }: Behaviour, localhost: Behaviour): string[] {
  return [...localhost.seen]
    .filter(([what, measure]) => seen.get(what) !== measure)
    .map(([what, measure]) => `${way}, ${what}: ${seen.get(what)} instead of ${measure}`);
}

function describeHot(updates: readonly Update[]): string {
  return each(updates, ({ isHot }) => (isHot ? 'yes' : 'reload, as localhost'));
}

function describeState(updates: readonly Update[]): string {
  return each(updates, ({ keepsState }) => {
    if (keepsState === undefined) return '–';
    return keepsState ? 'kept' : 'lost, as localhost';
  });
}

/** One word when all agree, else one for each edit. */
function each(updates: readonly Update[], describe: (update: Update) => string): string {
  const words = new Set(updates.map(describe));
  if (words.size === 0) return '–';
  if (words.size === 1) return [...words].join('');
  return updates.map((update) => `${update.what}: ${describe(update)}`).join('; ');
}

/** A Markdown table, padded so that it reads in a terminal too. */
export function formatTable(lines: readonly Line[]): string {
  const widths = COLUMNS.map((name) =>
    Math.max(name.length, ...lines.map((line) => line[name].length)),
  );
  const row = (cells: readonly string[]): string =>
    `| ${cells.map((cell, n) => cell.padEnd(widths[n] ?? 0)).join(' | ')} |`;
  return [
    row(COLUMNS),
    row(widths.map((width) => '-'.repeat(width))),
    ...lines.map((line) => row(COLUMNS.map((name) => line[name]))),
  ].join('\n');
}
