import { readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { eventually } from '../support/program.js';

/** What a process holds: descriptors by kind, threads, and what keeps its event loop alive. */
export type Holdings = Record<string, number>;

/** Asks a process that runs with the probe. */
export async function holdings(pid: number, probeFile: string): Promise<Holdings> {
  rmSync(probeFile, { force: true });
  process.kill(pid, 'SIGUSR2');
  const active = await eventually('the probe’s answer', () => readActive(probeFile));
  const held: Holdings = { threads: readdirSync(`/proc/${pid}/task`).length };
  for (const kind of [...descriptors(pid), ...active]) held[kind] = (held[kind] ?? 0) + 1;
  return held;
}

/** What is there beyond a baseline and what may come and go. */
export function beyond(now: Holdings, baseline: Holdings, slack: Holdings = {}): string[] {
  return Object.entries(now)
    .filter(([kind, count]) => count > (baseline[kind] ?? 0) + (slack[kind] ?? 0))
    .map(([kind, count]) => `${kind} ${count}, was ${baseline[kind] ?? 0}`);
}

function readActive(file: string): string[] | undefined {
  const kinds = JSON.parse(readFileSync(file, 'utf8')) as string[];
  return kinds.map((kind) => `loop:${kind}`);
}

function descriptors(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).map((fd) => {
    try {
      const target = readlinkSync(`/proc/${pid}/fd/${fd}`);
      return `fd:${/^\w+(?=:)/.exec(target)?.[0] ?? 'file'}`;
    } catch {
      return 'fd:gone';
    }
  });
}

/** Resident memory of a process, bytes; 0 when it is gone. */
export function residentOf(pid: number): number {
  try {
    const text = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(text)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

/** Resident memory of the largest process that shows pages, below a browser; bytes. */
export function pageProcessBytes(browserPid: number): number {
  return Math.max(0, ...descendants(browserPid).filter(showsPages).map(residentOf));
}

function showsPages(pid: number): boolean {
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    return command.includes('--type=renderer') || command.includes('-contentproc');
  } catch {
    return false;
  }
}

/** Resident memory of all that a process has started; bytes. */
export const belowBytes = (pid: number): number =>
  descendants(pid).reduce((sum, child) => sum + residentOf(child), 0);

/** All processes below one. */
export function descendants(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    const parent = parentOf(Number(name));
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const found = [...(children.get(root) ?? [])];
  for (const pid of found) found.push(...(children.get(pid) ?? []));
  return found;
}

function parentOf(pid: number): number {
  try {
    return Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
