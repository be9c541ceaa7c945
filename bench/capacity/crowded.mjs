import { Fleet } from './fleet.mjs';
import { readyOnes } from './machine.mjs';
import { withNodes } from './nodes.mjs';
import { drop, progress } from './report.mjs';

/** A registration takes a few milliseconds; a busy machine gets ten times that. */
const REGISTER_MS_EACH = 30;
const LEAST_REGISTER_MS = 60_000;

const registerMs = (sessions) => Math.max(LEAST_REGISTER_MS, sessions * REGISTER_MS_EACH);

/** Nodes that have so many sessions of hosts in other processes, as long as they are used. */
export function withSessions(count, { sessions, viewers }, use) {
  const limits = ['--max-sessions', String(2 * sessions), '--max-sockets', '100000'];
  const args = ['--open-registration', ...limits];
  return withNodes(count, { args, env: { STUN_EMBEDDED: 'false' } }, async (nodes, redisPid) => {
    const empty = await Promise.all(nodes.map((node) => node.held()));
    const ready = readyOnes(sessions, viewers);
    if (ready < sessions) {
      drop(
        `${sessions - ready} sessions keep no connection ready: a process has so many descriptors here (ulimit -n)`,
      );
    }
    const fleet = await Fleet.of(nodes, sessions, ready);
    try {
      const start = performance.now();
      const { refusals, registered } = await fleet.register(registerMs(sessions));
      const took = ((performance.now() - start) / 1000).toFixed(1);
      progress(`${registered} of ${sessions} sessions after ${took} s`);
      if (registered < sessions) {
        drop(`${sessions - registered} sessions were not registered: ${JSON.stringify(refusals)}`);
      }
      return await use({ nodes, redisPid, fleet, empty, registered });
    } finally {
      await fleet.stop();
    }
  });
}
