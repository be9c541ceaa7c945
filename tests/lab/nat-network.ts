import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * What stands between a machine and the internet. full: anybody may answer on a mapped port (endpoint-independent
 * filtering, RFC 4787). port: only whom the machine has asked. symmetric: another mapping for each destination.
 * blocked: no UDP at all.
 */
export const NAT_KINDS = ['none', 'full', 'port', 'symmetric', 'blocked'] as const;
export type NatKind = (typeof NAT_KINDS)[number];

export const SERVER_PORT = 8787;
export const TURN_PORT = 3478;
export const SERVER_ADDRESS = '203.0.113.10';

/** The host's gateway, which maps ports where it is asked to. */
export const HOST_GATEWAY = 'host-nat';
export const MAPPING_TABLE = 'miniupnpd';
const PLACES = ['viewer', 'viewer-nat', 'core', 'host-nat', 'host', 'server'] as const;
export type Place = (typeof PLACES)[number];
type Side = 'viewer' | 'host';

interface SideAddresses {
  /** The machine's address at first, and after a move. */
  readonly inside: readonly [string, string];
  readonly insideGateway: string;
  readonly insideNet: string;
  readonly outside: string;
  readonly core: string;
}

const SIDES: Readonly<Record<Side, SideAddresses>> = {
  viewer: {
    ...{ inside: ['10.98.1.2', '10.98.1.3'], insideGateway: '10.98.1.1' },
    ...{ insideNet: '10.98.1.0/24', outside: '203.0.113.1', core: '203.0.113.2' },
  },
  host: {
    ...{ inside: ['10.98.2.2', '10.98.2.3'], insideGateway: '10.98.2.1' },
    // Of a network for tests: miniupnpd maps no port of an address that is reserved for documentation.
    ...{ insideNet: '10.98.2.0/24', outside: '44.128.0.17', core: '44.128.0.18' },
  },
};

/**
 * Two machines, each behind a NAT of its own, and a server between them, in network namespaces:
 *
 *     viewer ── viewer-nat ── core ── host-nat ── host
 *                              └── server (tunnel server, STUN, TURN)
 *
 * In the viewer's namespace the loopback's server port leads to the server, so that a session's `*.localhost` origin
 * is a secure context. Needs root.
 */
export class NatNetwork {
  /** `name` begins the names of the namespaces. */
  constructor(readonly name: string) {}

