import { WingmanError, type Clock } from '@wingman/protocol';
import { SERVER_LIMITS } from '../limits.js';
import type { LiveSession } from './live-session.js';
import type { EndReason, Grant } from './session.js';

/** Makes a session with all its parts. */
type SessionFactory = (name: string, onEnd: (reason: EndReason) => void) => LiveSession;

export interface RegistryOptions {
  clock: Clock;
  maxSessions: number;
  create: SessionFactory;
}

/** What a name stands for. */
export type Lookup = { found: 'session'; session: LiveSession } | { found: 'ended' | 'unknown' };

/** All sessions by name, and for a while the names of those that have ended. */
export class SessionRegistry {
  readonly #options: RegistryOptions;
  readonly #sessions = new Map<string, LiveSession>();
  /** Name to the time of its end; insertion order is time order. */
  readonly #ended = new Map<string, number>();

  constructor(options: RegistryOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** The one session there is; undefined when there are none or several. */
  get only(): LiveSession | undefined {
    return this.#sessions.size === 1 ? this.#sessions.values().next().value : undefined;
  }

  all(): Iterable<LiveSession> {
    return this.#sessions.values();
  }

  lookup(name: string): Lookup {
    const session = this.#sessions.get(name);
    if (session !== undefined) return { found: 'session', session };
    return { found: this.#endedLately(name) ? 'ended' : 'unknown' };
  }

  /** Registers a proved host under its name; throws WingmanError LIMIT_EXCEEDED when the server is full. */
  register(name: string, grant: Grant): LiveSession {
    const live = this.#sessions.get(name) ?? this.#create(name);
    live.session.register(grant);
    return live;
  }

  /** Ends every session. */
  endAll(reason: EndReason): void {
    for (const live of [...this.#sessions.values()]) live.session.end(reason);
  }

  #create(name: string): LiveSession {
    if (this.#sessions.size >= this.#options.maxSessions) {
      throw new WingmanError(
        'LIMIT_EXCEEDED',
        'this tunnel server has no room for another session',
      );
    }
    const live = this.#options.create(name, (reason) => this.#remove(name, reason));
    this.#sessions.set(name, live);
    this.#ended.delete(name);
    return live;
  }

  #remove(name: string, reason: EndReason): void {
    this.#sessions.delete(name);
    if (reason === 'stopped' || reason === 'expired') this.#rememberEnd(name);
  }

  #rememberEnd(name: string): void {
    this.#ended.set(name, this.#options.clock.now());
    if (this.#ended.size <= SERVER_LIMITS.endedSessionsRemembered) return;
    for (const oldest of this.#ended.keys()) {
      this.#ended.delete(oldest);
      return;
    }
  }

  #endedLately(name: string): boolean {
    const endedAt = this.#ended.get(name);
    if (endedAt === undefined) return false;
    if (this.#options.clock.now() - endedAt < SERVER_LIMITS.endedSessionMs) return true;
    this.#ended.delete(name);
    return false;
  }
}
