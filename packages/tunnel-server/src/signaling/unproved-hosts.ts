import { SERVER_LIMITS } from '../limits.js';

/** Ends one connection, because others need its place. */
type Evict = () => void;

/**
 * Hosts that are connected and have not proved a key. There is always room for one more: when all places
 * are taken, the oldest host of the network that has most gives up its place. A client that holds many
 * connections open displaces only itself. An honest host proves its key and leaves after one round trip.
 */
export class UnprovedHosts {
  /** By network; in each set the oldest host comes first. */
  readonly #byNetwork = new Map<string, Set<Evict>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Takes a host in; call what is returned when it has proved its key or has gone. */
  enter(network: string, evict: Evict): () => void {
    const hosts = this.#byNetwork.get(network) ?? new Set();
    this.#byNetwork.set(network, hosts.add(evict));
    this.#size += 1;
    if (this.#size > SERVER_LIMITS.unprovedHosts) this.#evictOne();
    return () => this.#leave(network, evict);
  }

  #evictOne(): void {
    const [first, ...others] = this.#byNetwork;
    if (first === undefined) return;
    const [network, hosts] = others.reduce(
      (most, one) => (one[1].size > most[1].size ? one : most),
      first,
    );
    const [oldest] = hosts;
    if (oldest === undefined) return;
    this.#leave(network, oldest);
    oldest();
  }

  #leave(network: string, evict: Evict): void {
    const hosts = this.#byNetwork.get(network);
    if (hosts?.delete(evict) !== true) return;
    this.#size -= 1;
    if (hosts.size === 0) this.#byNetwork.delete(network);
  }
}
