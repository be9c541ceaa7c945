import { WingmanError, type Clock } from '@wingman/protocol';
import { SERVER_LIMITS } from '../limits.js';

/** Who claims a name. */
export interface Claim {
  /** The URL at which other nodes reach the node. */
  readonly node: string;
  /** Identifies the run of the host program. A host that comes back has the same one, through whatever node. */
  readonly instance: string;
  /** Whether the host may take the name from another host with the same key. */
  readonly takeOver: boolean;
}

/**
 * Says which node has which session, for SERVER_LIMITS.leaseMs after it was said last. A name has one owner at any time. Each
 * question may be rejected with WingmanError DIRECTORY_AWAY. The names of sessions, addresses of nodes and random numbers are all
 * that is ever in it.
 */
export interface Directory {
  /** Whether it would answer no question now. */
  readonly isAway: boolean;
  /** Makes the node the owner. The host of a name may move it to another node; rejects with NAME_IN_USE for another host. */
  claim(name: string, claim: Claim): Promise<void>;
  /** Renews the leases of all these names, and resolves with those that another node has. A lease that has run out begins anew. */
  renew(claims: ReadonlyMap<string, Claim>): Promise<ReadonlySet<string>>;
  /** Gives a name up if the node still has it. */
  release(name: string, claim: Claim): Promise<void>;
  /** Gives a name up for its host to take it at another node; until then it is on its way, for a lease at most. */
  leave(name: string, claim: Claim): Promise<void>;
  /** The node that has a name; undefined when none has, empty while it is on its way. */
  ownerOf(name: string): Promise<string | undefined>;
}

/** The refusal for another host with the same key. */
export function nameInUse(): WingmanError {
  return new WingmanError(
    'NAME_IN_USE',
    'another host has shared under this name at another node of this server',
  );
}

/** The directory of a server with a single node, and of tests. */
export class MemoryDirectory implements Directory {
  readonly isAway = false;
  readonly #clock: Clock;
  readonly #leaseMs: number;
  readonly #held = new Map<string, { claim: Claim; until: number }>();

  constructor(clock: Clock, leaseMs: number = SERVER_LIMITS.leaseMs) {
    this.#clock = clock;
    this.#leaseMs = leaseMs;
  }

  claim(name: string, claim: Claim): Promise<void> {
    const holder = this.#holder(name);
    const isFree = holder === undefined || holder.instance === claim.instance || claim.takeOver;
    if (!isFree) return Promise.reject(nameInUse());
    this.#hold(name, claim);
    return Promise.resolve();
  }

  renew(claims: ReadonlyMap<string, Claim>): Promise<ReadonlySet<string>> {
    const lost = new Set<string>();
    for (const [name, claim] of claims) {
      const holder = this.#holder(name);
      if (holder === undefined || holder.node === claim.node) this.#hold(name, claim);
      else lost.add(name);
    }
    return Promise.resolve(lost);
  }

  release(name: string, claim: Claim): Promise<void> {
    const holder = this.#holder(name);
    if (holder?.node === claim.node) this.#held.delete(name);
    return Promise.resolve();
  }

  leave(name: string, claim: Claim): Promise<void> {
    if (this.#holder(name)?.node === claim.node) this.#hold(name, { ...claim, node: '' });
    return Promise.resolve();
  }

  ownerOf(name: string): Promise<string | undefined> {
    return Promise.resolve(this.#holder(name)?.node);
  }

  #hold(name: string, claim: Claim): void {
    const until = this.#clock.now() + this.#leaseMs;
    const held = this.#held.get(name);
    // Renewed every two seconds, each of thousands: it makes no garbage.
    if (held === undefined) this.#held.set(name, { claim, until });
    else {
      held.claim = claim;
      held.until = until;
    }
  }

  #holder(name: string): Claim | undefined {
    const held = this.#held.get(name);
    if (held === undefined || held.until > this.#clock.now()) return held?.claim;
    this.#held.delete(name);
    return undefined;
  }
}
