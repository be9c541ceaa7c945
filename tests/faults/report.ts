import type { Outcome } from './campaign.js';
import { kindOf } from './kinds.js';

const MIB = 1024 * 1024;

/** The value below which a share of all values lies. */
function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}

/** Stalls by kind of fault, as a table. */
export function stallTable(outcomes: readonly Outcome[]): string {
  const names = [...new Set(outcomes.map(nameOf))].sort();
  const rows = names.map((name) =>
    stallRow(
      name,
      outcomes.filter((outcome) => nameOf(outcome) === name),
    ),
  );
  const head = ['fault', 'fired', 'hits', 'stall p50', 'p95', 'max', 'beyond the fault, max'];
  return table([head, ...rows]);
}

/** Where another path would take over, faults that found none ready are told apart, and those that found another in use. */
function nameOf({ kind, isAlone, isElsewhere }: Outcome): string {
  if (isAlone && kindOf(kind).isTotal !== true) return `${kind}, no other path`;
  return isElsewhere ? `${kind}, other path in use` : kind;
}

function stallRow(name: string, own: readonly Outcome[]): string[] {
  const stalls = own.map(({ stallMs }) => stallMs);
  const isTotal = own.some(({ kind }) => kindOf(kind).isTotal === true);
  const rest = own.map(({ stallMs, lastsMs }) => Math.max(0, stallMs - lastsMs));
  return [
    name,
    String(own.length),
    String(own.reduce((sum, { hits }) => sum + hits, 0)),
    ...[0.5, 0.95, 1].map((share) => `${Math.round(quantile(stalls, share))} ms`),
    isTotal ? `${Math.round(Math.max(...rest))} ms` : '–',
  ];
}

/** Highest resident memory seen, and by how much it was above the start. */
export function memoryLine(what: string, bytes: readonly number[], startBytes: number): string {
  const peak = Math.max(...bytes);
  const grown = Math.max(0, peak - startBytes);
  const after = quarters(bytes).map(mib).join(', ');
  return `${what}: at most ${mib(peak)} MiB resident, ${mib(grown)} MiB above its start; the median of each quarter of the run ${after}`;
}

/** The median of each quarter of a series, which tells what goes on growing from what has its level. */
function quarters(series: readonly number[]): number[] {
  return [0, 1, 2, 3].map((quarter) => {
    const at = (share: number): number => Math.floor((series.length * share) / 4);
    const part = series.slice(at(quarter), at(quarter + 1)).sort((one, other) => one - other);
    return part[Math.floor(part.length / 2)] ?? 0;
  });
}

const mib = (bytes: number): number => Math.round(bytes / MIB);

function table(rows: readonly string[][]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('  '),
    )
    .join('\n');
}
