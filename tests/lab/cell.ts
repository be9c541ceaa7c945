import type { BrowserName } from '../support/browser.js';
import { NAT_KINDS, type NatKind } from './nat-network.js';

/** What the host's gateway answers that is asked for a port. */
export const MAPPING_KINDS = ['none', 'pcp', 'upnp'] as const;
export type MappingKind = (typeof MAPPING_KINDS)[number];

/** What TURN servers the tunnel server names. */
export const TURN_KINDS = ['none', 'udp', 'tcp'] as const;
export type TurnKind = (typeof TURN_KINDS)[number];

type Pair = Readonly<Record<'viewer' | 'host', NatKind>>;

/** One place in the matrix: what stands before each end, and what is used there. */
export type Cell = Pair & {
  readonly browser: BrowserName;
  readonly turn: TurnKind;
  readonly mapping: MappingKind;
  readonly engine: string;
};

/** How a data channel goes: between both ends alone, by TURN, or not at all. */
export type Way = 'direct' | 'turn' | 'none';

/** What theory says (RFC 5128): a symmetric NAT meets only one that lets anybody answer, as a mapped port does. */
export function expectedWay({ viewer, host, mapping, turn }: Cell): Way {
  const pair = [viewer, host];
  const isStrict = (kind: NatKind): boolean => kind === 'port' || kind === 'symmetric';
  const isApart = mapping === 'none' && pair.includes('symmetric') && pair.every(isStrict);
  if (!pair.includes('blocked') && !isApart) return 'direct';
  if (turn === 'none') return 'none';
  // Whoever sends no UDP reaches neither the other end nor a TURN server on UDP.
  return turn === 'udp' && pair.includes('blocked') ? 'none' : 'turn';
}

/** Every pair of NATs, without TURN or mapped ports. Those before one host's NAT follow each other, and so have one stage. */
export function matrix(browsers: readonly BrowserName[], engine: Cell['engine']): Cell[] {
  return browsers.flatMap((browser) =>
    NAT_KINDS.flatMap((host) =>
      NAT_KINDS.map((viewer): Cell => ({
        viewer,
        host,
        browser,
        engine,
        turn: 'none',
        mapping: 'none',
      })),
    ),
  );
}
