import type { Clock, Link, LaneKind, LaneState, Timer } from '@wingman/protocol';
import { BROWSER_LIMITS } from '../shared/limits.js';
import type { Preference } from '../shared/status.js';
import { DirectPathJudge } from './direct-path-judge.js';
import { choosePath, type Grade } from './path-choice.js';

export interface PathKeeperOptions {
  /** The link that lives now. */
  link: () => Link;
  clock: Clock;
  /** The direct path has been silent for long while the relay carries: a fresh one is better. */
  onHopeless: () => void;
}

/** Keeps the link on the better path, and is slow to trust a direct path that has failed. */
export class PathKeeper {
  readonly #options: PathKeeperOptions;
  readonly #judge = new DirectPathJudge();
  #preference: Preference = 'auto';
  #link: Link | undefined;
  #p2pState: LaneState | undefined;
  #failures = 0;
  #failedAt = -Infinity;
  /** Until then a direct path that was lost before is not trusted again. */
  #settle: Timer | undefined;
  #hopeless: Timer | undefined;

  constructor(options: PathKeeperOptions) {
    this.#options = options;
    this.#watch();
  }

  get preference(): Preference {
    return this.#preference;
  }

  /** Whoever wants the direct path gets it as soon as it answers, whatever it has done before. */
  prefer(preference: Preference): void {
    this.#preference = preference;
    if (preference === 'p2p') this.#forgive();
    this.#choose();
  }

  /** Something about the link is different. */
  changed(): void {
    const link = this.#options.link();
    const state = link.attachment('p2p')?.state;
    // That a fresh link has no direct path yet says nothing against the old one's.
    if (link === this.#link && state !== this.#p2pState) this.#p2pMoved(this.#p2pState, state);
    this.#link = link;
    this.#p2pState = state;
    this.#choose();
  }

  /** Has answered and is not suspected of anything. */
  isGood(kind: LaneKind): boolean {
    const attachment = this.#options.link().attachment(kind);
    return attachment?.state === 'ready' && attachment.rttMs !== null;
  }

  #p2pMoved(from: LaneState | undefined, to: LaneState | undefined): void {
    this.#hopeless?.cancel();
    if (to === 'suspect') {
      this.#failed();
      this.#hopeless = this.#after(BROWSER_LIMITS.p2pHopelessMs, () => {
        if (this.isGood('relay')) this.#options.onHopeless();
      });
    } else if (from === 'suspect') {
      this.#distrust();
    } else if (from === 'ready') {
      this.#failed();
    }
  }

  /** Each failure that follows soon after another doubles the time of distrust. */
  #failed(): void {
    const now = this.#options.clock.now();
    const isRepeated = now - this.#failedAt < BROWSER_LIMITS.p2pForgiveMs;
    this.#failures = isRepeated ? this.#failures + 1 : 0;
    this.#failedAt = now;
    this.#distrust();
  }

  #forgive(): void {
    this.#settle?.cancel();
    this.#settle = undefined;
    this.#failedAt = -Infinity;
  }

  #distrust(): void {
    const { p2pSettleMs, p2pSettleMaxMs } = BROWSER_LIMITS;
    this.#settle?.cancel();
    this.#settle = this.#after(Math.min(p2pSettleMaxMs, p2pSettleMs * 2 ** this.#failures), () => {
      this.#settle = undefined;
      this.#choose();
    });
  }

  #choose(): void {
    const link = this.#options.link();
    const grades = { p2p: this.#p2pGrade(), relay: this.isGood('relay') ? 'good' : 'bad' } as const;
    const choice = choosePath({ preference: this.#preference, path: link.path, grades });
    if (choice !== undefined) link.use(choice);
  }

  #p2pGrade(): Grade {
    if (!this.isGood('p2p') || this.#settle !== undefined) return 'bad';
    return this.#judge.isSlow(this.#options.clock.now()) ? 'slow' : 'good';
  }

  #watch(): void {
    this.#after(BROWSER_LIMITS.qualityLookMs, () => {
      const { quality } = this.#options.link().stats();
      this.#judge.look(this.#options.clock.now(), quality);
      this.#choose();
      this.#watch();
    });
  }

  #after(milliseconds: number, action: () => void): Timer {
    return this.#options.clock.setTimeout(action, milliseconds);
  }
}
