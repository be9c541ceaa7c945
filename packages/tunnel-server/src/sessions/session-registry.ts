import { BoundedMap, splitSessionName, WingmanError, type Clock } from '@wingman/protocol';
import { SERVER_LIMITS } from '../limits.js';
import type { DenyList } from '../operator/deny-list.js';
import type { LiveSession } from './live-session.js';
import type { EndReason, Grant, HostPort } from './session.js';

/** Makes a session with all its parts; `requestId` is what logs call the request that its host has come with. */
export type SessionFactory = (
  name: string,
  onEnd: (reason: EndReason) => void,
  requestId: string | undefined,
) => LiveSession;

export interface RegistryOptions {
  clock: Clock;
  maxSessions: number;
  /** Of the hosts behind one network. */
  maxSessionsPerAddress: number;
  /** A registration was refused by this limit. */
  readonly refused: (limit: 'sessions' | 'sessions-per-address') => void;
  create: SessionFactory;
}

/** What a name stands for. */
export type Lookup = { found: 'session'; session: LiveSession } | { found: 'ended' | 'unknown' };

interface End {
  /** On the registry's clock. */
  readonly at: number;
  /** Whether the host, the operator or the time has ended it. Otherwise the host was away for too long, and may come back. */
  readonly isForGood: boolean;
}

/** All sessions by name, and for a while the names of those that have ended. */
export class SessionRegistry {
  readonly #options: RegistryOptions;
  readonly #sessions = new Map<string, LiveSession>();
  /** By the network of the host that made the session. It stays when the host moves: a move must not make room for more. */
  readonly #namesByNetwork = new Map<string, Set<string>>();
  /** The sessions that ended lately. */
  readonly #ended = new BoundedMap<string, End>(SERVER_LIMITS.endedSessionsRemembered);

  constructor(options: RegistryOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** The one main session there is; undefined when there are none or several. */
  get only(): LiveSession | undefined {
    const [name, another] = this.#namesOfAll(isMain);
    return name === undefined || another !== undefined ? undefined : this.#sessions.get(name);
  }

  /** The names of the sessions that the host of this one has beside it: they show its other ports. */
  besides(name: string): string[] {
    const { main } = splitSessionName(name);
    return this.#namesOfAll((other) => other !== name && splitSessionName(other).main === main);
  }

  all(): Iterable<LiveSession> {
    return this.#sessions.values();
  }

  lookup(name: string): Lookup {
    const session = this.#sessions.get(name);
    if (session !== undefined) return { found: 'session', session };
    const isOver = this.#endedLately(name)?.isForGood === true;
    return { found: isOver ? 'ended' : 'unknown' };
  }

  /** Registers a proved host under its name; throws WingmanError LIMIT_EXCEEDED when there is no room for a new session. */
  register(name: string, network: string, grant: Grant): LiveSession {
    const live = this.#sessions.get(name) ?? this.#create(name, network, grant.host);
    live.session.register(grant);
    return live;
  }

  /** Ends the sessions of these names, and those whose host is in one of these networks. */
  endDenied(denyList: Pick<DenyList, 'deniesName' | 'deniesAddress'>): void {
    for (const { session } of [...this.#sessions.values()]) {
      const address = session.host?.address ?? '';
      const isDenied = denyList.deniesName(session.name) || denyList.deniesAddress(address);
      if (isDenied) session.end('removed');
    }
  }

  /** The node is about to stop: every host is asked to register at another one. */
  leaveAll(): void {
    for (const { session } of this.#sessions.values()) session.leave();
  }

  /** Ends every session. */
  endAll(reason: EndReason): void {
    for (const live of [...this.#sessions.values()]) live.session.end(reason);
  }

  #namesOfAll(isWanted: (name: string) => boolean): string[] {
    return [...this.#sessions.keys()].filter(isWanted);
  }

  #create(name: string, network: string, { requestId }: HostPort): LiveSession {
    this.#demandRoom(name, network);
    const onEnd = (reason: EndReason): void => this.#remove(name, network, reason);
    const live = this.#options.create(name, onEnd, requestId);
    this.#sessions.set(name, live);
    this.#namesByNetwork.set(network, this.#namesOf(network).add(name));
    this.#ended.delete(name);
    return live;
  }

  #demandRoom(name: string, network: string): void {
    const { maxSessions, maxSessionsPerAddress, refused } = this.#options;
    if (this.#namesOf(network).size >= maxSessionsPerAddress) {
      refused('sessions-per-address');
      throw new WingmanError('LIMIT_EXCEEDED', 'too many sessions from this address');
    }
    const isReturning = this.#endedLately(name) !== undefined;
    const extra = isReturning ? Math.ceil(maxSessions * SERVER_LIMITS.returningShare) : 0;
    if (this.#sessions.size < maxSessions + extra) return;
    refused('sessions');
    throw new WingmanError('LIMIT_EXCEEDED', 'this tunnel server has no room for another session');
  }

  #namesOf(network: string): Set<string> {
    return this.#namesByNetwork.get(network) ?? new Set();
  }

  #remove(name: string, network: string, reason: EndReason): void {
    const names = this.#namesOf(network);
    names.delete(name);
    if (names.size === 0) this.#namesByNetwork.delete(network);
    this.#sessions.delete(name);
    const isForGood = ['stopped', 'expired', 'removed'].includes(reason);
    this.#ended.set(name, { at: this.#options.clock.now(), isForGood });
  }

  #endedLately(name: string): End | undefined {
    const end = this.#ended.get(name);
    if (end === undefined) return undefined;
    if (this.#options.clock.now() - end.at < SERVER_LIMITS.endedSessionMs) return end;
    this.#ended.delete(name);
    return undefined;
  }
}

function isMain(name: string): boolean {
  return splitSessionName(name).port === undefined;
}
