import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
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
/** What a network of IPv6 has for itself (RFC 4193); whoever is outside doesn't reach it. */
const UNIQUE_LOCAL = /^f[cd]/;
/** It needs a zone (RFC 4007), and no browser opens an address that has one. */
const NEEDS_ZONE = /^fe[89ab]/;

/**
 * This machine's address on the network at hand: `wanted`, or the likeliest. Rejects with REFUSED when it has no such
 * address.
 */
export async function lanAddress(
  wanted: string | undefined,
  interfaces: Interfaces = networkInterfaces(),
  inUse: () => Promise<string | undefined> = addressInUse,
): Promise<string> {
  const all = Object.values(interfaces).flatMap((entries = []) => entries);
  if (wanted !== undefined) return ownAddress(canonical(wanted), all);
  const [first] = lanAddresses(interfaces, await inUse());
  if (first !== undefined) return first;
  throw new WingmanError(
    'REFUSED',
    `--lan finds no network here. Join one, or name an address: --lan-address. ${known(all)}`,
  );
}

function ownAddress(wanted: string, all: readonly NetworkInterfaceInfo[]): string {
  const own = all.find(({ address }) => address === wanted);
  if (own === undefined)
    throw new WingmanError('REFUSED', `${wanted} is no address of this machine. ${known(all)}`);
  if (own.internal)
    throw new WingmanError('REFUSED', `nobody on a network reaches ${wanted}. ${known(all)}`);
  if (NEEDS_ZONE.test(wanted))
    throw new WingmanError(
      'REFUSED',
      `no browser opens ${wanted}, which needs a zone. ${known(all)}`,
    );
  return wanted;
}

/** As the system lists it (RFC 5952). */
function canonical(address: string): string {
  return isIPv6(address) ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address;
}

/** The addresses that a phone may reach, the likeliest first; `inUse` is the one that the system itself would send from. */
export function lanAddresses(interfaces: Interfaces, inUse?: string): string[] {
  const found = Object.entries(interfaces).flatMap(([name, entries = []]) =>
    entries
      .filter(({ address, internal }) => !internal && isOfNetwork(address))
      .map(({ address }) => ({ address, rank: rankOf(name, address, inUse) })),
  );
  return found.sort((one, other) => one.rank - other.rank).map(({ address }) => address);
}

/** Of IPv6 only what ends at the network's edge: whatever is behind any other address may be reached from everywhere. */
function isOfNetwork(address: string): boolean {
  return !isIPv6(address) || UNIQUE_LOCAL.test(address);
}

/** Lower is likelier. A VPN may have the default route, and is passed over all the same. */
function rankOf(name: string, address: string, inUse: string | undefined): number {
  const place = VIRTUAL.test(name) ? 8 : 0;
  return place + reachOf(address) + (address === inUse ? 0 : 1);
}

function reachOf(address: string): number {
  if (PRIVATE.test(address)) return 0;
  if (isIPv6(address)) return 4;
  return LINK_LOCAL.test(address) ? 6 : 2;
}

function known(all: readonly NetworkInterfaceInfo[]): string {
  const addresses = all.map(({ address }) => address).filter((one) => !NEEDS_ZONE.test(one));
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
