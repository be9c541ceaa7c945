import type { Outcome } from './campaign.js';
import { kindOf, type KindName } from './kinds.js';

const MIB = 1024 * 1024;

/** The value below which a share of all values lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}

/** Stalls by kind of fault, as a table. */
export function stallTable(outcomes: readonly Outcome[]): string {
  const kinds = [...new Set(outcomes.map(({ kind }) => kind))].sort();
  const rows = kinds.map((kind) => stallRow(kind, outcomes));
  const head = ['fault', 'fired', 'hits', 'stall p50', 'p95', 'max', 'beyond the fault, max'];
  return table([head, ...rows]);
}

function stallRow(name: KindName, outcomes: readonly Outcome[]): string[] {
  const own = outcomes.filter(({ kind }) => kind === name);
  const stalls = own.map(({ stallMs }) => stallMs);
  const isTotal = kindOf(name).isTotal === true;
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
  return `${what}: at most ${mib(peak)} MiB resident, ${mib(grown)} MiB above its start`;
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
