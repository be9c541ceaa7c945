import type { Clock, Timer } from '../clock.js';
import { LIMITS } from '../limits.js';
import type { Lane } from './lane.js';

/** What a monitor asks of its link, and tells it. */
export interface Monitored {
  lanes(): readonly Lane[];
  /** Whether something is under way on this lane whose loss should be noticed fast. */
  isBusy(lane: Lane): boolean;
  unackedBytes(): number;
  dead(lane: Lane): void;
  suspect(lane: Lane): void;
  /** After each look. */
  looked(): void;
}

/** The grain of every judgement here. */
const TICK_MS = 50;

/** Keeps the heartbeat of every lane and judges their silence. */
export class LaneMonitor {
  #timer: Timer | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly link: Monitored,
  ) {}

  /** Watches for as long as there are lanes. */
  start(): void {
    this.#timer ??= this.clock.setTimeout(() => {
      this.#timer = undefined;
      for (const lane of this.link.lanes()) this.#watch(lane);
      this.link.looked();
      if (this.link.lanes().length > 0) this.start();
    }, TICK_MS);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #watch(lane: Lane): void {
    lane.tick();
    if (lane.isDead(this.link.unackedBytes())) return this.link.dead(lane);
    if (!lane.isUsable) return;
    lane.pingWhenDue(this.#paceFor(lane));
    if (lane.state === 'ready' && lane.isOverdue(1, this.link.unackedBytes())) {
      this.link.suspect(lane);
    }
  }

  #paceFor(lane: Lane): number {
    if (lane.state === 'suspect') return LIMITS.suspectHeartbeatMs;
    const isNeeded = this.link.isBusy(lane) || this.#isSpareOfOverdue(lane);
    return isNeeded ? LIMITS.busyHeartbeatMs : LIMITS.heartbeatMs;
  }

  /** Half-way to suspecting a lane the others are asked whether they live: only then they can take over. */
  #isSpareOfOverdue(lane: Lane): boolean {
    const unacked = this.link.unackedBytes();
    return this.link
      .lanes()
      .some((other) => other !== lane && other.isUsable && other.isOverdue(0.5, unacked));
  }
}
