// All nodes are killed and started again: every host comes back, at times of its own choice.
import { onMachine } from './machine.mjs';
import { drop, figure, fixed, progress } from './report.mjs';
import { wait } from './wait.mjs';

const [POLL_MS, TELL_MS, ASK_MS] = [500, 5_000, 100];
/** A host waits for 10 s at most between two tries; a server that keeps them off longer is the limit. */
const BACK_MS = 180_000;

/** How long the server's own page takes meanwhile, at worst. */
function watchHealth({ url }) {
  let [worst, isOver] = [0, false];
  const watching = (async () => {
    while (!isOver) {
      const start = performance.now();
      await fetch(`${url}/healthz`)
        .then((answer) => answer.text())
        .catch(() => undefined);
      worst = Math.max(worst, performance.now() - start);
      await wait(ASK_MS);
    }
  })();
  return async () => {
    isOver = true;
    await watching;
    return worst;
  };
}

async function allBack(fleet, wanted) {
  const end = performance.now() + BACK_MS;
  let toldAt = performance.now();
  for (;;) {
    const status = await fleet.status();
    if (status.online >= wanted || performance.now() > end) return status;
    if (performance.now() - toldAt > TELL_MS) {
      progress(`${status.online} of ${wanted} hosts are back`);
      toldAt = performance.now();
    }
    await wait(POLL_MS);
  }
}

export async function storm({ fleet, nodes, registered }) {
  const where = `${nodes.length} node${nodes.length === 1 ? '' : 's'}`;
  await Promise.all(nodes.map((node) => node.kill()));
  await Promise.all(nodes.map((node) => node.start()));
  await fleet.mark();
  const health = watchHealth(nodes[0]);
  const { online, times, refusals } = await onMachine('the storm', () =>
    allBack(fleet, registered),
  );
  const worst = await health();
  if (online < registered) drop(`${registered - online} hosts were not back in ${BACK_MS} ms`);
  const sorted = times.sort((a, b) => a - b);
  const at = (share) =>
    fixed((sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0) / 1_000);
  const cpu = nodes.reduce((sum, node) => sum + node.cpu, 0);
  const peak = Math.max(...nodes.map(({ peakKib }) => peakKib)) / 1024;
  figure(
    `${online} hosts after a restart of ${where}`,
    `half are back after ${at(0.5)} s, 95 % after ${at(0.95)}, all after ${at(1)}; ${fixed(cpu)} s of CPU, a node has ${fixed(peak, 0)} MiB at most, its own page takes ${fixed(worst, 0)} ms at worst; turned away meanwhile: ${JSON.stringify(refusals)}`,
  );
}
