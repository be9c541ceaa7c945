import { expectedWay, type Cell } from './cell.js';
import type { Reached } from './visit.js';

/** A column of the table that is printed, and what it shows of a cell. */
export interface Column {
  readonly name: string;
  show(cell: Cell, reached: Reached): string | number | null | undefined;
}

const kib = (bytes: number | undefined): string | undefined =>
  bytes === undefined ? undefined : (bytes / 1024).toFixed(1);

const ALWAYS: readonly Column[] = [
  { name: 'viewer', show: ({ viewer }) => viewer },
  { name: 'host', show: ({ host }) => host },
  { name: 'browser', show: ({ browser }) => browser },
  { name: 'engine', show: ({ engine }) => engine },
  { name: 'expected', show: expectedWay },
  { name: 'reached', show: (_, { way }) => way },
  { name: 'app ms', show: (_, { appMs }) => appMs },
  { name: 'channel ms', show: (_, { directMs }) => directMs },
  { name: 'setup ms', show: (_, { setupMs }) => setupMs },
  { name: 'failed attempts', show: (_, { failures }) => failures.length },
  { name: 'direct KiB', show: (_, { carried }) => kib(carried.p2p) },
  { name: 'TURN KiB', show: (_, { carried }) => kib(carried.turn) },
  { name: 'relayed KiB', show: (_, { carried }) => kib(carried.relay) },
];

/** Where Vite's example is loaded. */
const OF_LOADS: readonly Column[] = [
  { name: 'load ms', show: (_, { load }) => load?.ms },
  { name: 'requests', show: (_, { load }) => load?.requests },
];

/** Where something changes. */
const OF_CHANGES: readonly Column[] = [
  { name: 'stall ms', show: (_, { change }) => change?.stallMs },
  { name: 'attempt ms after the first sign', show: (_, { change }) => change?.attemptMs },
  { name: 'direct again ms', show: (_, { change }) => change?.directMs },
  { name: 'changes of path', show: (_, { change }) => change?.switches },
  { name: 'checked KiB', show: (_, { change }) => kib(change?.checkedBytes) },
  { name: 'lost', show: (_, { change }) => change?.faults.length },
  { name: 'direct KiB again', show: (_, { change }) => kib(change?.carried?.p2p) },
  { name: 'relayed KiB again', show: (_, { change }) => kib(change?.carried?.relay) },
];

/** The columns that these cells have something for. */
export function columnsFor(cells: readonly Cell[]): readonly Column[] {
  const loads = cells.some(({ app }) => app === 'vite') ? OF_LOADS : [];
  const changes = cells.some(({ change }) => change !== 'none') ? OF_CHANGES : [];
  return [...ALWAYS, ...loads, ...changes];
}

export function headOf(columns: readonly Column[]): string {
  return `${line(columns.map(({ name }) => name))}\n|${' --- |'.repeat(columns.length)}`;
}

export function rowOf(columns: readonly Column[], cell: Cell, reached: Reached): string {
  return line(columns.map((column) => text(column.show(cell, reached))));
}

function text(value: string | number | null | undefined): string {
  if (value === null || value === undefined) return '–';
  return typeof value === 'number' ? `${Math.round(value)}` : value;
}

function line(values: readonly string[]): string {
  return `| ${values.join(' | ')} |`;
}
