import { LIMITS } from '../limits.js';
import type { LaneKind, LaneQuality } from './lane-evidence.js';
import type { Standing } from './path-policy.js';

/** Both kinds as measured; null when not attached. */
export type Measured = Readonly<Record<LaneKind, LaneQuality | null>>;

/**
 * What is remembered about the direct path, so that a bad network doesn't make a link swing. It outlives the
 * link: a tab's next link meets the same network. All times are the clock's, in milliseconds.
 *
 * A path that has failed is distrusted for a while, and for twice as long after each failure that follows
 * soon. A path that is alive is slow when for some seconds its answers wait far longer than the relay's behind
 * what is being carried, or when its round trip is far longer to begin with. Then the relay is tried; if the
 * relay delivers no more, the verdict was wrong.
 */
export class PathHistory {
  #failures = 0;
  #failedAt = -Infinity;
  #distrustedUntil = -Infinity;
  #isSuspected = false;
  #lookedAt = -Infinity;
  #slowSince: number | undefined;
  #slowUntil = -Infinity;
  /** The path is not judged until then. */
  #acquittedUntil = -Infinity;
  #demotions = 0;
  #rateWhenDemoted = 0;

  standing(now: number): Standing {
    if (this.#isSuspected || now < this.#distrustedUntil) return 'distrusted';
    return now < this.#slowUntil ? 'slow' : 'trusted';
  }

  /** The earliest moment after now at which the standing may change without an event. */
  changesAt(now: number): number {
    const moments = [
      this.#distrustedUntil,
      this.#slowUntil,
      this.#lookedAt + LIMITS.qualityLookMs,
    ].filter((moment) => moment > now);
    return Math.min(...moments);
  }

  /** The direct path is lost. Each failure that follows soon after another doubles the distrust. */
  failed(now: number): void {
    const isRepeated = now - this.#failedAt < LIMITS.p2pForgiveMs;
    this.#failures = isRepeated ? this.#failures + 1 : 0;
    this.#failedAt = now;
    this.#distrust(now);
  }

  /** The direct path is suspected. It is distrusted until it, or a fresh one, has been ready for a while. */
  suspected(now: number): void {
    this.failed(now);
    this.#isSuspected = true;
  }

  /** A direct path is ready, for the first time or again. */
  ready(now: number): void {
    if (this.#isSuspected) this.#distrust(now);
    this.#isSuspected = false;
  }

  /** Somebody wants the direct path, whatever it has done before. */
  forgive(): void {
    this.#isSuspected = false;
    this.#distrustedUntil = -Infinity;
    this.#failedAt = -Infinity;
  }

  /** Compares both kinds, at most once in `qualityLookMs`. */
  compare(now: number, measured: Measured): void {
    const elapsed = now - this.#lookedAt;
    if (elapsed < LIMITS.qualityLookMs) return;
    this.#lookedAt = now;
    if (now < this.#slowUntil) return this.#review(now, measured);
    const isSlowNow = now >= this.#acquittedUntil && isSlow(measured);
    // Looks that are far apart prove nothing about the time between them.
    if (!isSlowNow || elapsed > 2 * LIMITS.qualityLookMs) this.#slowSince = undefined;
    if (!isSlowNow) return;
    this.#slowSince ??= now;
    if (now - this.#slowSince >= LIMITS.slowForMs) this.#demote(now, measured);
  }

  #distrust(now: number): void {
    const { p2pSettleMs, p2pSettleMaxMs } = LIMITS;
    this.#distrustedUntil = now + Math.min(p2pSettleMaxMs, p2pSettleMs * 2 ** this.#failures);
  }

  #demote(now: number, { p2p }: Measured): void {
    const { demotionMs, demotionMaxMs } = LIMITS;
    this.#slowUntil = now + Math.min(demotionMaxMs, demotionMs * 2 ** this.#demotions);
    this.#demotions += 1;
    this.#rateWhenDemoted = rateOf(p2p);
    this.#slowSince = undefined;
  }

  /** While the relay is tried: loaded to its own limit, the relay has to deliver clearly more. */
  #review(now: number, { relay }: Measured): void {
    if (relay === null || queueingMs(relay) < LIMITS.slowQueueMs) return;
    if (rateOf(relay) > LIMITS.clearlyBetter * this.#rateWhenDemoted) return;
    this.#slowUntil = -Infinity;
    this.#acquittedUntil = now + LIMITS.acquittalMs;
  }
}

function isSlow({ p2p, relay }: Measured): boolean {
  if (p2p === null || relay === null) return false;
  // When the relay answers no sooner, the machine behind both is busy, or the network as a whole.
  const isBehind = p2p.waitMs > 2 * relay.waitMs;
  if (isBehind && queueingMs(p2p) > LIMITS.slowQueueMs) return true;
  if (p2p.baseRttMs === null || relay.baseRttMs === null) return false;
  return p2p.baseRttMs > 2 * relay.baseRttMs + LIMITS.detourMs;
}

/** How long an answer waits behind what is being carried. */
function queueingMs({ baseRttMs, waitMs }: LaneQuality): number {
  return baseRttMs === null ? 0 : waitMs - baseRttMs;
}

function rateOf(quality: LaneQuality | null): number {
  return Math.max(quality?.inPerSecond ?? 0, quality?.outPerSecond ?? 0);
}
