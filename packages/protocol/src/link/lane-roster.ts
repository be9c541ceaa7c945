import { LIMITS } from '../limits.js';
import type { Lane, LaneKind } from './lane.js';

/** A link's lanes in the order they were attached; of a kind there is more than one only while the newer takes over. */
export class LaneRoster {
  readonly #lanes = new Set<Lane>();

  get all(): readonly Lane[] {
    return [...this.#lanes];
  }

  add(lane: Lane): void {
    this.#lanes.add(lane);
  }

  delete(lane: Lane): void {
    this.#lanes.delete(lane);
  }

  clear(): void {
    this.#lanes.clear();
  }

  /** The newest of a kind, one that can be used before one that can't yet. */
  of(kind: LaneKind): Lane | undefined {
    const lanes = this.all.filter((lane) => lane.kind === kind).reverse();
    return lanes.find((lane) => lane.isUsable) ?? lanes[0];
  }

  /** The others of a kind that are superfluous: all once the newest is ready, before that those that aren't. */
  superseded(kind: LaneKind, stage: 'attaching' | 'ready', newest?: Lane): Lane[] {
    return this.all.filter((lane) => {
      const isOver = stage === 'ready' || lane.state === 'attaching';
      return lane.kind === kind && lane !== newest && isOver;
    });
  }

  /**
   * A lane to go over to. Away from one that is only suspected it has to have been heard just now:
   * when all are silent the peer is busy or everything is cut, and nothing is won by a move.
   */
  successorOf(lane: Lane): Lane | undefined {
    const isGone = lane.state === 'dead';
    return this.all.find(
      (other) =>
        other !== lane &&
        other.state === 'ready' &&
        (isGone || other.silentMs < LIMITS.suspectAfterMs / 2),
    );
  }
}
