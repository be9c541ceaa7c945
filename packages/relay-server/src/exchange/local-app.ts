import { setMaxListeners } from 'node:events';
import type { MessageBounds } from '@wingman/node-kit';
import type {
  Clock,
  ExchangeHandlers,
  ExchangeObserver,
  IncomingRequest,
  Link,
  Observation,
} from '@wingman/protocol';
import {
  acceptExchanges,
  ExchangeObservers,
  FairShare,
  LIMITS,
  systemClock,
} from '@wingman/protocol';
import { Entrance, type EntryRules } from '../entry/entrance.js';
import { CookieJars } from '../cookies/cookie-jars.js';
import { LocalPorts, type Via } from '../local/local-ports.js';
import { HOST_LIMITS } from '../limits.js';
import type { Exchange, ExchangeContext } from './exchange.js';
import type { BasicAuth } from './basic-auth.js';
import { isCode } from './compression-policy.js';
import { Compressor } from './compressor.js';
import { HttpExchange } from './http-exchange.js';
import { PushMemory } from '../push/push-memory.js';
import { Pusher, type PushCount } from '../push/pusher.js';
import type { PushedRequest } from '../push/pushed-request.js';
import type { IngressKey } from './ingress-key.js';
import { runRequest, runWebSocket } from './pipeline.js';
import { Room } from '../together/room.js';
import { CandidateBook } from './candidate-book.js';
import { RefusalCount } from './refusal-count.js';
import { SpeedAllowance } from './speed-allowance.js';
import { openingHead, WebSocketExchange } from './web-socket-exchange.js';

/** What the ports have in common that one host shows. */
export interface Commons {
  /** Who of those who have a link key is let in, and who waits for that. */
  readonly entrance: Entrance;
  /** As on localhost, cookies don't tell ports apart. */
  readonly jars: CookieJars;
  /** The origins at which the ports have pages, as far as they are registered. */
  readonly pageOrigins: Map<number, string>;
  /** Undefined when nothing is to be compressed. */
  readonly compressor: Compressor | undefined;
  /** What viewers may still measure. */
  readonly speed: SpeedAllowance;
  /** The links of the tabs that have joined and not left. */
  readonly viewers: Set<string>;
  /** What was refused or cut off. */
  readonly refusals: RefusalCount;
  readonly pushes: PushCount;
  /** At which addresses the two ends of viewers' links have looked for each other. */
  readonly candidates: CandidateBook;
}

/** Has the app asked for an opener, or ahead of one. */
type Run = (incoming: IncomingRequest | PushedRequest, context: ExchangeContext) => Observation;

/** A link that an app serves, and whose it is. */
export interface ServedLink extends Pick<ExchangeContext, 'viewer' | 'address' | 'via'> {
  readonly link: Link;
}

/** What a local app is told. */
export interface LocalAppOptions {
  /** Further ports that viewers' requests may name. */
  readonly alsoPorts?: readonly number[];
  /** What the ingress asks for; without one it is open to everybody. */
  readonly ingressKey?: IngressKey | undefined;
  /** What also lets a client of the ingress in, beside the key. */
  readonly basicAuth?: BasicAuth | undefined;
  /** Where the session answers besides its own origin. */
  readonly bareOrigins?: readonly string[];
  /** What requests to the shared port say in Host: `localhost` (the default), `session` or a name. */
  readonly hostHeader?: string;
  /** What visitors need besides the link key; nothing when undefined. */
  readonly entry?: EntryRules | undefined;
  /** Whether requests may only look at the app. */
  readonly isReadOnly?: boolean | undefined;
  /** Whether code may be compressed on its way to viewers; it may when this is undefined. */
  readonly compresses?: boolean | undefined;
  /** Whether what a page's code imports is sent ahead; it is when this is undefined. */
  readonly pushes?: boolean | undefined;
  /** Whether viewers may look at the app together; they may when this is undefined. */
  readonly isTogether?: boolean | undefined;
  /** What an observer has thrown; nobody else is harmed. */
  readonly onObserverError?: (error: unknown) => void;
  /** From the app whose other port this one is. */
  readonly commons?: Commons | undefined;
  readonly clock?: Clock;
}

/** The app on the local port: takes the exchanges of any link, whatever carries it. */
export class LocalApp {
  /** What other ports are to have in common with this one. */
  readonly commons: Commons;
  readonly #context: Omit<
    ExchangeContext,
    'via' | 'opener' | 'viewer' | 'address' | 'messageBounds' | 'pace' | 'pushes'
  >;
  /** Undefined when nothing is sent ahead. */
  readonly #pushMemory: PushMemory | undefined;
  readonly #messageBounds: Readonly<Record<Via, MessageBounds>>;
  readonly #observers: ExchangeObservers;
  readonly #draining = new AbortController();
  readonly #active = new Set<Exchange>();
  readonly #links = new Map<string, ServedLink>();
  readonly #clock: Clock;
  #drained: () => void = () => undefined;

