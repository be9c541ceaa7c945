import { LIMITS } from '../limits.js';
import { CarriedRates, type Carried } from './carried-rates.js';
import type { LaneKind, LaneQuality } from './lane-evidence.js';
import { isFar } from './lane-plan.js';
import type { Standing } from './path-policy.js';

/** The measurements of the direct path, which may go by TURN, and of the relay; null for what is not attached. */
export type Measured = Readonly<Record<Exclude<LaneKind, 'turn'>, LaneQuality | null>>;

/**
 * Remembers how the direct path did, so that a bad network doesn't make a link swing between paths. The history
 * outlives the link, because the next link of the tab meets the same network. Times are in milliseconds.
 *
 * A direct path that has failed is distrusted for a while, and for twice as long after each failure that follows
 * soon. A direct path is slow when its answers wait far longer than the relay's for some seconds, or when its round
 * trip is far longer than the relay's. Then the relay carries on trial. If the relay delivers no more than the
 * direct path did, the direct path is acquitted.
 */
export class PathHistory {
  #failures = 0;
  #failedAt = -Infinity;
  #distrustedUntil = -Infinity;
  #isSuspected = false;
  #lookedAt = -Infinity;
  #slowSince: number | undefined;
  #slowUntil = -Infinity;
  /** The direct path is not judged before this time. */
  #acquittedUntil = -Infinity;
  #demotions = 0;
  #rateWhenDemoted = 0;
  readonly #carried = new CarriedRates();
  /** Whether the present trial of the relay began because the direct path carries too little. */
  #isOutrun = false;

  standing(now: number): Standing {
    if (this.#isSuspected || now < this.#distrustedUntil) return 'distrusted';
    return now < this.#slowUntil ? 'slow' : 'trusted';
  }

  /** The earliest time after now at which the standing may change by itself. */
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

  /** The direct path is suspected. It is distrusted until it or a fresh direct path has been ready for a while. */
  suspected(now: number): void {
    this.failed(now);
    this.#isSuspected = true;
  }

  /**
   * A direct path is ready: a suspected one has recovered, or a fresh one has come up. A fresh path has just completed
   * a whole handshake. So after a single failure, such as a change of address, a fresh path need not settle for long.
   */
  ready(now: number, isFresh: boolean): void {
    const isDistrusted = this.standing(now) === 'distrusted';
    if (isDistrusted && isFresh && this.#failures === 0) {
      this.#distrustedUntil = now + LIMITS.p2pFreshMs;
    } else if (this.#isSuspected) this.#distrust(now);
    this.#isSuspected = false;
  }

  /** Forgets the failures, because somebody wants the direct path in spite of them. */
  forgive(): void {
    this.#isSuspected = false;
    this.#distrustedUntil = -Infinity;
    this.#failedAt = -Infinity;
  }

  /** Compares both paths, at most once every `qualityLookMs`. `bytes` says how much each path has carried so far. */
  compare(now: number, measured: Measured, bytes: Carried = { p2p: 0, relay: 0 }): void {
    const elapsed = now - this.#lookedAt;
    if (elapsed < LIMITS.qualityLookMs) return;
    this.#lookedAt = now;
    this.#carried.look(now, bytes);
    if (now < this.#slowUntil) return this.#review(now, measured);
    const isAnswering = typeof measured.relay?.rttMs === 'number';
    const isOutrun = isAnswering && this.#carried.isOutrun(now, isFar(measured.p2p?.baseRttMs));
    const isSlowNow = now >= this.#acquittedUntil && (isOutrun || isSlow(measured));
    // Two looks that are far apart prove nothing about the time between them.
    if (!isSlowNow || elapsed > 2 * LIMITS.qualityLookMs) this.#slowSince = undefined;
    if (!isSlowNow) return;
    this.#slowSince ??= now;
    if (now - this.#slowSince < LIMITS.slowForMs) return;
    this.#isOutrun = isOutrun;
    this.#demote(now, measured);
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
    this.#carried.tried(now);
    this.#slowSince = undefined;
  }

  /** Ends the trial of the relay when it delivers hardly more than the direct path did. */
  #review(now: number, measured: Measured): void {
    const hasFailed = this.#isOutrun
      ? this.#carried.hasFailedTrial(now)
      : this.#isNoBetterLoaded(measured);
    if (!hasFailed) return;
    this.#slowUntil = -Infinity;
    this.#acquittedUntil = now + LIMITS.acquittalMs;
  }

  /** Whether the relay is loaded to its own limit and delivers hardly more than the direct path did. */
  #isNoBetterLoaded({ relay }: Measured): boolean {
    if (relay === null || queueingMs(relay) < LIMITS.slowQueueMs) return false;
    return rateOf(relay) <= LIMITS.clearlyBetter * this.#rateWhenDemoted;
  }
}

function isSlow({ p2p, relay }: Measured): boolean {
  if (p2p === null || relay === null) return false;
  // When the relay's answers are as late, both paths share the cause: a busy machine or a busy network.
  const isBehind = p2p.waitMs > 2 * relay.waitMs;
  if (isBehind && queueingMs(p2p) > LIMITS.slowQueueMs) return true;
  if (p2p.baseRttMs === null || relay.baseRttMs === null) return false;
  return p2p.baseRttMs > 2 * relay.baseRttMs + LIMITS.detourMs;
}

/** How long an answer waits behind the data that is being carried. */
function queueingMs({ baseRttMs, waitMs }: LaneQuality): number {
  return baseRttMs === null ? 0 : waitMs - baseRttMs;
}

function rateOf(quality: LaneQuality | null): number {
  return Math.max(quality?.inPerSecond ?? 0, quality?.outPerSecond ?? 0);
}