  /** The command, as it runs in a place. */
  inside(place: Place, command: readonly string[]): [string, string[]] {
    return ['ip', ['netns', 'exec', this.#ns(place), ...command]];
  }

  async remove(): Promise<void> {
    for (const place of PLACES) {
      await run('ip', ['netns', 'del', this.#ns(place)]).catch(() => undefined);
    }
  }

  /** Puts another kind of NAT before one side, which forgets its mappings. */
  async setNat(side: Side, kind: NatKind): Promise<void> {
    const { core, inside, insideNet, outside } = SIDES[side];
    await this.#at(
      `${side}-nat`,
      `nft flush ruleset; nft -f - <<END\n${rules(kind, inside[0])}\nEND\nconntrack -F`,
    );
    const route = kind === 'none' ? 'replace' : 'del';
    await this.#at('core', `ip route ${route} ${insideNet} via ${outside} || true`);
    await this.#at(`${side}-nat`, `ip route replace default via ${core}`);
  }

  /** Makes room for the rules of a daemon that maps ports of the host's gateway. */
  async addMappings(): Promise<void> {
    await this.#at(HOST_GATEWAY, `nft -f - <<END\n${MAPPINGS}\nEND`);
  }

  /** How many ports are mapped there now. */
  async mappings(): Promise<number> {
    const list = ['nft', 'list', 'chain', 'inet', MAPPING_TABLE, 'prerouting'];
    const { stdout } = await run(...this.inside(HOST_GATEWAY, list));
    return stdout.split('dnat').length - 1;
  }

  /** A machine loses its address and gets another. Nobody is told. */
  async move(side: Side, to: 0 | 1): Promise<void> {
    const { inside, insideGateway } = SIDES[side];
    await this.#at(
      side,
      `ip addr flush dev wan; ip addr add ${inside[to]}/24 dev wan; ip route add default via ${insideGateway}`,
    );
  }

  /** Makes the namespaces and joins them. */
  async build(): Promise<void> {
    for (const place of PLACES) {
      await run('ip', ['netns', 'add', this.#ns(place)]);
      await this.#at(
        place,
        'ip link set lo up; sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv4.ip_forward=1',
      );
    }
    await this.#join('server', `${SERVER_ADDRESS}/30`, 'core', '203.0.113.9/30');
    await this.#at('server', 'ip route add default via 203.0.113.9');
    for (const side of ['viewer', 'host'] as const) {
      const { core, inside, insideGateway, outside } = SIDES[side];
      await this.#join(side, `${inside[0]}/24`, `${side}-nat`, `${insideGateway}/24`);
      await this.#join(`${side}-nat`, `${outside}/30`, 'core', `${core}/30`);
      await this.#at(side, `ip route add default via ${insideGateway}`);
      await this.setNat(side, 'port');
    }
    await this.#at('viewer', 'sysctl -qw net.ipv4.conf.all.route_localnet=1');
    await this.#at('viewer', `nft -f - <<END\n${LOOPBACK_LEADS_TO_SERVER}\nEND`);
    // A connection from an address that is gone goes on into nothing, as it does where nobody translates addresses.
    await this.#at('viewer', 'sysctl -qw net.netfilter.nf_conntrack_tcp_loose=0');
  }

  async #join(
    outer: Place,
    outerAddress: string,
    inner: Place,
    innerAddress: string,
  ): Promise<void> {
    const far = `to-${outer}`;
    await this.#at(outer, `ip link add wan type veth peer name ${far} netns ${this.#ns(inner)}`);
    await this.#at(outer, `ip addr add ${outerAddress} dev wan; ip link set wan up`);
    await this.#at(inner, `ip addr add ${innerAddress} dev ${far}; ip link set ${far} up`);
  }

  #ns(place: Place): string {
    return `${this.name}-${place}`;
  }

  async #at(place: Place, script: string): Promise<void> {
    const [program, args] = this.inside(place, ['sh', '-ec', script]);
    await run(program, args);
  }
}

/** Packet filter rules of one NAT. What nobody behind it has asked for is dropped early, or it would take a mapping's port. */
function rules(kind: NatKind, inside: string): string {
  if (kind === 'none') return '';
  const manner = kind === 'symmetric' ? 'fully-random' : 'persistent';
  const forward = kind === 'full' ? `iifname "wan" meta l4proto udp dnat to ${inside}` : '';
  const filter = kind === 'blocked' ? 'meta l4proto udp drop' : '';
  return `table ip nat {
    chain pre { type nat hook prerouting priority -100; ${forward}; }
    chain post { type nat hook postrouting priority 100; oifname "wan" masquerade ${manner}; }
    chain in { type filter hook input priority 0; iifname "wan" ct state new drop; }
    chain forward { type filter hook forward priority 0; ${filter}; }
  }`;
}

const MAPPINGS = `table inet ${MAPPING_TABLE} {
  chain forward { }
  chain prerouting { type nat hook prerouting priority -100; }
  chain postrouting { type nat hook postrouting priority 99; }
}`;

const LOOPBACK_LEADS_TO_SERVER = `table ip nat {
  chain out {
    type nat hook output priority -100;
    ip daddr 127.0.0.1 tcp dport ${SERVER_PORT} dnat to ${SERVER_ADDRESS}:${SERVER_PORT}
  }
  chain post { type nat hook postrouting priority 100; oifname "wan" masquerade; }
  chain strays { type filter hook output priority 0; ct state invalid drop; }
}`;
