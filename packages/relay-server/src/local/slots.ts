import { FairShare, systemClock, type Clock } from '@wingman/protocol';
import { HOST_LIMITS } from '../limits.js';

/** The place of one exchange at the local port. */
export interface Slot {
  /** The app has answered. The rest of the answer counts as a connection, and keeps no request waiting; idempotent. */
  answered(): void;
  /** The exchange has ended; idempotent. */
  leave(): void;
}

/**
 * The places at one local port, for openers of exchanges: each viewer's link is one, the ingress another.
 *
 * Two amounts are shared fairly: requests that the app has not answered, which keep it busy, and
 * connections, which cost memory and descriptors. A long poll holds both, an event stream one
 * connection only. An exchange that finds no place waits, and the openers take turns.
 */
export class Slots {
  readonly #clock: Clock;
  readonly #requests = new FairShare<string>(HOST_LIMITS.localRequests);
  readonly #connections = new FairShare<string>(HOST_LIMITS.localConnections);
  /** Who waits, by opener. The opener whose turn is next comes first. */
  readonly #lines = new Map<string, Set<(slot: Slot) => void>>();

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  /** Waits for a place; resolves with undefined when aborted, or without one for HOST_LIMITS.localWaitMs. */
  enter(opener: string, signal: AbortSignal): Promise<Slot | undefined> {
    if (signal.aborted) return Promise.resolve(undefined);
    const isNext = !this.#lines.has(opener) && this.#hasPlace(opener);
    return isNext ? Promise.resolve(this.#take(opener)) : this.#wait(opener, signal);
  }

  #wait(opener: string, signal: AbortSignal): Promise<Slot | undefined> {
    return new Promise((resolve) => {
      const end = (slot?: Slot): void => {
        timer.cancel();
        signal.removeEventListener('abort', giveUp);
        resolve(slot);
      };
      const giveUp = (): void => {
        this.#leaveLine(opener, end);
        end();
      };
      const timer = this.#clock.setTimeout(giveUp, HOST_LIMITS.localWaitMs);
      signal.addEventListener('abort', giveUp);
      this.#lineOf(opener).add(end);
    });
  }

  #lineOf(opener: string): Set<(slot: Slot) => void> {
    const line = this.#lines.get(opener) ?? new Set();
    this.#lines.set(opener, line);
    return line;
  }

  #leaveLine(opener: string, waiter: (slot: Slot) => void): void {
    const line = this.#lines.get(opener);
    line?.delete(waiter);
    if (line?.size === 0) this.#lines.delete(opener);
  }

  #admit(): void {
    for (let opener = this.#next(); opener !== undefined; opener = this.#next()) {
      const line = this.#lineOf(opener);
      const [first] = line;
      // The opener goes behind the others.
      this.#lines.delete(opener);
      if (first === undefined) continue;
      line.delete(first);
      if (line.size > 0) this.#lines.set(opener, line);
      first(this.#take(opener));
    }
  }

  #next(): string | undefined {
    return [...this.#lines.keys()].find((opener) => this.#hasPlace(opener));
  }

  #hasPlace(opener: string): boolean {
    return this.#requests.allows(opener, 1) && this.#connections.allows(opener, 1);
  }

  #take(opener: string): Slot {
    const requests = this.#one(this.#requests, opener);
    const connections = this.#one(this.#connections, opener);
    return {
      answered: requests,
      leave: () => {
        requests();
        connections();
      },
    };
  }

  /** Takes one of a share; the result gives it back, once. */
  #one(share: FairShare<string>, opener: string): () => void {
    let isHeld = true;
    share.take(opener, 1);
    return () => {
      if (!isHeld) return;
      isHeld = false;
      share.give(opener, 1);
      this.#admit();
    };
  }
}
