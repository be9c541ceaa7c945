import { toWingmanError, type Clock, type Timer } from '@wingman/protocol';
import type { Logger } from 'pino';
import { SERVER_LIMITS } from '../limits.js';
import type { Claim, Directory } from './directory.js';

export interface LeaseOptions {
  readonly directory: Directory;
  /** Where the others reach this node. */
  readonly node: string;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'warn'>;
  /** Whether this node has a session of this name. */
  isHere(name: string): boolean;
  /** Another node has the name now. */
  lost(name: string): void;
}

/** The names that this node has, kept for as long as their sessions are here. */
export class Leases {
  readonly #options: LeaseOptions;
  readonly #claims = new Map<string, Claim>();
  #timer: Timer;

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.#timer = this.#wait();
  }

  /**
   * Takes a name for a host that has proved its key. Where the session is here already, it decides itself whose it is.
   * Rejects with NAME_IN_USE or DIRECTORY_AWAY.
   */
  async take(name: string, instance: string, takeOver: boolean): Promise<void> {
    const { directory, node } = this.#options;
    if (this.#claims.has(name) && this.#options.isHere(name)) return;
    const claim = { node, instance, takeOver };
    await directory.claim(name, claim);
    this.#claims.set(name, claim);
  }

  /** The session has taken this host: the next renewal says so to the other nodes. */
  confirm(name: string, instance: string): void {
    const claim = this.#claims.get(name);
    if (claim !== undefined) this.#claims.set(name, { ...claim, instance });
  }

  /** The session is over: others may have the name at once. */
  giveUp(name: string): void {
    const claim = this.#claims.get(name);
    if (claim !== undefined) void this.#giveUp(name, claim);
  }

  /** Gives up names that have no session here, and renews the others. */
  async renew(): Promise<void> {
    await Promise.all([...this.#claims].map(([name, claim]) => this.#renewOne(name, claim)));
  }

  /** Gives all names up, for other nodes to have them at once. */
  async close(): Promise<void> {
    this.#timer.cancel();
    const all = [...this.#claims].map(([name, claim]) => this.#giveUp(name, claim));
    await Promise.all(all);
  }

  #wait(): Timer {
    return this.#options.clock.setTimeout(() => {
      this.#timer = this.#wait();
      void this.renew();
    }, SERVER_LIMITS.leaseRenewalMs);
  }

  async #renewOne(name: string, claim: Claim): Promise<void> {
    const { directory, logger } = this.#options;
    if (!this.#options.isHere(name)) return this.#giveUp(name, claim);
    try {
      if (await directory.renew(name, claim)) return;
    } catch (error) {
      // What runs goes on: nobody can take the name while the directory is away from all.
      const { code } = toWingmanError(error, 'INTERNAL');
      return logger.warn({ session: name, code }, 'a lease could not be renewed');
    }
    this.#claims.delete(name);
    this.#options.lost(name);
  }

  async #giveUp(name: string, claim: Claim): Promise<void> {
    this.#claims.delete(name);
    // A name that can't be given up runs out.
    await this.#options.directory.release(name, claim).catch(() => undefined);
  }
}
