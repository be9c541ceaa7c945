import type { Link, Mux, Preference, StateMachine, TransitionTable } from '@wingman/protocol';
import type { LaneOpener } from './lane-opener.js';
import type { RelayConnector } from './relay-connector.js';

/**
 * unproven: the host has not been heard. up: requests can go out. down: nothing carries the link for now.
 * over: the link is closed and a successor is on its way.
 */
export type LifeState = 'unproven' | 'up' | 'down' | 'over';

export const LIFE_TRANSITIONS: TransitionTable<LifeState> = {
  unproven: ['up', 'over'],
  up: ['down', 'over'],
  down: ['up', 'over'],
  over: [],
};

/** Kinds of a data channel's lane. */
export const DIRECT = ['p2p', 'turn'] as const;

/** What lives and dies with one link. */
export interface Life {
  link: Link;
  mux: Mux;
  relay: RelayConnector;
  lanes: LaneOpener;
  machine: StateMachine<LifeState>;
}

/** Whether no carrier answers any more. While one does, the others need no haste. */
export function isSilent(link: Link): boolean {
  const lanes = (['relay', ...DIRECT] as const).flatMap((kind) => link.attachment(kind) ?? []);
  return lanes.length > 0 && lanes.every(({ state }) => state === 'suspect');
}

/** Whether the host has answered on one of the carriers. */
export function isHeard(link: Link): boolean {
  return (['relay', ...DIRECT] as const).some((kind) => link.attachment(kind)?.isGood === true);
}

/** What people and settings want of the links of a tab. */
export interface Wishes {
  preference: Preference;
  /** The developer or the operator wants the relay to carry only what no direct path can. */
  sparesRelay: boolean;
  /** Whether somebody looks at the tab. */
  isWatched: boolean;
}

/** The row of the path policy. Whoever wants the direct path spares the relay by that. */
export function choiceOf({ preference, sparesRelay }: Wishes): Preference | 'spare' {
  return sparesRelay && preference !== 'p2p' ? 'spare' : preference;
}
