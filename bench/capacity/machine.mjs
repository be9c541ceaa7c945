import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { drop } from './report.mjs';

const BUSY = 0.9;
/** What a node needs beside its hosts' connections: viewers, the other nodes, files. */
const OTHER_DESCRIPTORS = 300;

/** Descriptors that one process may have. */
const mostDescriptors = () => Number(execFileSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }));

/** How many of a node's sessions can have a connection ready beside the one for signaling, viewers counted. */
export function readyOnes(sessions, viewers) {
  const left = mostDescriptors() - OTHER_DESCRIPTORS - sessions - 3 * viewers;
  return Math.max(0, Math.min(sessions, left));
}

function seconds() {
  const [line] = readFileSync('/proc/stat', 'utf8').split('\n', 1);
  const [user, nice, system, idle, waiting, irq, softIrq] = line
    .trim()
    .split(/\s+/)
    .slice(1)
    .map(Number);
  const busy = user + nice + system + irq + softIrq;
  return { busy, all: busy + idle + waiting };
}

/** Does something, and says when the machine itself was the limit meanwhile. */
export async function onMachine(what, work) {
  const before = seconds();
  const value = await work();
  const after = seconds();
  const busy = (after.busy - before.busy) / Math.max(1, after.all - before.all);
  if (busy > BUSY) {
    drop(
      `${what}: the machine was the limit, ${Math.round(100 * busy)} % of its ${cpus().length} cores were busy`,
    );
  }
  return value;
}
