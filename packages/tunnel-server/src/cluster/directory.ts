import { WingmanError, type Clock } from '@wingman/protocol';
import { SERVER_LIMITS } from '../limits.js';

/** Who asks for a name. */
export interface Claim {
  /** Where the others reach the node. */
  readonly node: string;
  /** The run of the host program: the same when it comes back, through whatever node. */
  readonly instance: string;
  /** Whether it may take the name from another host with the same key. */
  readonly takeOver: boolean;
}

/**
 * Says which node has which session, for SERVER_LIMITS.leaseMs after it was said last. A name has one owner at any time. All
 * of it may reject with WingmanError DIRECTORY_AWAY. The names of sessions, addresses of nodes and random numbers are all
 * that is ever in it.
 */
export interface Directory {
  /** Makes the node the owner. The host of a name may move it to another node; rejects with NAME_IN_USE for another host. */
  claim(name: string, claim: Claim): Promise<void>;
  /** Keeps a name for as long again, for this host; false when another node has it. One that has run out is taken again. */
  renew(name: string, claim: Claim): Promise<boolean>;
  /** Gives a name up, if it is still the node's. */
  release(name: string, claim: Claim): Promise<void>;
  /** The node that has a name; undefined when none has. */
  ownerOf(name: string): Promise<string | undefined>;
  close(): void;
}

/** What is refused to another host with the same key. */
export function nameInUse(): WingmanError {
  return new WingmanError(
    'NAME_IN_USE',
    'another host has shared under this name at another node of this server',
  );
}

/** The directory of a server that is one node, and of tests. */
export class MemoryDirectory implements Directory {
  readonly #clock: Clock;
  readonly #held = new Map<string, { claim: Claim; until: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  claim(name: string, claim: Claim): Promise<void> {
    const holder = this.#holder(name);
    const isFree = holder === undefined || holder.instance === claim.instance || claim.takeOver;
    if (!isFree) return Promise.reject(nameInUse());
    this.#hold(name, claim);
    return Promise.resolve();
  }

  renew(name: string, claim: Claim): Promise<boolean> {
    const holder = this.#holder(name);
    const isOurs = holder === undefined || holder.node === claim.node;
    if (isOurs) this.#hold(name, claim);
    return Promise.resolve(isOurs);
  }

  release(name: string, claim: Claim): Promise<void> {
    const holder = this.#holder(name);
    if (holder?.node === claim.node) this.#held.delete(name);
    return Promise.resolve();
  }

  ownerOf(name: string): Promise<string | undefined> {
    return Promise.resolve(this.#holder(name)?.node);
  }

  close(): void {
    this.#held.clear();
  }

  #hold(name: string, claim: Claim): void {
    this.#held.set(name, { claim, until: this.#clock.now() + SERVER_LIMITS.leaseMs });
  }

  #holder(name: string): Claim | undefined {
    const held = this.#held.get(name);
    if (held === undefined || held.until > this.#clock.now()) return held?.claim;
    this.#held.delete(name);
    return undefined;
  }
}
