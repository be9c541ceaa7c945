import type { Clock, Timer } from '../clock.js';
import { LIMITS } from '../limits.js';
import type { Lane } from './lane.js';
import { calmPingDueMs, pingDueMs, verdictOn } from './lane-verdict.js';

/** What a monitor asks of its link, and tells it. */
export interface Monitored {
  lanes(): readonly Lane[];
  /** Whether something is under way on this lane whose loss should be noticed fast. */
  isBusy(lane: Lane): boolean;
  /** Whether somebody above waits for something, although nothing may be under way. */
  isNeeded(): boolean;
  /** How many bytes the peer has not acknowledged: they may delay its answers. */
  unackedBytes(): number;
  dead(lane: Lane): void;
  overdue(lane: Lane): void;
  /** After each look at all lanes. */
  looked(): void;
  /** How long until the link wants the next look, even if no lane needs one. */
  dueMs(): number;
}

/** The time between two looks while something is under way, in milliseconds. */
const GRAIN_MS = 50;

/**
 * Sends the heartbeat of every lane and finds out which lane is silent. The monitor looks every `GRAIN_MS` while an
 * answer is awaited or something is under way, and otherwise only when something is due. On a link that nobody watches
 * and that has nothing to do, it asks the more rarely the longer this has lasted.
 */
export class LaneMonitor {
  /** Whether somebody wants to know at any time whether the peer is there. */
  isWatched = true;
  #usedAt: number;
  #timer: Timer | undefined;
  /** Whether the timer is set for no later than `GRAIN_MS`. */
  #isFine = false;

  constructor(
    private readonly clock: Clock,
    private readonly link: Monitored,
    /** How much longer than the other end this one waits before it asks on a calm link. */
    private readonly patience = 1,
  ) {
    this.#usedAt = clock.now();
  }

  /** For how long nobody has wanted anything of the peer, in milliseconds. */
  get calmMs(): number {
    return this.isWatched || this.link.isNeeded() ? 0 : this.clock.now() - this.#usedAt;
  }

  /** Makes the next look come soon, because something is under way. */
  watch(): void {
    this.#usedAt = this.clock.now();
    if (this.#isFine || this.link.lanes().length === 0) return;
    // Looks keep to a grid, so that something that begins between two looks doesn't wait for a whole grain.
    this.#lookIn(GRAIN_MS - (this.clock.now() % GRAIN_MS));
  }

  stop(): void {
    this.#timer?.cancel();
    this.#isFine = false;
  }

  #lookIn(milliseconds: number): void {
    this.#timer?.cancel();
    this.#isFine = milliseconds <= GRAIN_MS;
    this.#timer = this.clock.setTimeout(() => this.#look(), milliseconds);
  }

  #look(): void {
    this.#isFine = false;
    for (const lane of this.link.lanes()) this.#judge(lane);
    this.link.looked();
    if (this.link.lanes().length > 0) this.#lookIn(this.#nextMs());
  }

  #judge(lane: Lane): void {
    lane.looked();
    const verdict = verdictOn(lane, this.link.unackedBytes());
    if (verdict === 'dead') return this.link.dead(lane);
    if (!lane.isUsable) return;
    if (this.#pingDueMs(lane) <= 0) lane.ping();
    if (verdict === 'overdue') this.link.overdue(lane);
  }

  #pingDueMs(lane: Lane): number {
    if (lane.state === 'suspect') return pingDueMs(lane, LIMITS.suspectHeartbeatMs);
    const isNeeded = this.link.isBusy(lane) || this.#isSpareOfLate(lane);
    return isNeeded ? pingDueMs(lane, LIMITS.busyHeartbeatMs) : this.#idlePingDueMs(lane);
  }

  #idlePingDueMs(lane: Lane): number {
    const { calmMs } = this;
    if (calmMs === 0) return pingDueMs(lane, LIMITS.heartbeatMs);
    return calmPingDueMs(lane, calmMs, this.patience);
  }

  /** Whether another lane is late. Then this lane is asked more often, to know whether it could take over. */
  #isSpareOfLate(lane: Lane): boolean {
    const unackedBytes = this.link.unackedBytes();
    const isLate = (other: Lane): boolean =>
      other !== lane && other.isUsable && verdictOn(other, unackedBytes) !== 'alive';
    return this.link.lanes().some(isLate);
  }

  #nextMs(): number {
    const lanes = this.link.lanes();
    if (lanes.some((lane) => lane.isAwaited || this.link.isBusy(lane))) return GRAIN_MS;
    const pings = lanes.map((lane) => this.#idlePingDueMs(lane));
    return Math.max(GRAIN_MS, Math.min(this.link.dueMs(), ...pings));
  }
}
