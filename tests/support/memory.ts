import { readFileSync, writeFileSync } from 'node:fs';

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

function field(pid: number, name: string): number {
  const line = readFileSync(`/proc/${pid}/status`, 'utf8')
    .split('\n')
    .find((text) => text.startsWith(`${name}:`));
  return Number(/\d+/.exec(line ?? '')?.[0]) * 1024;
}
