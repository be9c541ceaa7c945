import type { Link, Path } from '@wingman/protocol';

/** Why a link's path has changed, as a person would say it. */
export type PathChange = 'connected' | 'upgraded' | 'chosen' | 'fell-back' | 'lost';

/** One change of what carries a link. */
export interface PathChanged {
  readonly from: Path;
  readonly to: Path;
  readonly change: PathChange;
}

/**
 * The host's rule is to follow: the viewer chooses, and the link moves over by itself when the
 * carrier in use dies. What a change means depends on whether the old carrier still lives.
 */
const MEANING: Readonly<Record<Path, Readonly<Record<Path, Meaning | undefined>>>> = {
  offline: { offline: undefined, relay: same('connected'), p2p: same('connected') },
  relay: {
    offline: same('lost'),
    relay: undefined,
    p2p: { oldAlive: 'upgraded', oldDead: 'fell-back' },
  },
  p2p: {
    offline: same('lost'),
    relay: { oldAlive: 'chosen', oldDead: 'fell-back' },
    p2p: undefined,
  },
};

interface Meaning {
  readonly oldAlive: PathChange;
  readonly oldDead: PathChange;
}

function same(change: PathChange): Meaning {
  return { oldAlive: change, oldDead: change };
}

/** Watches one link's path and tells each change once. */
export class FallbackManager {
  readonly #link: Link;
  readonly #onChange: (change: PathChanged) => void;
  #path: Path = 'offline';

  constructor(link: Link, onChange: (change: PathChanged) => void) {
    this.#link = link;
    this.#onChange = onChange;
    link.on('path', () => this.#observe());
    this.#observe();
  }

  /** What carries the link now. */
  get path(): Path {
    return this.#path;
  }

  #observe(): void {
    const from = this.#path;
    const to = this.#link.path;
    const meaning = MEANING[from][to];
    if (meaning === undefined) return;
    this.#path = to;
    const change = this.#isAlive(from) ? meaning.oldAlive : meaning.oldDead;
    this.#onChange({ from, to, change });
  }

  #isAlive(path: Path): boolean {
    return path !== 'offline' && this.#link.attachment(path)?.state === 'ready';
  }
}
