import { LIMITS } from '../limits.js';

/** The direct path as it is now. A plan decides by this alone. */
export interface DirectPath {
  /** How many lanes carry, and whether another lane is being made. */
  readonly lanes: number;
  readonly isOpening: boolean;
  /** All bytes that direct lanes have carried so far, both ways. */
  readonly bytes: number;
  /** The shortest round trip in milliseconds; null before it is known. */
  readonly baseRttMs: number | null;
}

/**
 * Decides how many lanes a direct path has. A path that is loaded gets a second one: the window of one association
 * (RFC 9260) falls with each loss and takes seconds to grow. The path gets another lane if the last one has made the path
 * faster, or if the path is far slower than it was. A far path gets all that it may have, because windows grow more slowly
 * there. All lanes but the first are closed when the path was not loaded for a while.
 */
export class LanePlan {
  #lookedAt = -Infinity;
  #bytes = 0;
  #loadedAt = -Infinity;
  /** How many looks in a row have found the path loaded. */
  #loadedLooks = 0;
  #lanes = 1;
  #lanesSince = -Infinity;
  /** The best rate before the last lane was added, and the best rate with the present number of lanes. */
  #rateBefore = 0;
  #best = 0;
  #failures = 0;
  #notBefore = -Infinity;

  /** Whether enough time has passed since the last look. */
  isDue(now: number): boolean {
    return now - this.#lookedAt >= LIMITS.lanesLookMs;
  }

  /** Decides what to do at the time `now`, in milliseconds: open a lane, close all lanes but the first, or nothing. */
  look(now: number, path: DirectPath): 'open' | 'close' | undefined {
    if (!this.isDue(now)) return undefined;
    const elapsed = now - this.#lookedAt;
    const perSecond = ((path.bytes - this.#bytes) * 1000) / elapsed;
    this.#lookedAt = now;
    this.#bytes = path.bytes;
    this.#counted(now, path.lanes);
    const isLoaded = perSecond >= bulkPerSecond(path);
    this.#loadedLooks = isLoaded ? this.#loadedLooks + 1 : 0;
    if (!isLoaded) {
      const isIdle = now - this.#loadedAt >= LIMITS.lanesIdleMs;
      return isIdle && path.lanes > 1 ? 'close' : undefined;
    }
    this.#loadedAt = now;
    const isWorthIt = this.#isWorthIt(now, path, perSecond);
    const isBulk = this.#loadedLooks >= LIMITS.lanesBulkLooks;
    const isReady = isBulk && !path.isOpening && now >= this.#notBefore;
    return isWorthIt && isReady && mayGrow(path) ? 'open' : undefined;
  }

  /** The attempt to make a lane has failed. */
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

  #isWorthIt(now: number, path: DirectPath, perSecond: number): boolean {
    const hasFallen = perSecond < LIMITS.lanesFallen * Math.max(this.#best, this.#rateBefore);
    this.#best = Math.max(this.#best, perSecond);
    if (path.lanes === 1) return true;
    if (now - this.#lanesSince < LIMITS.lanesSettleMs) return false;
    return hasFallen || isFar(path.baseRttMs) || this.#best > LIMITS.lanesGain * this.#rateBefore;
  }
}

/** Whether a round trip, in milliseconds, is so long that a window which has fallen takes long to grow; false while it is not known. */
export function isFar(baseRttMs: number | null | undefined): boolean {
  return (baseRttMs ?? 0) >= LIMITS.farRoundTripMs;
}

function bulkPerSecond({ baseRttMs }: DirectPath): number {
  return isFar(baseRttMs) ? LIMITS.lanesBulkPerSecondFar : LIMITS.lanesBulkPerSecond;
}

function mayGrow({ lanes, baseRttMs }: DirectPath): boolean {
  return lanes < LIMITS.maxLanes && baseRttMs !== null && baseRttMs >= LIMITS.lanesRoundTripMs;
}
