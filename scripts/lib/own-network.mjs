// A network that has this machine alone: every port is free in it, and nobody else answers.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';

/** The machine's address there, beside the loopback. */
const ADDRESS = '192.168.77.5';
const SET_UP = `ip link set lo up && ip link add lan0 type veth peer name lan1 &&
  ip addr add ${ADDRESS}/24 dev lan0 && ip link set lan0 up && ip link set lan1 up && echo ready && exec cat`;

/** `through` runs a command in it, in place of its first words. Root may make one, and others where they may be root in it. */
export async function ownNetwork() {
  const isRoot = spawnSync('unshare', ['--net', 'true']).status === 0;
  const rights = isRoot ? [] : ['--map-root-user'];
  // It ends with its input, so with whoever has made it.
  const holder = spawn('unshare', ['--net', ...rights, 'sh', '-c', SET_UP], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const gone = once(holder, 'exit').then(() => {
    throw new Error('a network could not be made');
  });
  await Promise.race([once(holder.stdout, 'data'), gone]);
  gone.catch(() => undefined);
  const users = isRoot ? [] : ['--user', '--preserve-credentials'];
  return {
    through: ['nsenter', '--target', String(holder.pid), '--net', ...users],
    close: async () => {
      holder.stdin.end();
      await gone.catch(() => undefined);
    },
  };
}
