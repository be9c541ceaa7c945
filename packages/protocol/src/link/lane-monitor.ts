import type { Clock, Timer } from '../clock.js';
import { LIMITS } from '../limits.js';
import type { Lane } from './lane.js';

/** What a monitor asks of its link, and tells it. */
export interface Monitored {
  lanes(): readonly Lane[];
  /** Whether something is under way whose loss should be noticed fast. */
  isBusy(): boolean;
  dead(lane: Lane): void;
  suspect(lane: Lane): void;
}

/** Half of the shortest heartbeat: the grain of every judgement here. */
const TICK_MS = 100;

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
      if (this.link.lanes().length > 0) this.start();
    }, TICK_MS);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #watch(lane: Lane): void {
    if (lane.silentMs > LIMITS.deadAfterMs || lane.isDeaf) return this.link.dead(lane);
    if (!lane.isUsable) return;
    lane.pingWhenDue(this.link.isBusy() ? LIMITS.busyHeartbeatMs : LIMITS.heartbeatMs);
    if (lane.isSilent && lane.state === 'ready') this.link.suspect(lane);
  }
}
