import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

/** Resident memory of a process now, bytes. */
export function residentBytes(pid: number): number {
  return field(pid, 'VmRSS');
}

/** Starts a new measurement of the peak. */
export function resetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

/** Highest resident memory since the last reset, bytes. */
export function peakBytes(pid: number): number {
  return field(pid, 'VmHWM');
}

/** Memory of a process and all below it, with what they share counted once, bytes. */
export function treeBytes(pid: number): number {
  let sum = 0;
  for (const each of tree(pid)) {
    try {
      sum += field(each, 'Pss', 'smaps_rollup');
    } catch {
      // It has just ended.
    }
  }
  return sum;
}

function field(pid: number, name: string, file = 'status'): number {
  const line = readFileSync(`/proc/${pid}/${file}`, 'utf8')
    .split('\n')
    .find((text) => text.startsWith(`${name}:`));
  return Number(/\d+/.exec(line ?? '')?.[0]) * 1024;
}

function tree(pid: number): number[] {
  return [
    pid,
    ...threads(pid)
      .flatMap((thread) => children(pid, thread))
      .flatMap(tree),
  ];
}

function threads(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

function children(pid: number, thread: string): number[] {
  try {
    const listed = readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8');
    return listed.split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}
