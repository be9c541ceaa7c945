// How often a relayed byte is copied on its way through the server.
import { startChild } from './children.mjs';
import { Fleet } from './fleet.mjs';
import { withNodes } from './nodes.mjs';
import { figure, fixed } from './report.mjs';

const [JOIN_MS, SECONDS] = [60_000, 3];
/** By each node for each session's node as many, so that what nodes pass on to each other is a fair share. */
const relaysOf = (nodes) => Math.max(4, nodes ** 2);

export async function copies({ nodes: counts }) {
  for (const count of counts) await copiesOf(count);
}

/** With several nodes a viewer comes by any of them, and so does the connection of its host. */
async function copiesOf(count) {
  const given = {
    args: ['--open-registration'],
    env: { STUN_EMBEDDED: 'false' },
    probe: 'bench/capacity/copies-probe.mjs',
  };
  await withNodes(count, given, async (nodes) => {
    const fleet = await Fleet.of(nodes, relaysOf(count), relaysOf(count));
    const viewers = await startChild('viewers');
    try {
      await fleet.register(JOIN_MS);
      const names = await fleet.names();
      const wish = { server: nodes.map(({ url }) => url), names, count: names.length };
      await viewers.ask('join', wish, JOIN_MS);
      await viewers.ask('begin');
      const before = await all(nodes);
      const { bytes } = await viewers.ask('carry', { seconds: SECONDS });
      tell({ before, after: await all(nodes), carried: sum(bytes), count });
    } finally {
      await Promise.all([fleet.stop(), viewers.stop()]);
    }
  });
}

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

/** What all nodes together have copied, read and written. */
async function all(nodes) {
  const each = await Promise.all(nodes.map((node) => node.ask()));
  return (key) => sum(each.map((said) => said[key]));
}

/**
 * At one node: of all that went through, a byte is read once and written once. At several: of what viewers have got; what
 * nodes pass on to each other is read and written once more by each.
 */
function tell({ before, after, carried, count }) {
  const [copied, read, written] = ['copied', 'read', 'written'].map(
    (key) => after(key) - before(key),
  );
  const whole = count === 1 ? read : carried;
  figure(
    `copies of a relayed byte, ${count} node${count === 1 ? '' : 's'}`,
    `${fixed((read + written + copied) / whole, 2)}: ${fixed(read / whole, 2)} by recv, ${fixed(written / whole, 2)} by send, ${fixed(copied / whole, 2)} in the process, to join the pieces of messages`,
  );
}
