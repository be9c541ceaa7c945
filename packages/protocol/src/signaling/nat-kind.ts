/**
 * What stands between a machine and the others, as far as the addresses that it offers tell. none: it has a public
 * address. steady: everybody sees the same port. shifting: each peer sees another port (a symmetric NAT). some: a NAT of
 * a kind that takes two STUN servers to tell. no-udp: STUN was not answered. unknown: no STUN server was asked.
 */
export type NatKind = 'none' | 'steady' | 'shifting' | 'some' | 'no-udp' | 'unknown';

/** What a person reads about each kind. */
export const NAT_WORDS: Readonly<Record<NatKind, string>> = {
  none: 'None: this end has a public address.',
  steady: 'Lenient: everybody sees the same address and port.',
  shifting:
    'Strict (symmetric): each peer sees another port, so two such ends meet by the relay or TURN.',
  some: 'There is one. Telling its kind takes two STUN servers.',
  'no-udp': 'STUN was not answered: no UDP gets out of this network.',
  unknown: 'Not known: no STUN server outside was asked.',
};

/** An address that an end offers, from its line (RFC 8839 section 5.1). */
export interface OfferedAddress {
  readonly type: string;
  readonly protocol: string;
  /** Browsers hide those of their network behind a name that ends in `.local`. */
  readonly address: string;
  readonly port: string;
  /** The address and port behind the NAT; undefined where the browser hides them. */
  readonly base: string | undefined;
}

/** Reads a candidate's line; undefined when it is none. */
export function readCandidate(line: string): OfferedAddress | undefined {
  const [, , protocol, , address, port, typ, type] = line.split(' ');
  if (typ !== 'typ' || type === undefined) return undefined;
  const [, host, inner] = / raddr (\S+) rport ([1-9]\d*)/.exec(line) ?? [];
  const base = host === undefined || inner === undefined ? undefined : `${host}:${inner}`;
  return {
    ...{ type, address: address ?? '', port: port ?? '', base },
    protocol: protocol?.toLowerCase() ?? '',
  };
}

/** What else is known of an end. */
export interface NatSights {
  /** How many STUN servers with different IPv4 addresses were asked. */
  readonly stunServers: number;
  /** Where the other end sees this one, as `address:port`; undefined without a direct path. */
  readonly seenAt?: string | undefined;
}

/** Tells what NAT an end has by what it offers (RFC 4787 section 4.1). */
export function natKind(lines: readonly string[], { stunServers, seenAt }: NatSights): NatKind {
  const seen = lines.filter((line) => !UNSEEN.test(line));
  const all = seen.flatMap((line) => readCandidate(line) ?? []);
  const udp = all.filter(({ address, protocol }) => protocol === 'udp' && isIpv4(address));
  const outer = udp.filter(({ type }) => type === 'srflx');
  // A STUN server on this machine tells nothing about the network.
  if (outer.some(({ address }) => address.startsWith('127.'))) return 'unknown';
  if (isSeenElsewhere(outer, seenAt) || hasTwoPorts(outer, udp)) return 'shifting';
  if (outer.length > 0) return stunServers > 1 ? 'steady' : 'some';
  if (udp.some(({ type, address }) => type === 'host' && !isPrivateIpv4(address))) return 'none';
  return stunServers === 0 ? 'unknown' : 'no-udp';
}

/** Whether the other end sees the outer address with a port that no STUN server has seen. */
function isSeenElsewhere(outer: readonly OfferedAddress[], seenAt: string | undefined): boolean {
  const own = outer.filter(({ address }) => seenAt?.startsWith(`${address}:`) === true);
  return own.length > 0 && own.every(({ address, port }) => `${address}:${port}` !== seenAt);
}

/** Whether servers have seen one socket at different ports. Where its address is hidden, only one network may have had it. */
function hasTwoPorts(outer: readonly OfferedAddress[], udp: readonly OfferedAddress[]): boolean {
  const isSure = udp.filter(({ type }) => type === 'host').length < 2;
  return outer.some(({ address, base, port }) =>
    outer.some(
      (other) =>
        other.address === address &&
        other.port !== port &&
        (base === undefined ? isSure : other.base === base),
    ),
  );
}

/** How many STUN servers these URLs surely name: two names may be one server, so that only IPv4 addresses count. */
export function countStunServers(urls: readonly string[]): number {
  const found = urls.map((url) => /^(?:stun|turn):(\d+(?:\.\d+){3})/.exec(url)?.[1]);
  const isAnyNamed = urls.some((url) => /^(stun|turn)s?:/.test(url));
  return Math.max(
    new Set(found.filter((address) => address !== undefined)).size,
    isAnyNamed ? 1 : 0,
  );
}

/** Ports that a router has mapped or that are guessed: no STUN server has seen them, so they tell nothing of the NAT. */
const UNSEEN = /^candidate:(mapped|guess) /;

function isIpv4(address: string): boolean {
  return /^\d+(\.\d+){3}$/.test(address);
}

/** Of private networks (RFC 1918), of providers' shared networks (RFC 6598), of one link or of one machine. */
export function isPrivateIpv4(address: string): boolean {
  return PRIVATE.test(address);
}

const PRIVATE =
  /^(10|127|192\.168|169\.254|172\.(1[6-9]|2\d|3[01])|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7]))\./;
