import type { MessageBounds } from '@wingman/node-kit';
import type {
  AbortedBy,
  Clock,
  DeliveryPace,
  ErrorCode,
  Header,
  Observation,
  RequestHead,
  ResponseHead,
} from '@wingman/protocol';
import {
  abortedBy,
  create,
  ResponseHead as Head,
  toWingmanError,
  TransferCoding,
  WingmanError,
} from '@wingman/protocol';
import type { CookieJars } from '../cookies/cookie-jars.js';
import type { ExchangeCookies } from '../cookies/exchange-cookies.js';
import type { Entrance } from '../entry/entrance.js';
import type { LocalPorts, LocalTarget, Via } from '../local/local-ports.js';
import type { Slot } from '../local/slots.js';
import type { Pusher } from '../push/pusher.js';
import type { Room } from '../together/room.js';
import type { BasicAuth } from './basic-auth.js';
import type { Compressor, Transfer } from './compressor.js';
import type { IngressKey } from './ingress-key.js';
import type { SpeedAllowance } from './speed-allowance.js';

/** What an exchange needs of its link and its host. */
export interface ExchangeContext {
  readonly via: Via;
  readonly ports: LocalPorts;
  /** What an exchange of the ingress has to prove; undefined when it is open to everybody. */
  readonly ingressKey: IngressKey | undefined;
  /** Who of those who have the key is let in. */
  readonly entrance: Entrance;
  /** What viewers may still measure. */
  readonly speed: SpeedAllowance;
  /** Whether requests may only look at the app. */
  readonly isReadOnly: boolean;
  /** What else lets an exchange of the ingress in, where it wants the key. */
  readonly basicAuth?: BasicAuth | undefined;
  readonly jars: CookieJars;
  /** Undefined when nothing is to be compressed. */
  readonly compressor: Compressor | undefined;
  /** How fast the link delivers what the host sends. */
  readonly pace: () => DeliveryPace;
  /** Who shares the places at a port: a viewer's link, or the ingress, whose links are one. */
  readonly opener: string;
  /** What the messages of WebSockets may take of memory. Viewers' links and the ingress have separate shares. */
  readonly messageBounds: MessageBounds;
  /** Whose jar the exchanges of a viewer's link use. An exchange of the ingress names its viewer by cookie. */
  readonly viewer: () => string;
  /** Where a viewer comes from, as the server says. Nothing is decided by it. */
  readonly address?: () => string | undefined;
  /** Undefined before the first registration. */
  readonly sessionOrigin: () => string | undefined;
  /** The origins at which the host shows pages, by port: this session's, and those of the other ports. */
  readonly pageOrigins: ReadonlyMap<number, string>;
  /** Where the session answers besides its own origin. */
  readonly bareOrigins: readonly string[];
  /** What requests to the shared port say in Host: `localhost`, `session` or a name. */
  readonly hostHeader: string;
  /** What is sent ahead to a viewer; undefined for others, and where the developer has turned that off. */
  readonly pushes?: Pusher | undefined;
  /** Where viewers look at the app together; undefined when the developer has turned that off. */
  readonly room: Room | undefined;
  readonly clock: Clock;
  /** Aborted when the host stops. WebSockets, which would go on for ever, end then. */
  readonly draining: AbortSignal;
}

/** The answer to an exchange on its way to the opener. */
export interface Answer extends Pick<ResponseHead, 'status' | 'statusText' | 'headers'> {
  readonly body: AsyncIterable<Uint8Array>;
  /** Complete once the body has ended. */
  readonly trailers: () => readonly Header[];
  /** How the body travels if it is compressed. Observers see it uncompressed. */
  readonly transfer?: Transfer | undefined;
  /** Whether the host itself has answered: the steps for the app's answers leave that as it is. */
  readonly isOurs?: boolean;
}

/**
 * A request and its answer, or a WebSocket, on its way through the steps. Both heads keep one shape
 * all the way: names in lower case, values as ISO-8859-1, repeated fields apart and in order.
 */
export abstract class Exchange {
  /** The head as the opener has sent it; no step changes it. */
  readonly asked: RequestHead;
  /** The head as the app gets it; steps rewrite it. */
  request: RequestHead;
  /** The port of this machine that it goes to: the shared one until a step says another. */
  local: LocalTarget;
  /** Its place at that port, once it has one. */
  slot: Slot | undefined;
  /** The cookies of both heads, once the request's have been read. */
  cookies: ExchangeCookies | undefined;
  #answer: Answer | undefined;
  readonly #cleanups: (() => void)[] = [];

  constructor(
    readonly context: ExchangeContext,
    readonly observation: Observation,
  ) {
    this.asked = observation.asked;
    this.request = { ...this.asked, headers: [...this.asked.headers] };
    this.local = context.ports.shared;
  }

  abstract readonly kind: 'http' | 'websocket';
  /** Aborted, with the WingmanError as its reason, when the opener has cancelled or the link is gone. */
  abstract readonly signal: AbortSignal;
  /** Whether the opener has the head of an answer: there can be no other. */
  abstract readonly hasHead: boolean;
  /** Sends an answer, and resolves when all of it is with the link. Fails when a side gives up. */
  abstract deliver(answer: Answer): Promise<void>;
  /** Ends both directions with an error; after a clean end it does nothing. */
  abstract abort(code: ErrorCode): void;

  /** What the opener gets. The step that sets it is the last one of the request's. */
  get answer(): Answer {
    if (this.#answer !== undefined) return this.#answer;
    throw new WingmanError('INTERNAL', 'a step needs the answer before there is one');
  }

  set answer(answer: Answer) {
    this.#answer = answer;
  }

  get isAnswered(): boolean {
    return this.#answer !== undefined;
  }

  /** Runs when the exchange is over, however it ends. */
  atEnd(cleanup: () => void): void {
    this.#cleanups.push(cleanup);
  }

  /** Frees what the exchange holds; idempotent. */
  release(): void {
    for (const cleanup of this.#cleanups.splice(0)) cleanup();
  }

  /** Why the opener no longer listens, and who has ended it; undefined while it does. */
  get abortion(): { readonly code: ErrorCode; readonly by: AbortedBy } | undefined {
    if (!this.signal.aborted) return undefined;
    const { code } = toWingmanError(this.signal.reason, 'CANCELLED');
    return { code, by: abortedBy(code) };
  }
}

/** An answer's head as the tunnel carries it. */
export function headOf({
  status,
  statusText,
  headers,
  transfer,
}: Omit<Answer, 'body' | 'trailers'>): ResponseHead {
  const transferCoding = transfer?.coding ?? TransferCoding.UNSPECIFIED;
  return create(Head, { status, statusText, headers, transferCoding });
}

/** Leaves out fields by (lower-case) name. */
export function without(headers: readonly Header[], ...names: string[]): Header[] {
  return headers.filter(({ name }) => !names.includes(name));
}

/** The session's origins as browsers see them; none before the first registration. */
export function ownOrigins({ sessionOrigin, bareOrigins }: ExchangeContext): string[] {
  const session = sessionOrigin();
  return session === undefined ? [...bareOrigins] : [session, ...bareOrigins];
}
