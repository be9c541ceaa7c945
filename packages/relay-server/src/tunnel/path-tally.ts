import {
  PathChangeCause,
  type Clock,
  type Link,
  type LinkStats,
  type PathReport,
  type Timer,
} from '@wingman/protocol';
import { HOST_LIMITS } from '../limits.js';
import { watchPath, type PathChange, type PathChanged } from './path-changes.js';

/** The first path of a link is no change. */
const CAUSES: Readonly<Record<Exclude<PathChange, 'connected'>, PathChangeCause>> = {
  upgraded: PathChangeCause.UPGRADED,
  chosen: PathChangeCause.CHOSEN,
  'fell-back': PathChangeCause.FELL_BACK,
  lost: PathChangeCause.LOST,
};

type Carried = Record<'p2p' | 'turn', number>;

/** Sums up what the links of viewers do, and reports it to the tunnel server now and then. No viewer can be told from it. */
export class PathTally {
  /** What was counted of each link already. */
  readonly #counted = new Map<Link, Carried>();
  readonly #changes = new Map<PathChangeCause, number>();
  readonly #savedMs: number[] = [];
  readonly #sum: Carried = { p2p: 0, turn: 0 };
  #timer: Timer;

  constructor(
    private readonly clock: Clock,
    private readonly send: (report: PathReport) => void,
  ) {
    this.#timer = this.#later();
  }

  /** A viewer's link has begun. */
  watch(link: Link): void {
    this.#counted.set(link, { p2p: 0, turn: 0 });
    watchPath(link, (change) => this.#changed(change, link.stats().rttMs));
    link.on('state', () => {
      if (link.state !== 'closed' || !this.#counted.has(link)) return;
      this.#count(link);
      this.#counted.delete(link);
    });
  }

  #changed({ change, to }: PathChanged, { p2p, relay }: LinkStats['rttMs']): void {
    if (change === 'connected') return;
    const cause = CAUSES[change];
    this.#changes.set(cause, (this.#changes.get(cause) ?? 0) + 1);
    const isMeasured = change === 'upgraded' && to === 'p2p' && p2p !== null && relay !== null;
    const hasRoom = this.#savedMs.length < HOST_LIMITS.savedPerReport;
    if (isMeasured && hasRoom) this.#savedMs.push(Math.round(relay - p2p));
  }

  /** Sends what has not been told yet, if there is anything. */
  report(): void {
    for (const link of this.#counted.keys()) this.#count(link);
    const { p2p, turn } = this.#sum;
    if (p2p + turn + this.#changes.size === 0) return;
    const changes = [...this.#changes].map(([cause, count]) => ({ cause, count }));
    const bytes = { directBytes: BigInt(p2p), turnBytes: BigInt(turn) };
    this.send({ ...bytes, changes, savedMs: this.#savedMs.splice(0) });
    Object.assign(this.#sum, { p2p: 0, turn: 0 });
    this.#changes.clear();
  }

  /** Tells the rest, and nothing more. */
  close(): void {
    this.#timer.cancel();
    this.report();
  }

  #later(): Timer {
    return this.clock.setTimeout(() => {
      this.report();
      this.#timer = this.#later();
    }, HOST_LIMITS.pathReportMs);
  }

  #count(link: Link): void {
    const before = this.#counted.get(link) ?? { p2p: 0, turn: 0 };
    const { bytes } = link.stats();
    for (const way of ['p2p', 'turn'] as const) {
      const now = bytes[way].in + bytes[way].out;
      this.#sum[way] += now - before[way];
      before[way] = now;
    }
  }
}
