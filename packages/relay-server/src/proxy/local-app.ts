import type { Clock, IncomingRequest, Link } from '@wingman/protocol';
import { acceptExchanges, FairShare, LIMITS, systemClock } from '@wingman/protocol';
import { CookieJars } from '../cookies/cookie-jars.js';
import { forwardRequest } from './forwarder.js';
import type { ForwardContext } from './local-context.js';
import { LocalPorts } from './local-ports.js';
import { answerPorts, asksForPorts } from './ports-answer.js';
import type { Via } from './request-headers.js';
import { Transfers, type TransferProgress } from './transfers.js';
import type { MessageBounds } from './web-socket-pumps.js';
import { forwardWebSocket } from './web-sockets.js';

/** What a local app is told. */
export interface LocalAppOptions {
  /** Further ports that viewers' requests may name. */
  readonly alsoPorts?: readonly number[];
  /** Where the session answers besides its own origin. */
  readonly bareOrigins?: readonly string[];
  /** Told how long bodies get on. */
  readonly onTransfer?: (progress: TransferProgress) => void;
  readonly clock?: Clock;
}

/** The app on the local port: takes the exchanges of any link, whatever carries it. */
export class LocalApp {
  readonly #port: number;
  readonly #context: Omit<ForwardContext, 'opener' | 'viewer' | 'transfers' | 'messageBounds'>;
  /** Who has the key shares nothing with who hasn't. */
  readonly #messageBounds: Readonly<Record<Via, MessageBounds>>;
  readonly #options: LocalAppOptions;
  #requests = 0;
  #draining = false;
  #drained: () => void = () => undefined;

  constructor(
    port: number,
    sessionOrigin: () => string | undefined,
    options: LocalAppOptions = {},
  ) {
    const { alsoPorts = [], bareOrigins = [], clock } = options;
    this.#port = port;
    this.#options = options;
    const ports = new LocalPorts(port, alsoPorts, clock);
    this.#messageBounds = { viewer: messageBounds(clock), ingress: messageBounds(clock) };
    this.#context = { ports, jars: new CookieJars(), sessionOrigin, bareOrigins };
  }

  /** Answers everything that the other side of a link opens; `viewer` is whose cookies a viewer's link uses. */
  serve(link: Link, via: Via, viewer: () => string): void {
    const { onTransfer = () => undefined, clock } = this.#options;
    const transfers = new Transfers(via === 'viewer' ? link.id : undefined, onTransfer, clock);
    const opener = via === 'viewer' ? link.id : via;
    const messageBounds = this.#messageBounds[via];
    const context = { ...this.#context, opener, viewer, transfers, messageBounds };
    acceptExchanges(link, {
      request: (incoming) => this.#request(incoming, via, context),
      webSocket: (incoming) => void forwardWebSocket(incoming, via, context),
    });
  }

  /** Requests under way. */
  get activeRequests(): number {
    return this.#requests;
  }

  /** Refuses what is new, and resolves once the requests under way have ended. */
  drain(): Promise<void> {
    this.#draining = true;
    return new Promise((resolve) => {
      this.#drained = resolve;
      this.#settle();
    });
  }

  /** Ends every request at once. */
  close(): Promise<void> {
    return this.#context.ports.close();
  }

  #request(incoming: IncomingRequest, via: Via, context: ForwardContext): void {
    if (this.#draining) return incoming.abort('SESSION_ENDED');
    this.#requests++;
    void this.#answer(incoming, via, context).finally(() => {
      this.#requests--;
      this.#settle();
    });
  }

  #answer(incoming: IncomingRequest, via: Via, context: ForwardContext): Promise<void> {
    if (via === 'viewer' && asksForPorts(incoming)) {
      return answerPorts(incoming, { port: this.#port, also: [...this.#context.ports.also] });
    }
    return forwardRequest(incoming, via, context);
  }

  #settle(): void {
    if (this.#draining && this.#requests === 0) this.#drained();
  }
}

function messageBounds(clock: Clock = systemClock): MessageBounds {
  return { share: new FairShare(LIMITS.webSocketHeldBytes), clock };
}
