import { parseIceUrl } from '@wingman/node-kit';
import { BoundedMap, type Clock } from '@wingman/protocol';
import { lookup } from 'node:dns/promises';
import { BlockList, isIP, isIPv6 } from 'node:net';
import { SERVER_LIMITS } from '../limits.js';

/** Asks the system for every address of a name; tests pass their own. */
export type LookUp = (name: string) => Promise<readonly string[]>;

const lookUpAll: LookUp = async (name) =>
  (await lookup(name, { all: true })).map(({ address }) => address);

interface Known {
  readonly addresses: readonly string[];
  readonly askedAt: number;
}

/**
 * Adds addresses to the names of STUN servers. Without an address, a viewer or host whose DNS can't resolve the name would
 * have no direct path. Names are looked up in the background, and again after SERVER_LIMITS.stunNameMs.
 */
export class StunAddresses {
  readonly #clock: Clock;
  readonly #lookUp: LookUp;
  readonly #known = new BoundedMap<string, Known>(SERVER_LIMITS.stunNames);

  constructor(clock: Clock, lookUp: LookUp = lookUpAll) {
    this.#clock = clock;
    this.#lookUp = lookUp;
  }

  /**
   * The given URLs, followed by URLs with one IPv4 and one IPv6 address of the first server, as far as these are known.
   * The other servers get none, because browsers and engines become slow with five URLs.
   */
  beside(urls: readonly string[]): string[] {
    return [...urls, ...urls.slice(0, 1).flatMap((first) => this.#byAddress(first))];
  }

  #byAddress(url: string): string[] {
    const { hostname = '', port, scheme } = parseIceUrl(url) ?? {};
    // Only `stun:` can use an address: a certificate for `stuns:` is made out to a name.
    if (scheme !== 'stun' || isIP(hostname) !== 0 || hostname.startsWith('[')) return [];
    return this.#addressesOf(hostname).map(
      (address) => `stun:${isIPv6(address) ? `[${address}]` : address}:${port}`,
    );
  }

  #addressesOf(name: string): readonly string[] {
    const known = this.#known.get(name);
    const now = this.#clock.now();
    if (known === undefined || now - known.askedAt >= SERVER_LIMITS.stunNameMs) {
      const before = known?.addresses ?? [];
      this.#known.set(name, { addresses: before, askedAt: now });
      void this.#ask(name, before).then((addresses) =>
        this.#known.set(name, { addresses, askedAt: now }),
      );
    }
    return known?.addresses ?? [];
  }

  async #ask(name: string, before: readonly string[]): Promise<readonly string[]> {
    try {
      const addresses = (await this.#lookUp(name)).filter((address) => !isInner(address));
      const ofFamily = (family: number): string[] =>
        addresses.filter((address) => isIP(address) === family).slice(0, 1);
      return [...ofFamily(4), ...ofFamily(6)];
    } catch {
      return before;
    }
  }
}

/** Networks whose addresses nobody outside can reach. A name may resolve to one inside the server's own network or by its hosts file. */
const INNER = new BlockList();
const INNER_NETS = [
  '0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.168.0.0/16',
  '::/127 fc00::/7 fe80::/10',
];
for (const net of INNER_NETS.join(' ').split(' ')) {
  const [address = '', bits] = net.split('/');
  INNER.addSubnet(address, Number(bits), isIPv6(address) ? 'ipv6' : 'ipv4');
}

function isInner(address: string): boolean {
  return INNER.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}
