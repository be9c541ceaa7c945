// Relays that carry what they can, all at once: what each gets.
import { startChild } from './children.mjs';
import { onMachine } from './machine.mjs';
import { drop, figure, fixed } from './report.mjs';

const JOIN_MS = 120_000;
const MIB = 1024 * 1024;
/** Jain's index: 1 when all get the same, 1/n when one gets all. */
const FAIR = 0.9;

function jain(shares) {
  const total = shares.reduce((sum, share) => sum + share, 0);
  const squares = shares.reduce((sum, share) => sum + share * share, 0);
  return squares === 0 ? 0 : total ** 2 / (shares.length * squares);
}

export async function busyRelays({ fleet, nodes }, { relays, seconds }) {
  const where = `${nodes.length} node${nodes.length === 1 ? '' : 's'}`;
  const names = (await fleet.names()).slice(0, relays);
  const child = await startChild('viewers');
  try {
    const server = nodes.map(({ url }) => url);
    const wish = { server, names, count: relays };
    const { joined } = await child.ask('join', wish, JOIN_MS);
    if (joined < relays) drop(`${relays - joined} of ${relays} busy relays did not get in`);
    await child.ask('begin');
    const before = nodes.map(({ cpu }) => cpu);
    const { bytes, seconds: took } = await onMachine('busy relays', () =>
      child.ask('carry', { seconds }, 2 * seconds * 1_000 + JOIN_MS),
    );
    const cpu = nodes.reduce((sum, node, index) => sum + node.cpu - before[index], 0);
    tell(bytes.slice(0, joined), { took, cpu, joined, where });
  } finally {
    await child.stop();
  }
}

function tell(bytes, { took, cpu, joined, where }) {
  const rates = bytes.map((each) => each / took / MIB).sort((a, b) => a - b);
  const total = rates.reduce((sum, rate) => sum + rate, 0);
  const index = jain(rates);
  const least = rates[0] ?? 0;
  const middle = rates[Math.floor(rates.length / 2)] ?? 0;
  figure(
    `${joined} busy relays, ${where}`,
    `${fixed(total)} MiB/s in all, each ${fixed(least, 2)} to ${fixed(rates.at(-1) ?? 0, 2)}, median ${fixed(middle, 2)}; ${fixed((1024 * cpu) / took / total, 2)} s of CPU for a GiB`,
  );
  figure(
    `fairness among them, ${where}`,
    `${fixed(index, 3)} (Jain)`,
    `${FAIR}`,
    index >= FAIR && least > 0,
  );
}
