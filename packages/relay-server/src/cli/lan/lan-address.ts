import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { networkInterfaces, type NetworkInterfaceInfo } from 'node:os';
import { WingmanError } from '@wingman/protocol';

/** The networks of this machine, as Node lists them; tests pass their own. */
export type Interfaces = NodeJS.Dict<NetworkInterfaceInfo[]>;

/** What containers, virtual machines and VPNs call theirs: no phone is there. */
const VIRTUAL =
  /^(?:docker|br-|veth|virbr|vmnet|vboxnet|vEthernet|VMware|VirtualBox|lxc|lxd|cni|flannel|podman|tun|tap|utun|wg|ppp|ipsec|tailscale|zt|awdl|llw|bridge)/i;
/** Addresses that a router gives out at home and at work (RFC 1918). */
const PRIVATE = /^(?:10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.)/;
/** What a machine takes that nobody gave one (RFC 3927). */
const LINK_LOCAL = /^169\.254\./;

/**
 * This machine's IPv4 address on the network at hand: `wanted`, or the likeliest. Rejects with REFUSED when it has no
 * such address.
 */
export async function lanAddress(
  wanted: string | undefined,
  interfaces: Interfaces = networkInterfaces(),
  inUse: () => Promise<string | undefined> = addressInUse,
): Promise<string> {
  const all = Object.values(interfaces).flatMap((entries = []) => entries);
  if (wanted !== undefined) {
    const own = all.find(({ address }) => address === wanted);
    if (own?.internal === false) return wanted;
    if (own !== undefined) {
      throw new WingmanError('REFUSED', `nobody on a network reaches ${wanted}. ${known(all)}`);
    }
    throw new WingmanError('REFUSED', `${wanted} is no address of this machine. ${known(all)}`);
  }
  const [first] = lanAddresses(interfaces, await inUse());
  if (first !== undefined) return first;
  throw new WingmanError(
    'REFUSED',
    `--lan finds no network here. Join one, or name an address: --lan-address. ${known(all)}`,
  );
}

/** The addresses that a phone may reach, the likeliest first; `inUse` is the one that the system itself would send from. */
export function lanAddresses(interfaces: Interfaces, inUse?: string): string[] {
  const found = Object.entries(interfaces).flatMap(([name, entries = []]) =>
    entries
      .filter(({ family, internal }) => family === 'IPv4' && !internal)
      .map(({ address }) => ({ address, rank: rankOf(name, address, inUse) })),
  );
  return found.sort((one, other) => one.rank - other.rank).map(({ address }) => address);
}

/** Lower is likelier. A VPN may have the default route, and is passed over all the same. */
function rankOf(name: string, address: string, inUse: string | undefined): number {
  const place = VIRTUAL.test(name) ? 8 : 0;
  const reach = LINK_LOCAL.test(address) ? 4 : PRIVATE.test(address) ? 0 : 2;
  return place + reach + (address === inUse ? 0 : 1);
}

function known(all: readonly NetworkInterfaceInfo[]): string {
  const addresses = all.flatMap(({ address, family }) => (family === 'IPv4' ? [address] : []));
  return `It has: ${addresses.join(', ')}`;
}

/** An address of nobody (RFC 5737). */
const ELSEWHERE = '192.0.2.1';

/** What the system would send from; nothing is sent to find out. */
async function addressInUse(): Promise<string | undefined> {
  const socket = createSocket('udp4');
  try {
    socket.connect(9, ELSEWHERE);
    await once(socket, 'connect');
    return socket.address().address;
  } catch {
    return undefined;
  } finally {
    socket.close();
  }
}
