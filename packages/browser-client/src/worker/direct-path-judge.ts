import type { LaneQuality } from '@wingman/protocol';
import { BROWSER_LIMITS } from '../shared/limits.js';

/** Both carriers as measured; null when not attached. */
export interface Measured {
  p2p: LaneQuality | null;
  relay: LaneQuality | null;
}

/**
 * Says whether a direct path that is alive is worth using. It is slow when for some seconds its
 * answers wait far longer than the relay's behind what is being carried, or when its round trip is
 * far longer to begin with. Then the relay is tried; if that delivers no more, the verdict was wrong.
 */
export class DirectPathJudge {
  #slowSince: number | undefined;
  /** Slow until then. */
  #demotedUntil = -Infinity;
  /** Not judged until then. */
  #acquittedUntil = -Infinity;
  #demotions = 0;
  #rateWhenDemoted = 0;

  /** Looks at the measurements, some time after the last look. */
  look(now: number, measured: Measured): void {
    if (now < this.#demotedUntil) return this.#review(now, measured);
    if (now < this.#acquittedUntil || !isSlow(measured)) {
      this.#slowSince = undefined;
      return;
    }
    this.#slowSince ??= now;
    if (now - this.#slowSince >= BROWSER_LIMITS.slowForMs) this.#demote(now, measured);
  }

  isSlow(now: number): boolean {
    return now < this.#demotedUntil;
  }

  #demote(now: number, { p2p }: Measured): void {
    const { demotionMs, demotionMaxMs } = BROWSER_LIMITS;
    this.#demotedUntil = now + Math.min(demotionMaxMs, demotionMs * 2 ** this.#demotions);
    this.#demotions += 1;
    this.#rateWhenDemoted = rateOf(p2p);
    this.#slowSince = undefined;
  }

  /** While the relay is tried: loaded to its own limit it has to deliver clearly more. */
  #review(now: number, { relay }: Measured): void {
    if (relay === null || queueingMs(relay) < BROWSER_LIMITS.slowQueueMs) return;
    if (rateOf(relay) > BROWSER_LIMITS.clearlyBetter * this.#rateWhenDemoted) return;
    this.#demotedUntil = -Infinity;
    this.#acquittedUntil = now + BROWSER_LIMITS.acquittalMs;
  }
}

function isSlow({ p2p, relay }: Measured): boolean {
  if (p2p === null || relay === null) return false;
  // When the relay answers no sooner, the machine behind both is busy, or the network as a whole.
  const isBehind = p2p.waitMs > 2 * relay.waitMs;
  if (isBehind && queueingMs(p2p) > BROWSER_LIMITS.slowQueueMs) return true;
  if (p2p.baseRttMs === null || relay.baseRttMs === null) return false;
  return p2p.baseRttMs > 2 * relay.baseRttMs + BROWSER_LIMITS.detourMs;
}

/** How long an answer waits behind what is being carried. */
function queueingMs({ baseRttMs, waitMs }: LaneQuality): number {
  return baseRttMs === null ? 0 : waitMs - baseRttMs;
}

function rateOf(quality: LaneQuality | null): number {
  return Math.max(quality?.inPerSecond ?? 0, quality?.outPerSecond ?? 0);
}
