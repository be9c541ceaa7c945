import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Program } from '../support/program.js';
import { emulate, type Arms } from './emulated-link.js';
import { GUEST, natRules, providerRules } from './nat-rules.js';
import { has, isShared, type Kind } from './surroundings.js';

const run = promisify(execFile);

export const SERVER_PORT = 8787;
/** Where the server is reached from outside; the only port that some networks let through. */
export const PUBLIC_PORT = 443;
export const TURN_PORT = 3478;
/** An address of its own: over TLS the TURN server has the same port as the tunnel server. */
export const TURN_ADDRESS = '198.51.100.10';
export const PROXY_PORT = 3128;
export const SERVER_ADDRESS = '203.0.113.10';
export const SERVER_ADDRESS_6 = '2001:db8:10::10';

/** The host's gateway, which maps ports where it is asked to. */
export const HOST_GATEWAY = 'host-nat';
export const MAPPING_TABLE = 'miniupnpd';
const PLACES = [
  ...(['viewer', 'viewer-nat', 'viewer-isp', 'core'] as const),
  ...(['host-isp', 'host-nat', 'host', 'server'] as const),
];
export type Place = (typeof PLACES)[number];
export type Side = 'viewer' | 'host';

interface SideAddresses {
  /** The machine's address at first, and after a move. */
  readonly inside: readonly [string, string];
  readonly insideGateway: string;
  readonly insideNet: string;
  readonly outside: string;
  /** The provider's address towards the gateway, and on the internet. */
  readonly provider: string;
  readonly exit: string;
  readonly core: string;
  /** The first half of the addresses of its networks by IPv6: behind the gateway, before it, and before the provider. */
  readonly inside6: string;
  readonly outside6: string;
  readonly exit6: string;
  /** The first three bytes of the addresses of its VPN. */
  readonly vpn: string;
}

const SIDES: Readonly<Record<Side, SideAddresses>> = {
  viewer: {
    ...{ inside: ['10.98.1.2', '10.98.1.3'], insideGateway: '10.98.1.1' },
    ...{ insideNet: '10.98.1.0/24', outside: '203.0.113.1' },
    ...{ provider: '203.0.113.2', exit: '203.0.113.5', core: '203.0.113.6' },
    ...{ inside6: '2001:db8:1', outside6: '2001:db8:11', exit6: '2001:db8:21', vpn: '10.98.11' },
  },
  host: {
    ...{ inside: ['10.98.2.2', '10.98.2.3'], insideGateway: '10.98.2.1' },
    // Of a network for tests: miniupnpd maps no port of an address that is reserved for documentation.
    ...{ insideNet: '10.98.2.0/24', outside: '44.128.0.17' },
    ...{ provider: '44.128.0.18', exit: '44.128.0.21', core: '44.128.0.22' },
    ...{ inside6: '2001:db8:2', outside6: '2001:db8:12', exit6: '2001:db8:22', vpn: '10.98.12' },
  },
};

/** More than any engine offers addresses of. */
const BRIDGES = 20;
const FIRST_DEVICE = 100;

/**
 * Two machines, each behind a NAT of its own, and a server between them, in network namespaces:
 *
 *     viewer ── viewer-nat ── viewer-isp ── core ── host-isp ── host-nat ── host
 *                  └─ (guest)                └── server (tunnel server, STUN, TURN)
 *
 * The host has a second network card, which leads to the viewer's gateway. In the viewer's namespace the loopback's server
 * port leads to the server, so that a session's `*.localhost` origin is a secure context. The core has three arms, which
 * may have delay, rate, queue and loss. Needs root.
 */
export class NatNetwork {
  readonly #links: Program[] = [];

  /** `name` begins the names of the namespaces. Without arms packets pass as fast as the machine can. */
  constructor(
    readonly name: string,
    private readonly arms?: Arms,
  ) {}

