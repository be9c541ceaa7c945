/** What lets UDP in, from the most to the least; apart: each destination sees another port; counted: the next one. */
type Manner = 'open' | 'lenient' | 'strict' | 'counted' | 'apart' | 'shut';
type Family = 4 | 6;

/** What theory has to know about a place (RFC 5128). */
interface Surrounding {
  /** By IPv4. By IPv6 there are no NATs, and firewalls let in whom the machine has asked. */
  readonly manner: Manner;
  /** Addresses of what families packets come and go by. */
  readonly families: readonly Family[];
  /** Both ends are in this place. */
  readonly isShared: boolean;
}

function by4(manner: Manner): Surrounding {
  return { manner, families: [4], isShared: false };
}

function shared(manner: Manner): Surrounding {
  return { manner, families: [4], isShared: true };
}

function families(...all: readonly Family[]): Surrounding {
  return { manner: 'strict', families: all, isShared: false };
}

/**
 * What stands between a machine and the internet. full: anybody may answer on a mapped port (endpoint-independent
 * filtering, RFC 4787). address: whoever has the address of one whom the machine has asked. port: only whom it has asked.
 * symmetric: another port for each destination, at random. predictable: the same, one port after the other. blocked: no
 * UDP at all.
 */
const NATS = {
  none: by4('open'),
  full: by4('lenient'),
  address: by4('lenient'),
  port: by4('strict'),
  symmetric: by4('apart'),
  predictable: by4('counted'),
  blocked: by4('shut'),
};

/**
 * double: two strict NATs in a row. vpn: the way out is a VPN, and the network card has another address. many: twenty
 * bridges without a way out stand before the network card. https: only TCP to port 443 gets out. proxy: nothing gets out but
 * by an HTTP proxy. v6: IPv6 alone. dual: both families. dead4, dead6: both have addresses, and packets of one get lost.
 */
const NETWORKS = {
  double: by4('strict'),
  vpn: by4('strict'),
  many: by4('strict'),
  https: by4('shut'),
  proxy: by4('shut'),
  v6: families(6),
  dual: families(4, 6),
  dead4: families(6),
  dead6: families(4),
};

/**
 * Both machines behind one NAT. lan: they reach each other. isolated: they don't, as in networks for guests. hairpin: they
 * don't, but the router turns packets for its outer address round.
 */
const SHARED = { lan: shared('open'), isolated: shared('shut'), hairpin: shared('open') };

const SURROUNDINGS = { ...NATS, ...NETWORKS, ...SHARED } satisfies Record<string, Surrounding>;
export type Kind = keyof typeof SURROUNDINGS;

/** Of these the lab tries every pair. */
export const BASE_KINDS: readonly Kind[] = ['none', 'full', 'port', 'symmetric', 'blocked'];
export const KINDS = Object.keys(SURROUNDINGS) as readonly Kind[];

export function isShared(kind: Kind): boolean {
  return surrounding(kind).isShared;
}

/** Whether there are addresses of this family, and packets by it get through. */
export function has(kind: Kind, family: Family): boolean {
  return surrounding(kind).families.includes(family);
}

function surrounding(kind: Kind): Surrounding {
  return SURROUNDINGS[kind];
}

/** Whether UDP gets from one end to the other, where the host's gateway maps ports or not. */
export function meet(viewer: Kind, host: Kind, isMapped: boolean): boolean {
  if (has(viewer, 6) && has(host, 6)) return true;
  if (!has(viewer, 4) || !has(host, 4)) return false;
  const pair: Manner[] = [surrounding(viewer).manner, surrounding(host).manner];
  if (pair.includes('shut')) return false;
  if (isMapped || pair.includes('open') || pair.includes('lenient')) return true;
  // A port that nobody knows meets only one that lets anybody answer, and one that can be guessed a port that is known.
  return pair.includes('strict') && !pair.includes('apart');
}
