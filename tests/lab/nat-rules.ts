import type { Kind } from './surroundings.js';

/** What a gateway's rules have to know of the machine behind it. */
export interface Behind {
  readonly inside: string;
  /** The gateway's address on the internet. */
  readonly outside: string;
  /** The device that leads to the machine. */
  readonly device: string;
}

/** The other machine where both are behind the viewer's gateway. */
export const GUEST = { address: '10.98.3.2', gateway: '10.98.3.1', device: 'to-guest' };
/** Ports that a NAT gives out one after the other. */
const FIRST_PORT = 40_000;
const PORTS = 1_024;

/** Packet filter rules of a gateway. What nobody behind it has asked for is dropped early, or it would take a mapping's port. */
export function natRules(kind: Kind, behind: Behind): string {
  if (kind === 'none') return '';
  return `table ip nat {
    set asked { type ipv4_addr; flags dynamic, timeout; timeout 2m; }
    chain pre { type nat hook prerouting priority -100; ${inbound(kind, behind)} }
    chain post { type nat hook postrouting priority 100; ${outbound(kind, behind)} }
    chain in { type filter hook input priority 0; iifname "wan" ct state new drop; }
    chain forward { type filter hook forward priority 0; ${passing(kind, behind)} }
  }
  table ip6 wall {
    chain forward {
      type filter hook forward priority 0;
      ${kind === 'dead6' ? 'drop;' : ''}
      iifname "wan" ct state new meta l4proto != icmpv6 drop;
    }
  }`;
}

function inbound(kind: Kind, { device, inside, outside }: Behind): string {
  const fromOutside = 'iifname "wan" meta l4proto udp';
  if (kind === 'full') return `${fromOutside} dnat to ${inside};`;
  if (kind === 'address') return `${fromOutside} ip saddr @asked dnat to ${inside};`;
  if (kind !== 'hairpin') return '';
  const turned = `ip daddr ${outside} meta l4proto udp dnat to`;
  return `iifname "${device}" ${turned} ${GUEST.address};
    iifname "${GUEST.device}" ${turned} ${inside};`;
}

function outbound(kind: Kind, { device, inside, outside }: Behind): string {
  if (kind === 'symmetric') return 'oifname "wan" masquerade fully-random;';
  const lasting = 'oifname "wan" masquerade persistent;';
  if (kind === 'predictable') return `${oneAfterTheOther(outside)} ${lasting}`;
  if (kind !== 'hairpin') return lasting;
  return `oifname "${GUEST.device}" ip saddr ${inside} snat to ${outside};
    oifname "${device}" ip saddr ${GUEST.address} snat to ${outside};
    ${lasting}`;
}

function oneAfterTheOther(outside: string): string {
  const ports = Array.from({ length: PORTS }, (_, n) => `${n} : ${FIRST_PORT + n}`);
  const next = `numgen inc mod ${PORTS} map { ${ports.join(', ')} }`;
  return `oifname "wan" meta l4proto udp snat to ${outside} : ${next};`;
}

function passing(kind: Kind, { device }: Behind): string {
  switch (kind) {
    case 'blocked':
      return 'meta l4proto udp drop;';
    case 'https':
      return 'ct state established accept; tcp dport 443 accept; drop;';
    case 'proxy':
    case 'v6':
    case 'dead4':
      return 'drop;';
    case 'address':
      return 'oifname "wan" meta l4proto udp update @asked { ip daddr };';
    case 'isolated':
    case 'hairpin':
      return `ct status dnat accept;
        iifname "${device}" oifname "${GUEST.device}" drop;
        iifname "${GUEST.device}" oifname "${device}" drop;`;
    default:
      return '';
  }
}

/** Rules of the provider's NAT before a gateway, with an address of its own. */
export function providerRules(
  table: string,
  { inside, outside }: Pick<Behind, 'inside' | 'outside'>,
): string {
  return `table ip ${table} {
    chain post {
      type nat hook postrouting priority 100;
      ip saddr ${inside} snat to ${outside} persistent;
    }
    chain in { type filter hook input priority 0; ip daddr ${outside} ct state new drop; }
  }`;
}