  /** The command, as it runs in a place. */
  inside(place: Place, command: readonly string[]): [string, string[]] {
    return ['ip', ['netns', 'exec', this.#ns(place), ...command]];
  }

  async remove(): Promise<void> {
    await Promise.all(this.#links.map((link) => link.stop()));
    for (const place of PLACES) {
      await run('ip', ['netns', 'del', this.#ns(place)]).catch(() => undefined);
    }
  }

  /** The gateway before a machine, as the machine sees it. */
  gateway(side: Side): string {
    return SIDES[side].insideGateway;
  }

  /** Puts one side into other surroundings; its gateway forgets its mappings. */
  async surround(side: Side, kind: Kind): Promise<void> {
    const { exit, inside, insideNet, outside, provider } = SIDES[side];
    const rules = natRules(kind, { inside: inside[0], outside, device: `to-${side}` });
    await this.#at(
      `${side}-nat`,
      `nft flush ruleset; nft -f - <<END\n${rules}\nEND\nconntrack -F 2>/dev/null
      ip route replace default via ${provider}`,
    );
    const double =
      kind === 'double' ? providerRules('double', { inside: outside, outside: exit }) : '';
    const route = kind === 'none' ? 'replace' : 'del';
    await this.#at(
      `${side}-isp`,
      `nft flush ruleset; nft -f - <<END\n${double}\nEND\nconntrack -F 2>/dev/null
      ip route ${route} ${insideNet} via ${outside} || true`,
    );
    await this.#at('core', `ip route ${route} ${insideNet} via ${exit} || true`);
    await this.#machine(side, kind);
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

  /** The developer's machine comes into the viewer's network, by its other network card. */
  async comeHome(): Promise<void> {
    await this.#at(
      'host',
      `ip link set wan down; ip link set guest up; ip route replace default via ${GUEST.gateway}`,
    );
  }

  /** Whether the packet filter leads the loopback's server port to the server. */
  async leadLoopback(isWanted: boolean): Promise<void> {
    const rules = isWanted ? LOOPBACK_LEADS_TO_SERVER : '';
    await this.#at('viewer', `nft flush ruleset; nft -f - <<END\n${rules}\nEND`);
  }

  /** Makes the namespaces and joins them. */
  async build(): Promise<void> {
    for (const place of PLACES) {
      await run('ip', ['netns', 'add', this.#ns(place)]);
      const isEnd = place === 'viewer' || place === 'host';
      await this.#at(
        place,
        `ip link set lo up; sysctl -qw net.ipv6.conf.all.disable_ipv6=${Number(isEnd)} \
          net.ipv6.conf.default.accept_dad=0 net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=${Number(!isEnd)}`,
      );
    }
    await this.#reach('server', SERVER_ADDRESS, '203.0.113.9');
    await this.#at(
      'server',
      `ip route add default via 203.0.113.9; ip addr add ${SERVER_ADDRESS_6}/64 dev wan
      ip route add default via 2001:db8:10::9; nft -f - <<END\n${PUBLIC_PORT_LEADS_TO_SERVER}\nEND`,
    );
    await this.#at('server', `ip addr add ${TURN_ADDRESS}/32 dev wan`);
    await this.#at(
      'core',
      `ip addr add 2001:db8:10::9/64 dev to-server; ip route add ${TURN_ADDRESS}/32 via ${SERVER_ADDRESS}`,
    );
    for (const side of ['viewer', 'host'] as const) await this.#buildSide(side);
    await this.#join('host', `${GUEST.address}/24`, 'viewer-nat', `${GUEST.gateway}/24`, 'guest');
    await this.#at('host', 'ip link set guest down');
    for (const side of ['viewer', 'host'] as const) await this.surround(side, 'port');
    await this.#at('viewer', 'sysctl -qw net.ipv4.conf.all.route_localnet=1');
    await this.leadLoopback(true);
    // A connection from an address that is gone goes on into nothing, as it does where nobody translates addresses.
    await this.#at('viewer', 'sysctl -qw net.netfilter.nf_conntrack_tcp_loose=0');
  }

  async #buildSide(side: Side): Promise<void> {
    const { core, exit, exit6, inside, inside6, insideGateway, outside, outside6, provider } =
      SIDES[side];
    const [nat, isp] = [`${side}-nat`, `${side}-isp`] as const;
    await this.#join(side, `${inside[0]}/24`, nat, `${insideGateway}/24`);
    await this.#join(nat, `${outside}/30`, isp, `${provider}/30`);
    await this.#reach(isp, exit, core);
    await this.#at(
      nat,
      `ip addr add ${inside6}::1/64 dev to-${side}; ip addr add ${outside6}::1/64 dev wan
      ip route add default via ${outside6}::2`,
    );
    await this.#at(
      isp,
      `ip addr add ${outside6}::2/64 dev to-${nat}; ip addr add ${exit6}::1/64 dev wan
      ip route add ${inside6}::/64 via ${outside6}::1; ip route add default via ${exit6}::2
      ip route add default via ${core}`,
    );
    await this.#at(
      'core',
      `ip addr add ${exit6}::2/64 dev to-${isp}; ip route add ${inside6}::/64 via ${exit6}::1
      ip route add ${outside}/32 via ${exit}`,
    );
  }

  /** What a machine itself has of its surroundings: addresses, interfaces and routes. */
  async #machine(side: Side, kind: Kind): Promise<void> {
    const { inside, inside6, insideGateway } = SIDES[side];
    const has6 = has(kind, 6) || kind === 'dead6';
    const isGuest = side === 'host' && isShared(kind);
    const gateway = isGuest ? GUEST.gateway : insideGateway;
    await this.#at(
      side,
      `ip link del vpn 2>/dev/null || true
      for n in $(seq ${BRIDGES}); do ip link del bridge$n 2>/dev/null || break; done
      sysctl -qw net.ipv6.conf.all.disable_ipv6=${Number(!has6)}
      ip addr flush dev wan; ip link set wan up
      ${side === 'host' ? `ip link set guest ${isGuest ? 'up' : 'down'}` : ''}
      ${kind === 'v6' || isGuest ? '' : `ip addr add ${inside[0]}/24 dev wan`}
      ${kind === 'v6' ? '' : `ip route replace default via ${gateway}`}
      ${has6 ? `ip addr add ${inside6}::2/64 dev wan; ip -6 route replace default via ${inside6}::1` : ''}
      ${kind === 'many' ? MANY_BRIDGES : ''}`,
    );
    if (kind === 'vpn') await this.switchVpnOn(side);
  }

  /** From now on everything goes out by a VPN, which has a strict NAT at its other end. */
  async switchVpnOn(side: Side): Promise<void> {
    const { exit, vpn } = SIDES[side];
    await this.#at(
      side,
      `ip link add vpn type veth peer name vpn netns ${this.#ns(`${side}-isp`)}
      ip addr add ${vpn}.2/30 dev vpn; ip link set vpn up`,
    );
    const rules = providerRules('vpn', { inside: `${vpn}.2`, outside: exit });
    await this.#at(
      `${side}-isp`,
      `ip addr add ${vpn}.1/30 dev vpn; ip link set vpn up; nft -f - <<END\n${rules}\nEND`,
    );
    await this.#at(side, `ip route replace default via ${vpn}.1`);
  }

  /** Joins a place with the core, by one of the arms. */
  async #reach(place: Place, address: string, core: string): Promise<void> {
    if (this.arms === undefined) return this.#join(place, `${address}/30`, 'core', `${core}/30`);
    const near = { namespace: this.#ns(place), address, device: 'wan' };
    const far = { namespace: this.#ns('core'), address: core, device: `to-${place}` };
    this.#links.push(await emulate(near, far, this.arms));
  }

  async #join(
    outer: Place,
    outerAddress: string,
    inner: Place,
    innerAddress: string,
    device = 'wan',
  ): Promise<void> {
    const far = device === 'wan' ? `to-${outer}` : `to-${device}`;
    await this.#at(
      outer,
      // Bridges that are made later stand before it.
      `ip link add ${device} index ${FIRST_DEVICE + (device === 'wan' ? 0 : 1)} type veth peer name ${far} netns ${this.#ns(inner)}`,
    );
    await this.#at(outer, `ip addr add ${outerAddress} dev ${device}; ip link set ${device} up`);
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

