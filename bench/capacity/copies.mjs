// How often a relayed byte is copied on its way through the server.
import { startChild } from './children.mjs';
import { Fleet } from './fleet.mjs';
import { withNodes } from './nodes.mjs';
import { figure, fixed } from './report.mjs';

const [JOIN_MS, SECONDS] = [60_000, 3];
const RELAYS = 4;

export async function copies() {
  const given = {
    args: ['--open-registration'],
    env: { STUN_EMBEDDED: 'false' },
    probe: 'bench/capacity/copies-probe.mjs',
  };
  await withNodes(1, given, async ([node]) => {
    const fleet = await Fleet.of([node], RELAYS, RELAYS);
    const viewers = await startChild('viewers');
    try {
      await fleet.register(JOIN_MS);
      const wish = { server: node.url, names: await fleet.names(), count: RELAYS };
      await viewers.ask('join', wish, JOIN_MS);
      await viewers.ask('begin');
      const before = await node.ask();
      await viewers.ask('carry', { seconds: SECONDS });
      tell(before, await node.ask());
    } finally {
      await Promise.all([fleet.stop(), viewers.stop()]);
    }
  });
}

/** Of all that went through: a byte is read once and written once. */
function tell(before, after) {
  const [copied, read, written] = ['copied', 'read', 'written'].map(
    (key) => after[key] - before[key],
  );
  figure(
    'copies of a relayed byte',
    `${fixed(1 + written / read + copied / read, 2)}: one by recv, ${fixed(written / read, 2)} by send, ${fixed(copied / read, 2)} in the process, to join the pieces of messages`,
  );
}
