import { describe, expect, test } from '@jest/globals';
import type { Link, Path } from '@wingman/protocol';
import { watchPath, type PathChanged } from '../src/tunnel/path-changes.js';

const PATHS: readonly Path[] = ['offline', 'relay', 'turn', 'p2p'];

/** A link that takes the paths it is told to, and whose left carriers live or don't. */
function linkOn(first: Path = 'offline') {
  const listeners: (() => void)[] = [];
  const live = new Set<Path>();
  const link = {
    path: first,
    on: (_event: string, listener: () => void) => listeners.push(listener),
    attachment: (kind: Path) => (live.has(kind) ? { state: 'ready' } : undefined),
  };
  const told: PathChanged[] = [];
  watchPath(link as unknown as Link, (change) => void told.push(change));
  const take = (path: Path, isOldAlive = true): PathChanged | undefined => {
    told.length = 0;
    live.clear();
    if (isOldAlive) live.add(link.path);
    link.path = path;
    for (const listener of listeners) listener();
    return told[0];
  };
  return { told, take };
}

describe('a change of path', () => {
  test.each<[Path, Path, string, string]>([
    ['offline', 'relay', 'connected', 'connected'],
    ['offline', 'turn', 'connected', 'connected'],
    ['offline', 'p2p', 'connected', 'connected'],
    ['relay', 'p2p', 'upgraded', 'fell-back'],
    ['relay', 'turn', 'upgraded', 'fell-back'],
    ['turn', 'p2p', 'upgraded', 'upgraded'],
    ['turn', 'relay', 'chosen', 'fell-back'],
    ['p2p', 'relay', 'chosen', 'fell-back'],
    ['p2p', 'turn', 'chosen', 'chosen'],
    ['relay', 'offline', 'lost', 'lost'],
    ['turn', 'offline', 'lost', 'lost'],
    ['p2p', 'offline', 'lost', 'lost'],
  ])('from %s to %s is %s; %s when the old carrier is dead', (from, to, alive, dead) => {
    for (const [isAlive, change] of [
      [true, alive],
      [false, dead],
    ] as const) {
      const { take } = linkOn();
      if (from !== 'offline') take(from);
      expect(take(to, isAlive)).toEqual({ from, to, change });
    }
  });

  test('is told once', () => {
    for (const path of PATHS) {
      const { take } = linkOn();
      take(path);
      expect(take(path)).toBeUndefined();
    }
  });

  test('that came before anybody watched is told at once', () => {
    expect(linkOn('relay').told).toEqual([{ from: 'offline', to: 'relay', change: 'connected' }]);
    expect(linkOn('offline').told).toEqual([]);
  });
});
