import type { BrowserName } from '../support/browser.js';
import type { AppKind } from './apps.js';
import { BASE_KINDS, has, isShared, KINDS, meet, type Kind } from './surroundings.js';

/** What the host's gateway answers that is asked for a port. */
export const MAPPING_KINDS = ['none', 'pcp', 'upnp'] as const;
export type MappingKind = (typeof MAPPING_KINDS)[number];

/** What TURN servers the tunnel server names. */
export const TURN_KINDS = ['none', 'udp', 'tcp', 'tls'] as const;
export type TurnKind = (typeof TURN_KINDS)[number];

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
export function expectedWay({ browser, engine, viewer, host, mapping, turn }: Cell): Way {
  if (meet(viewer, host, mapping !== 'none')) return 'direct';
  // This engine listens by TCP, too (RFC 6544).
  if (engine === 'wrtc' && viewer === 'blocked' && host === 'none') return 'direct';
  // Firefox can't be told to trust the lab's certificate for TURN.
  if (turn === 'tls' && browser === 'firefox') return 'none';
  return reachesTurn(viewer, turn) && reachesTurn(host, turn === 'tls' ? 'udp' : turn)
    ? 'turn'
    : 'none';
}

/** The host's libraries trust no authority of the lab's: TURN over TLS is the viewer's, and the host sends to it by UDP. */
function reachesTurn(kind: Kind, turn: TurnKind): boolean {
  if (turn === 'none' || kind === 'proxy' || !has(kind, 4)) return false;
  if (kind === 'https') return turn === 'tls';
  return turn !== 'udp' || kind !== 'blocked';
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
