import type { LaneKind, Path } from '@wingman/protocol';
import type { Preference } from '../shared/status.js';

/** What the choice depends on. */
export interface Situation {
  preference: Preference;
  path: Path;
  /** The direct carrier has answered and is not suspected of anything. */
  isP2pGood: boolean;
  isRelayGood: boolean;
}

/** Which carriers each preference wants, best first; one that is not good is passed over. */
const ORDER: Readonly<Record<Preference, readonly LaneKind[]>> = {
  auto: ['p2p', 'relay'],
  p2p: ['p2p', 'relay'],
  relay: ['relay', 'p2p'],
};

/** The carrier to switch to; undefined when the one in use is the best there is. */
export function choosePath(situation: Situation): LaneKind | undefined {
  const { preference, path, isP2pGood, isRelayGood } = situation;
  const isGood = { p2p: isP2pGood, relay: isRelayGood };
  const best = ORDER[preference].find((kind) => isGood[kind]);
  return best === path ? undefined : best;
}
