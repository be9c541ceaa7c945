import type { LaneKind, Path } from '@wingman/protocol';
import type { Preference } from '../shared/status.js';

/** good: has answered, is not suspected. slow: as well, but the other does better. bad: can't be used now. */
export type Grade = 'good' | 'slow' | 'bad';

/** What the choice depends on. */
export interface Situation {
  preference: Preference;
  path: Path;
  grades: Record<LaneKind, Grade>;
}

/**
 * What each preference takes, best first; `auto` is the only one that leaves a path for being slow.
 * Among direct ways ICE prefers the shorter: same machine or LAN before an address seen from outside
 * (RFC 8445 section 5.1.2).
 */
const ORDER: Readonly<Record<Preference, readonly (readonly [LaneKind, Grade])[]>> = {
  auto: [
    ['p2p', 'good'],
    ['relay', 'good'],
    ['p2p', 'slow'],
  ],
  p2p: [
    ['p2p', 'good'],
    ['p2p', 'slow'],
    ['relay', 'good'],
  ],
  relay: [
    ['relay', 'good'],
    ['p2p', 'good'],
    ['p2p', 'slow'],
  ],
};

/** The carrier to switch to; undefined when the one in use is the best there is. */
export function choosePath({ preference, path, grades }: Situation): LaneKind | undefined {
  const best = ORDER[preference].find(([kind, grade]) => grades[kind] === grade)?.[0];
  return best === path ? undefined : best;
}