const MANY_BRIDGES = `for n in $(seq ${BRIDGES}); do
  ip link add bridge$n type bridge; ip addr add 172.30.$n.1/24 dev bridge$n; ip link set bridge$n up
done`;

const MAPPINGS = `table inet ${MAPPING_TABLE} {
  chain forward { }
  chain prerouting { type nat hook prerouting priority -100; }
  chain postrouting { type nat hook postrouting priority 99; }
}`;

const PUBLIC_PORT_LEADS_TO_SERVER = `table inet nat {
  chain pre { type nat hook prerouting priority -100; ip daddr != ${TURN_ADDRESS} tcp dport ${PUBLIC_PORT} redirect to :${SERVER_PORT};
    meta nfproto ipv6 tcp dport ${PUBLIC_PORT} redirect to :${SERVER_PORT}; }
}`;

const LOOPBACK_LEADS_TO_SERVER = `table ip nat {
  chain out {
    type nat hook output priority -100;
    ip daddr 127.0.0.1 tcp dport ${SERVER_PORT} dnat to ${SERVER_ADDRESS}:${PUBLIC_PORT}
  }
  chain post { type nat hook postrouting priority 100; ip saddr 127.0.0.0/8 oifname != "lo" masquerade; }
  chain strays { type filter hook output priority 0; ct state invalid drop; }
}`;
