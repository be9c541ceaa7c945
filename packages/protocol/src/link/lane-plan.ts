import { LIMITS } from '../limits.js';

/** What a plan looks at: the direct path as it is now. */
export interface DirectPath {
  /** Lanes that carry, and whether another one is being made. */
  readonly lanes: number;
  readonly isOpening: boolean;
  /** All bytes that direct lanes have carried so far, both ways. */
  readonly bytes: number;
  /** The shortest round trip in milliseconds; null before it is known. */
  readonly baseRttMs: number | null;
}

/**
 * Decides how many lanes a direct path has. A path that is loaded gets a second one: the window of one association
 * (RFC 9260) falls with each loss and takes seconds to grow. It gets another while the last one has made it faster, or
 * when it is far slower than it was. All but the first are closed when it has not been loaded for a while.
 */
export class LanePlan {
  #lookedAt = -Infinity;
  #bytes = 0;
  #loadedAt = -Infinity;
  /** Looks in a row that found the path loaded. */
  #loadedLooks = 0;
  #lanes = 1;
  #lanesSince = -Infinity;
  /** The rate before the last lane came, and the best with as many lanes as now. */
  #rateBefore = 0;
  #best = 0;
  #failures = 0;
  #notBefore = -Infinity;

  /** Whether enough time has passed since the last look. */
  isDue(now: number): boolean {
    return now - this.#lookedAt >= LIMITS.lanesLookMs;
  }

  /** What to do now, at the time `now` in milliseconds: open a lane, close the further lanes, or nothing. */
  look(now: number, path: DirectPath): 'open' | 'close' | undefined {
    if (!this.isDue(now)) return undefined;
    const elapsed = now - this.#lookedAt;
    const perSecond = ((path.bytes - this.#bytes) * 1000) / elapsed;
    this.#lookedAt = now;
    this.#bytes = path.bytes;
    this.#counted(now, path.lanes);
    const isLoaded = perSecond >= LIMITS.lanesBulkPerSecond;
    this.#loadedLooks = isLoaded ? this.#loadedLooks + 1 : 0;
    if (!isLoaded) {
      const isIdle = now - this.#loadedAt >= LIMITS.lanesIdleMs;
      return isIdle && path.lanes > 1 ? 'close' : undefined;
    }
    this.#loadedAt = now;
    const isWorthIt = this.#isWorthIt(now, path.lanes, perSecond);
    const isBulk = this.#loadedLooks >= LIMITS.lanesBulkLooks;
    const isReady = isBulk && !path.isOpening && now >= this.#notBefore;
    return isWorthIt && isReady && mayGrow(path) ? 'open' : undefined;
  }

  /** A lane could not be made. */
  failed(now: number): void {
    this.#notBefore = now + LIMITS.lanesRetryMs * 2 ** Math.min(this.#failures, 10);
    this.#failures += 1;
  }

  /** Notes a change in the number of lanes. */
  #counted(now: number, lanes: number): void {
    if (lanes === this.#lanes) return;
    if (lanes > this.#lanes) {
      this.#rateBefore = this.#best;
      this.#failures = 0;
    }
    this.#best = 0;
    this.#lanes = lanes;
    this.#lanesSince = now;
  }

  #isWorthIt(now: number, lanes: number, perSecond: number): boolean {
    const hasFallen = perSecond < LIMITS.lanesFallen * Math.max(this.#best, this.#rateBefore);
    this.#best = Math.max(this.#best, perSecond);
    if (lanes === 1) return true;
    if (now - this.#lanesSince < LIMITS.lanesSettleMs) return false;
    return hasFallen || this.#best > LIMITS.lanesGain * this.#rateBefore;
  }
}

function mayGrow({ lanes, baseRttMs }: DirectPath): boolean {
  return lanes < LIMITS.maxLanes && baseRttMs !== null && baseRttMs >= LIMITS.lanesRoundTripMs;
}
