import type { Clock, Timer } from '@wingman/protocol';
import type { Logger } from 'pino';
import { SERVER_LIMITS } from '../limits.js';
import type { Claim, Directory } from './directory.js';

export interface LeaseOptions {
  readonly directory: Directory;
  /** The URL at which other nodes reach this one. */
  readonly node: string;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'warn'>;
  /** No other node takes names, so they need not be renewed often. */
  readonly isAlone?: boolean;
  /** Whether this node has a session of this name. */
  isHere(name: string): boolean;
  /** Called when another node has taken the name. */
  lost(name: string): void;
  /** Another node may have the name: this one could not say for a whole lease that it has it. */
  cutOff(name: string): void;
  /** Whether the directory is away from every node, so that none of them takes a name. */
  isAwayFromAll(): Promise<boolean>;
}

/** A name that this node has. */
interface Held {
  claim: Claim;
  /** When the question was asked, on the node's clock, that was last answered: the lease began no earlier. */
  since: number;
}

/** The names that this node has. The node keeps each name for as long as it has the session. */
export class Leases {
  readonly #options: LeaseOptions;
  readonly #held = new Map<string, Held>();
  #timer: Timer;
  /** For the first lease that ends unless it is renewed before. */
  #nextEnd: Timer | undefined;
  #isClosed = false;

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.#timer = this.#wait();
  }

  /**
   * Takes a name for a host that has proved its key. If this node has the session already, the session decides which host
   * may have it.
   * Rejects with NAME_IN_USE or DIRECTORY_AWAY.
   */
  async take(name: string, instance: string, takeOver: boolean): Promise<void> {
    const { clock, directory, node } = this.#options;
    if (this.#held.has(name) && this.#options.isHere(name)) return;
    const claim = { node, instance, takeOver };
    const since = clock.now();
    await directory.claim(name, claim);
    this.#held.set(name, { claim, since });
  }

  /** The session has accepted this host. The next renewal tells the other nodes. */
  confirm(name: string, instance: string): void {
    const held = this.#held.get(name);
    if (held !== undefined) held.claim = { ...held.claim, instance };
  }

  /** The session is over. Other nodes may take the name at once. */
  giveUp(name: string): void {
    const held = this.#held.get(name);
    if (held !== undefined) void this.#giveUp(name, held.claim);
  }

  /**
   * Gives up names that have no session here, and renews the others. What can't be renewed goes on while the directory is
   * away from all nodes. Else it ends here with its lease: another node may have the name by then.
   */
  async renew(): Promise<void> {
    const since = this.#options.clock.now();
    for (const [name, { claim }] of this.#held) {
      if (!this.#options.isHere(name)) void this.#giveUp(name, claim);
    }
    const asked: Promise<string[]>[] = [];
    let some = new Map<string, Claim>();
    for (const [name, { claim }] of this.#held) {
      some.set(name, claim);
      if (some.size < SERVER_LIMITS.leasesAtOnce) continue;
      asked.push(this.#renewSome(some, since));
      some = new Map();
    }
    if (some.size > 0) asked.push(this.#renewSome(some, since));
    const open = (await Promise.all(asked)).flat();
    if (open.length === 0) return;
    const goesOn = await this.#options.isAwayFromAll();
    this.#options.logger.warn({ sessions: open.length, goesOn }, 'leases could not be renewed');
    if (goesOn) {
      for (const name of open) this.#confirm(name, since);
      return;
    }
    this.#endLate();
    this.#awaitEnd();
  }

  /** Gives all names up for their hosts to take them elsewhere. The sessions are still here, and end soon. */
  async leave(): Promise<void> {
    const all = [...this.#held];
    this.#held.clear();
    const { directory } = this.#options;
    await Promise.all(
      all.map(([name, { claim }]) => directory.leave(name, claim).catch(() => undefined)),
    );
  }

  /** Gives all names up, so that other nodes can take them at once. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer.cancel();
    this.#nextEnd?.cancel();
    const all = [...this.#held].map(([name, { claim }]) => this.#giveUp(name, claim));
    await Promise.all(all);
  }

  #wait(): Timer {
    return this.#options.clock.setTimeout(
      () => {
        this.#timer = this.#wait();
        void this.renew();
      },
      SERVER_LIMITS[this.#options.isAlone === true ? 'aloneRenewalMs' : 'leaseRenewalMs'],
    );
  }

  /** The names, when nobody could be asked. */
  async #renewSome(claims: ReadonlyMap<string, Claim>, since: number): Promise<string[]> {
    const lost = await this.#options.directory.renew(claims).catch(() => undefined);
    if (lost === undefined) return [...claims.keys()];
    for (const [name, claim] of claims) {
      if (!lost.has(name)) this.#confirm(name, since);
      // The host may have come back here while the question was under way: the answer is about its claim before.
      else if (this.#held.get(name)?.claim === claim) this.#lose(name);
    }
    return [];
  }

  #lose(name: string): void {
    this.#held.delete(name);
    this.#options.lost(name);
  }

  /** Of two answers the later question counts: rounds overlap when the directory is slow. */
  #confirm(name: string, since: number): void {
    const held = this.#held.get(name);
    if (held !== undefined) held.since = Math.max(held.since, since);
  }

  /** Whether a lease was over: its name ends here. */
  #endLate(): boolean {
    const now = this.#options.clock.now();
    const late = [...this.#held].filter(([, { since }]) => now - since >= SERVER_LIMITS.leaseMs);
    for (const [name] of late) {
      this.#held.delete(name);
      this.#options.cutOff(name);
    }
    return late.length > 0;
  }

  /** Waits for the end of the first lease: the next renewal may take longer to fail. One that ends nothing is the last. */
  #awaitEnd(): void {
    const { clock } = this.#options;
    this.#nextEnd?.cancel();
    if (this.#isClosed || this.#held.size === 0) return;
    const first = Math.min(...[...this.#held.values()].map(({ since }) => since));
    this.#nextEnd = clock.setTimeout(
      () => {
        if (this.#endLate()) this.#awaitEnd();
      },
      first + SERVER_LIMITS.leaseMs - clock.now(),
    );
  }

  async #giveUp(name: string, claim: Claim): Promise<void> {
    this.#held.delete(name);
    // A name that can't be given up runs out.
    await this.#options.directory.release(name, claim).catch(() => undefined);
  }
}
