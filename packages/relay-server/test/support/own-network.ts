import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cleanups } from './cleanups.js';

/** The address that this machine has in such a network. */
export const LAN_ADDRESS = '192.168.77.5';

/** The address in a network that has IPv6 alone. */
export const LAN_ADDRESS_6 = 'fd77::5';

const scriptOf = (
  address: string,
): string => `ip link set lo up && ip link add lan0 type veth peer name lan1 &&
  ip addr add ${address} dev lan0 && ip link set lan0 up && ip link set lan1 up &&
  echo ready && exec sleep 300`;

/**
 * Makes a network that nobody else is in, with multicast, until the test is over. Returns what runs a command there:
 * root may make one, and others where they may be root in it.
 */
export async function ownNetwork(address = `${LAN_ADDRESS}/24`): Promise<string[]> {
  const isRoot = spawnSync('unshare', ['--net', 'true']).status === 0;
  const rights = isRoot ? [] : ['--map-root-user'];
  const holder = spawn('unshare', ['--net', ...rights, 'sh', '-c', scriptOf(address)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const gone = once(holder, 'exit');
  cleanups.push(async () => {
    holder.kill();
    await gone;
  });
  await Promise.race([
    once(holder.stdout, 'data'),
    gone.then(() => Promise.reject(new Error('a network could not be made'))),
  ]);
  const users = isRoot ? [] : ['--user', '--preserve-credentials'];
  return ['nsenter', '--target', String(holder.pid), '--net', ...users];
}
