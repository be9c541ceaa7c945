import type { Link, Path } from '@wingman/protocol';

/** Why a link's path has changed, as a person would say it. */
export type PathChange = 'connected' | 'upgraded' | 'chosen' | 'fell-back' | 'lost';

/** One change of what carries a link. */
export interface PathChanged {
  readonly from: Path;
  readonly to: Path;
  readonly change: PathChange;
}

interface Meaning {
  readonly oldAlive: PathChange;
  readonly oldDead: PathChange;
}

const UPGRADED: Meaning = { oldAlive: 'upgraded', oldDead: 'fell-back' };
const CHOSEN: Meaning = { oldAlive: 'chosen', oldDead: 'fell-back' };

/** What a change means to a person depends on whether the old carrier still lives. */
const MEANING: Readonly<Record<Path, Readonly<Record<Path, Meaning | undefined>>>> = {
  offline: {
    ...{ offline: undefined, relay: same('connected') },
    ...{ turn: same('connected'), p2p: same('connected') },
  },
  relay: {
    ...{ offline: same('lost'), relay: undefined },
    ...{ turn: UPGRADED, p2p: UPGRADED },
  },
  turn: {
    ...{ offline: same('lost'), relay: CHOSEN },
    // The same channel may have found a better way.
    ...{ turn: undefined, p2p: same('upgraded') },
  },
  p2p: {
    ...{ offline: same('lost'), relay: CHOSEN },
    ...{ turn: same('chosen'), p2p: undefined },
  },
};

function same(change: PathChange): Meaning {
  return { oldAlive: change, oldDead: change };
}

/** Tells each change of a link's path once. It decides nothing: the link's own policy does. */
export function watchPath(link: Link, onChange: (change: PathChanged) => void): void {
  let from: Path = 'offline';
  const observe = (): void => {
    const to = link.path;
    const meaning = MEANING[from][to];
    if (meaning === undefined) return;
    const isAlive = from !== 'offline' && link.attachment(from)?.state === 'ready';
    const change = isAlive ? meaning.oldAlive : meaning.oldDead;
    const changed = { from, to, change };
    from = to;
    onChange(changed);
  };
  link.on('path', observe);
  observe();
}
