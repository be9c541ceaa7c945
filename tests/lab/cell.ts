import type { BrowserName } from '../support/browser.js';
import type { AppKind } from './apps.js';
import { BASE_KINDS, isShared, KINDS, meet, type Kind } from './surroundings.js';

/** What the host's gateway answers that is asked for a port. */
export const MAPPING_KINDS = ['none', 'pcp', 'upnp'] as const;
export type MappingKind = (typeof MAPPING_KINDS)[number];

/** What TURN servers the tunnel server names. */
export const TURN_KINDS = ['none', 'udp', 'tcp'] as const;
type TurnKind = (typeof TURN_KINDS)[number];

/**
 * What changes in a direct cell while the app is in use: an end gets another address, the viewer switches a VPN on, the
 * developer's machine comes into the viewer's network by another interface, or an end sleeps and wakes.
 */
export const CHANGE_KINDS = [
  'none',
  'viewer',
  'host',
  'vpn',
  'home',
  'sleep',
  'host-sleep',
] as const;
export type ChangeKind = (typeof CHANGE_KINDS)[number];

/** What stands before each end. */
export type Pair = Readonly<Record<'viewer' | 'host', Kind>>;

/** One place in the matrix: what stands before each end, and what is used there. */
export type Cell = Pair & {
  readonly browser: BrowserName;
  readonly turn: TurnKind;
  readonly mapping: MappingKind;
  readonly change: ChangeKind;
  readonly app: AppKind;
  readonly engine: string;
};

/** How a data channel goes: between both ends alone, by TURN, or not at all. */
export type Way = 'direct' | 'turn' | 'none';

/** What theory says (RFC 5128): a symmetric NAT meets only one that lets anybody answer, as a mapped port does. */
export function expectedWay({ viewer, host, mapping, turn }: Cell): Way {
  if (meet(viewer, host, mapping !== 'none')) return 'direct';
  if (turn === 'none') return 'none';
  // Whoever sends no UDP reaches neither the other end nor a TURN server on UDP.
  return turn === 'udp' && [viewer, host].includes('blocked') ? 'none' : 'turn';
}

/** A pair's name on the command line. */
export function nameOf({ viewer, host }: Pair): string {
  return `${viewer}x${host}`;
}

/** Every pair of these. A place for both ends is a pair with itself alone. */
function pairs(kinds: readonly Kind[]): Pair[] {
  return kinds.flatMap((host) =>
    kinds
      .filter((viewer) => viewer === host || !(isShared(viewer) || isShared(host)))
      .map((viewer) => ({ viewer, host })),
  );
}

export const BASE_PAIRS: readonly Pair[] = pairs(BASE_KINDS);
export const ALL_PAIRS: readonly Pair[] = pairs(KINDS);
