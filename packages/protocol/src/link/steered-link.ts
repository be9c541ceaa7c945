import type { Lane } from './lane.js';

/** A move from one lane to another; undefined stands for no lane. */
export interface PathMove {
  readonly from: Lane | undefined;
  readonly to: Lane | undefined;
  /** The number of this choice if the peer is asked to follow; undefined if not. */
  readonly turn: number | undefined;
}

/** What the path machine asks its link, and what it tells the link to do. */
export interface Steered {
  unackedBytes(): number;
  /** Whether the layer above waits for something. */
  isNeeded(): boolean;
  /** Whether something is under way on this lane that must not be lost unnoticed for long. */
  isBusy(lane: Lane): boolean;
  move(move: PathMove): void;
  /** Sends the unacknowledged frames of this lane again. */
  forget(lane: Lane): void;
  /** Something about a lane has changed. */
  changed(): void;
  /** The monitor has looked at all lanes. */
  looked(): void;
}
