import { LIMITS } from '../limits.js';

/**
 * The ids of the streams that a peer opens. They rise by two in the order of sending. An OPEN that overtakes others leaves
 * the ids between open for these, no more of them than streams may be open.
 */
export class PeerIds {
  #last: number;
  readonly #overtaken = new Set<number>();

  /** `first` is the lowest id: 1 of the initiator, 2 of the acceptor. */
  constructor(private readonly first: 1 | 2) {
    this.#last = first - 2;
  }

  /** Whether the peer opens streams of this id, and we don't. */
  isPeers(id: number): boolean {
    return id % 2 === this.first % 2;
  }

  /** Takes the id of an OPEN; false when it doesn't fit. */
  take(id: number, isOvertaking: boolean): boolean {
    if (this.#overtaken.delete(id)) return true;
    if (!this.isPeers(id) || id <= this.#last) return false;
    if (isOvertaking && !this.#leaveOpen(id)) return false;
    this.#last = id;
    return true;
  }

  /** Whether a stream of this id has been opened. */
  hasBeen(id: number): boolean {
    return id >= this.first && id <= this.#last && !this.#overtaken.has(id);
  }

  #leaveOpen(until: number): boolean {
    const count = this.#overtaken.size + (until - this.#last - 2) / 2;
    if (count > LIMITS.maxStreams) return false;
    for (let id = this.#last + 2; id < until; id += 2) this.#overtaken.add(id);
    return true;
  }
}
