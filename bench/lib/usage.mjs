// What processes take while something is measured, from /proc, and whether it was the machine that set the limit.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';

const TICKS_PER_SECOND = 100;
const MIB_KIB = 1024;
/** From here on a figure says more about the machine than about what was measured. */
const BUSY = 0.9;
const OTHERS = 0.1;
const LATE = 0.01;

const read = (path) => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // It has just ended.
    return '';
  }
};

/** Seconds of CPU that a process or thread has taken, by its stat file. */
function secondsOf(stat) {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / TICKS_PER_SECOND;
}

/** CPU of all threads of a process so far, in seconds. */
export const cpuSeconds = (pid) => secondsOf(read(`/proc/${pid}/stat`));

const list = (path) => {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
};

/** A process and all below it; of the bench itself only it, for the others are its children. */
function tree(pid) {
  if (pid === process.pid) return [String(pid)];
  const children = list(`/proc/${pid}/task`).flatMap((thread) =>
    read(`/proc/${pid}/task/${thread}/children`).split(' ').filter(Boolean),
  );
  return [String(pid), ...children.flatMap(tree)];
}

/** What a process of Chromium is there for. */
function browserPart(pid) {
  const words = read(`/proc/${pid}/cmdline`);
  if (words.includes('--type=renderer')) return 'renderers';
  return words.includes('network.mojom.NetworkService') ? 'network service' : 'browser';
}

/** Threads of renderers that are worth a line of their own; the rest is the pages'. */
const THREADS = { 'ServiceWorker t': 'service worker', DedicatedWorker: 'tunnel worker' };

/** CPU of a process by part: that of a renderer's workers is told apart. */
function partsOf(pid, part) {
  const all = secondsOf(read(`/proc/${pid}/stat`));
  if (part !== 'renderers') return [[part, all]];
  const threads = list(`/proc/${pid}/task`).flatMap((thread) => {
    const stat = read(`/proc/${pid}/task/${thread}/stat`);
    const name = THREADS[/\((.*)\)/.exec(stat)?.[1]];
    return name === undefined ? [] : [[name, secondsOf(stat)]];
  });
  const rest = all - threads.reduce((sum, [, seconds]) => sum + seconds, 0);
  return [[part, rest], ...threads];
}

const kib = (pid, field) =>
  Number(new RegExp(`${field}:\\s+(\\d+)`).exec(read(`/proc/${pid}/status`))?.[1] ?? 0);

/** CPU and resident memory of everything below some processes, by the name of the part. */
function taken(programs) {
  const parts = new Map();
  const add = (name, values) => {
    const sum = parts.get(name) ?? { seconds: 0, nowMib: 0, peakMib: 0 };
    for (const [key, value] of Object.entries(values)) sum[key] += value;
    parts.set(name, sum);
  };
  for (const [name, pid] of programs) {
    for (const each of tree(pid)) {
      const part = name === 'chromium' ? browserPart(each) : name;
      for (const [of, seconds] of partsOf(each, part)) add(of, { seconds });
      add(part, { nowMib: kib(each, 'VmRSS') / MIB_KIB, peakMib: kib(each, 'VmHWM') / MIB_KIB });
    }
  }
  return parts;
}

/** Seconds of all cores together, those idle or waiting for a disk told apart. */
function machine() {
  const [, ...fields] = read('/proc/stat').split('\n', 1)[0].trim().split(/\s+/);
  const [user, nice, system, idle, waiting, ...interrupts] = fields.map(Number);
  const busy = user + nice + system + interrupts.slice(0, 3).reduce((sum, each) => sum + each, 0);
  return { busy: busy / TICKS_PER_SECOND, all: (busy + idle + waiting) / TICKS_PER_SECOND };
}

function resetPeaks(programs) {
  for (const [, pid] of programs) {
    for (const each of tree(pid)) {
      try {
        writeFileSync(`/proc/${each}/clear_refs`, '5');
      } catch {
        // It has just ended.
      }
    }
  }
}

/**
 * Runs something, and resolves with its value and what was taken meanwhile: by each part the seconds of CPU, the memory at
 * the start and its peak; by the machine how busy it was, and with whom. `programs` are pairs of a name and a process id.
 */
export async function watched(programs, lab, run) {
  resetPeaks(programs);
  await lab.packets();
  const [before, machineBefore] = [taken(programs), machine()];
  const value = await run();
  const [after, machineAfter] = [taken(programs), machine()];
  const parts = Object.fromEntries(
    [...after].map(([name, { seconds, peakMib }]) => {
      const from = before.get(name);
      const took = Math.max(0, seconds - (from?.seconds ?? 0));
      return [name, { seconds: took, startMib: from?.nowMib ?? 0, peakMib }];
    }),
  );
  const ours = Object.values(parts).reduce((sum, { seconds }) => sum + seconds, 0);
  const all = Math.max(machineAfter.all - machineBefore.all, 1 / TICKS_PER_SECOND);
  const busy = (machineAfter.busy - machineBefore.busy) / all;
  const others = Math.max(0, busy - ours / all);
  return { value, usage: { parts, busy, others, packets: await lab.packets() } };
}

/** How the machine itself limited what was measured, in words; empty when it did not. */
export function limitsOf({ busy, others, packets }) {
  const late = packets.given === 0 ? 0 : packets.late / packets.given;
  const limits = {
    [`its ${cpus().length} cores were busy`]: busy >= BUSY,
    'other programs took their part': others >= OTHERS,
    'the emulator was late with packets': late >= LATE,
  };
  return Object.keys(limits).filter((limit) => limits[limit]);
}