  constructor(
    port: number,
    sessionOrigin: () => string | undefined,
    options: LocalAppOptions = {},
  ) {
    const { alsoPorts = [], bareOrigins = [], hostHeader = 'localhost', ingressKey } = options;
    const { basicAuth, isReadOnly = false, isTogether = true } = options;
    const { onObserverError, clock = systemClock } = options;
    this.commons = options.commons ?? newCommons(options, clock);
    this.#clock = clock;
    this.#observers = new ExchangeObservers(onObserverError, clock);
    const { signal: draining } = this.#draining;
    // Every open WebSocket waits for it.
    setMaxListeners(0, draining);
    const { compressor, entrance, jars, pageOrigins, speed, viewers } = this.commons;
    const room = isTogether ? new Room(() => viewers.size, clock) : undefined;
    const ports = new LocalPorts(port, alsoPorts, clock);
    this.#messageBounds = { viewer: messageBounds(clock), ingress: messageBounds(clock) };
    const own = { sessionOrigin, bareOrigins, hostHeader, ingressKey, basicAuth, isReadOnly };
    const shared = { jars, compressor, entrance, pageOrigins, speed, room };
    this.#pushMemory = options.pushes === false ? undefined : new PushMemory(clock);
    this.#context = { ports, ...shared, ...own, clock, draining };
  }

  get entrance(): Entrance {
    return this.commons.entrance;
  }

  get ports(): LocalPorts {
    return this.#context.ports;
  }

  /** The links that are not closed, by their ids. */
  get links(): ReadonlyMap<string, ServedLink> {
    return this.#links;
  }

  /** Adds an observer of every exchange from now on; returns the function that removes it. */
  observe(observer: ExchangeObserver): () => void {
    return this.#observers.add(observer);
  }

  /** Answers everything that the other side of a link opens. */
  serve(
    link: Link,
    via: Via,
    whose: Pick<ExchangeContext, 'viewer' | 'address'>,
    lane?: ExchangeHandlers['lane'],
  ): void {
    const opener = via === 'viewer' ? link.id : via;
    const messageBounds = this.#messageBounds[via];
    const pace = () => link.pace;
    const bare = { ...this.#context, ...whose, via, opener, messageBounds, pace };
    const path = () => (via === 'ingress' ? via : link.path);
    const start = { link: link.id, path };
    const run: Run = (incoming, context) => {
      const observation = this.#observers.begin({ ...start, kind: 'http', asked: incoming.head });
      this.#run(new HttpExchange(incoming, context, observation), runRequest);
      return observation;
    };
    const pushes = via === 'viewer' ? this.#pusherOf(bare, run) : undefined;
    const context = { ...bare, pushes };
    this.#links.set(link.id, { ...whose, link, via });
    link.on('state', () => {
      if (link.state === 'closed') this.#links.delete(link.id);
    });
    acceptExchanges(link, {
      lane,
      request: (incoming) => void run(incoming, context),
      webSocket: (incoming) => {
        const asked = openingHead(incoming);
        const observation = this.#observers.begin({ ...start, kind: 'websocket', asked });
        this.#run(new WebSocketExchange(incoming, context, observation), runWebSocket);
      },
    });
  }

  /** What is pushed runs through the same steps as what is asked, and pushes nothing by itself. */
  #pusherOf(context: ExchangeContext, run: Run): Pusher | undefined {
    const { clock, compressor, pace, sessionOrigin: origin, viewer } = context;
    const roundTripMs = (): number | null => pace().roundTripMs;
    const compress = (contentType: string | undefined, body: Uint8Array): Uint8Array | undefined =>
      isCode(contentType) ? compressor?.whole(body, pace()) : undefined;
    const memory = this.#pushMemory;
    if (memory === undefined) return undefined;
    const { pushes: count } = this.commons;
    const world = { memory, clock, compress, count, origin, roundTripMs, viewer };
    return new Pusher({
      ...world,
      run: (request) => {
        const observation = run(request, context);
        // It has failed nobody. What has ended otherwise keeps its end.
        request.signal.addEventListener('abort', () => observation.end({ outcome: 'unused' }));
      },
    });
  }

  /** Requests and WebSockets under way. */
  get activeExchanges(): number {
    return this.#active.size;
  }

  /** Refuses what is new, closes WebSockets, and resolves once everything under way has ended, or after HOST_LIMITS.drainMs. */
  drain(): Promise<void> {
    this.#draining.abort();
    return new Promise((resolve) => {
      const deadline = this.#clock.setTimeout(resolve, HOST_LIMITS.drainMs);
      this.#drained = () => {
        deadline.cancel();
        resolve();
      };
      this.#settle();
    });
  }

  /** Ends every request at once. */
  close(): Promise<void> {
    return this.#context.ports.close();
  }

  #run<Kind extends Exchange>(exchange: Kind, run: (exchange: Kind) => Promise<void>): void {
    if (this.#draining.signal.aborted) return this.#turnAway(exchange);
    this.#active.add(exchange);
    void run(exchange).finally(() => {
      this.#active.delete(exchange);
      this.#settle();
    });
  }

  #turnAway(exchange: Exchange): void {
    exchange.observation.end({ outcome: 'aborted', code: 'SESSION_ENDED', by: 'host' });
    exchange.abort('SESSION_ENDED');
  }

  #settle(): void {
    if (this.#draining.signal.aborted && this.#active.size === 0) this.#drained();
  }
}

function newCommons({ compresses = true, entry = {} }: LocalAppOptions, clock: Clock): Commons {
  return {
    compressor: compresses ? new Compressor(clock) : undefined,
    entrance: new Entrance(entry, clock),
    jars: new CookieJars(),
    pageOrigins: new Map(),
    speed: new SpeedAllowance(clock),
    viewers: new Set(),
    refusals: new RefusalCount(),
    pushes: { sent: 0, unclaimed: 0 },
    candidates: new CandidateBook(),
  };
}

function messageBounds(clock: Clock): MessageBounds {
  return { share: new FairShare(LIMITS.webSocketHeldBytes), clock };
}
