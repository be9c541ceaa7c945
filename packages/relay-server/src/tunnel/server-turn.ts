import type { Clock } from '@wingman/protocol';
import { HOST_LIMITS } from '../limits.js';

/** Which of several servers is asked next. */
export class ServerTurn {
  readonly #servers: readonly [URL, ...URL[]];
  readonly #clock: Clock;
  #index = 0;
  /** Those that want nothing of this host, in turn, since one has taken it. */
  #refusals = 0;
  /** Whether the present one has the session or had it. */
  #isHome = false;
  #awaySince: number | undefined;

  constructor(servers: readonly [URL, ...URL[]], clock: Clock) {
    this.#servers = servers;
    this.#clock = clock;
  }

  get server(): URL {
    return this.#servers[this.#index] ?? this.#servers[0];
  }

  /** The present one has taken the session. */
  taken(): void {
    this.#isHome = true;
    this.#awaySince = undefined;
    this.#refusals = 0;
  }

  /** A connection was lost, or could not be made; true when it is another server's turn. One that had the session is waited for first. */
  failed(): boolean {
    this.#awaySince ??= this.#clock.now();
    const patience = this.#isHome ? HOST_LIMITS.serverPatienceMs : 0;
    return this.#clock.now() - this.#awaySince >= patience && this.#next();
  }

  /** The present one wants nothing of this host; false when all have said so. */
  refused(): boolean {
    this.#refusals += 1;
    return this.#refusals < this.#servers.length && this.#next();
  }

  #next(): boolean {
    if (this.#servers.length === 1) return false;
    this.#index = (this.#index + 1) % this.#servers.length;
    this.#isHome = false;
    this.#awaySince = undefined;
    return true;
  }
}
