// The relay's splice beside a bare one of ws, in turn and with the same two ends.
import { median } from '../lib/stats.mjs';
import { startChild, startRawSplice } from './children.mjs';
import { cpuSeconds } from '../lib/usage.mjs';
import { Fleet } from './fleet.mjs';
import { onMachine } from './machine.mjs';
import { withNodes } from './nodes.mjs';
import { figure, fixed, progress } from './report.mjs';

const PAIRS = 4;
const MIB = 1024 * 1024;
const TARGET = 0.9;
const JOIN_MS = 60_000;

/** What one process carries between the ends that have joined, in MiB/s and in MiB for a second of its CPU. */
async function carried(viewers, pid, seconds) {
  await viewers.ask('begin');
  const before = cpuSeconds(pid);
  const { bytes, seconds: took } = await viewers.ask('carry', { seconds }, JOIN_MS);
  const mib = bytes.reduce((sum, each) => sum + each, 0) / MIB;
  const cpu = Math.max(0.01, cpuSeconds(pid) - before);
  return { rate: mib / took, perCpu: mib / cpu };
}

async function ofServer({ fleet, node, viewers }, seconds) {
  const wish = { server: node.url, names: await fleet.names(), count: PAIRS };
  await viewers.ask('join', wish, JOIN_MS);
  const result = await carried(viewers, node.pid, seconds);
  await viewers.ask('leave');
  return result;
}

async function ofRaw({ fleet, raw, viewers }, seconds, round) {
  const links = Array.from({ length: PAIRS }, (_, index) => `${round}-${index}`);
  await fleet.children[0].ask('raw', { server: raw.server, links });
  await viewers.ask('raw', { server: raw.server, links }, JOIN_MS);
  const result = await carried(viewers, raw.program.pid, seconds);
  await viewers.ask('leave');
  return result;
}

export async function splice({ rounds, seconds }) {
  const each = Math.max(1, Math.round(seconds / 6));
  const env = { STUN_EMBEDDED: 'false' };
  await withNodes(1, { args: ['--open-registration'], env }, async (nodes) => {
    const [fleet, raw, viewers] = [
      await Fleet.of(nodes, PAIRS, PAIRS),
      await startRawSplice(),
      await startChild('viewers'),
    ];
    try {
      await fleet.register(JOIN_MS);
      const scene = { fleet, raw, viewers, node: nodes[0] };
      await onMachine('the splice', () => compare(scene, rounds, each));
    } finally {
      await Promise.all([fleet.stop(), viewers.stop(), raw.program.stop()]);
    }
  });
}

async function compare(scene, rounds, seconds) {
  const ratios = [];
  // The first is left out: code is compiled in it.
  for (let round = 0; round <= rounds; round += 1) {
    const bare = await ofRaw(scene, seconds, round);
    const ours = await ofServer(scene, seconds);
    progress(
      `splice ${fixed(ours.rate)} MiB/s, bare ${fixed(bare.rate)}; for a second of CPU ${fixed(ours.perCpu)} MiB and ${fixed(bare.perCpu)}`,
    );
    if (round > 0) ratios.push({ rate: ours.rate / bare.rate, perCpu: ours.perCpu / bare.perCpu });
  }
  const of = (key) => median(ratios.map((ratio) => ratio[key]));
  const [rate, perCpu] = [of('rate'), of('perCpu')];
  const what = `median of ${rounds} rounds`;
  figure('splice against a bare one, bytes a second', fixed(rate, 2), `${TARGET}`, rate >= TARGET);
  figure(`splice against a bare one, bytes a second of CPU (${what})`, fixed(perCpu, 2));
}
