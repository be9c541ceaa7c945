import type { Clock } from '@wingman/protocol';
import { SERVER_LIMITS } from '../limits.js';

/** One host that is connected, and has not proved a key. */
interface Place {
  readonly network: string;
  readonly since: number;
  /** Ends the connection, because others need its place. */
  readonly evict: () => void;
}

/**
 * Hosts that are connected and have not proved a key. When all places are taken, the oldest host of the network that has
 * most gives up its place: a client that holds many connections open displaces only itself. In a crowd of hosts that
 * have one place each, those who came first keep theirs for as long as a proof takes, and whoever comes then is told
 * when to come again. An honest host proves its key and leaves after one round trip.
 */
export class UnprovedHosts {
  readonly #clock: Clock;
  readonly #random: () => number;
  /** The oldest comes first, here and in each network. */
  readonly #places = new Set<Place>();
  readonly #byNetwork = new Map<string, Set<Place>>();
  /** Nobody else was asked to come again before this moment. */
  #nextTurn = 0;

  constructor(clock: Clock, random: () => number = Math.random) {
    this.#clock = clock;
    this.#random = random;
  }

  get size(): number {
    return this.#places.size;
  }

  /**
   * How many milliseconds a host of this network has to wait before it comes again; undefined: there is room, or somebody
   * makes room. A network that has a place makes room itself, so no network can have others wait longer.
   */
  waitFor(network: string): number | undefined {
    const isCrowd = this.#isFull && this.#byNetwork.size === this.#places.size;
    const [oldest] = this.#places;
    if (!isCrowd || oldest === undefined || this.#byNetwork.has(network)) return undefined;
    const hasHadItsTime = this.#clock.now() - oldest.since >= SERVER_LIMITS.provingMs;
    return hasHadItsTime ? undefined : this.#turn();
  }

  /** Takes a host in; call what is returned when it has proved its key or has gone. */
  enter(network: string, evict: () => void): () => void {
    if (this.#isFull) this.#evictOne(network);
    const place = { network, evict, since: this.#clock.now() };
    this.#places.add(place);
    this.#byNetwork.set(network, this.#of(network).add(place));
    return () => this.#leave(place);
  }

  get #isFull(): boolean {
    return this.#places.size >= SERVER_LIMITS.unprovedHosts;
  }

  #of(network: string): Set<Place> {
    return this.#byNetwork.get(network) ?? new Set();
  }

  /** Turns come one after another, as fast as hosts can be registered; who would wait too long comes some time in the latter half. */
  #turn(): number {
    const { hostTurnMs, hostTurnsMs } = SERVER_LIMITS;
    const now = this.#clock.now();
    const wait = Math.max(this.#nextTurn - now, 0) + hostTurnMs;
    if (wait > hostTurnsMs) return hostTurnsMs * (0.5 + 0.5 * this.#random());
    this.#nextTurn = now + wait;
    return wait;
  }

  /** Of networks that have as many, the newcomer's gives way, and else the one whose host has waited longest. */
  #evictOne(network: string): void {
    const [oldest] = this.#busiest(network);
    if (oldest === undefined) return;
    this.#leave(oldest);
    oldest.evict();
  }

  /** The newcomer counts with its network. */
  #busiest(network: string): Set<Place> {
    const own = this.#of(network);
    if (this.#byNetwork.size === this.#places.size) return own.size > 0 ? own : this.#places;
    let [busiest, most] = [own, own.size + 1];
    for (const hosts of this.#byNetwork.values()) {
      if (hosts.size > most) [busiest, most] = [hosts, hosts.size];
    }
    return busiest;
  }

  #leave(place: Place): void {
    const hosts = this.#of(place.network);
    if (!this.#places.delete(place)) return;
    hosts.delete(place);
    if (hosts.size === 0) this.#byNetwork.delete(place.network);
  }
}
