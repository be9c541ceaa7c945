import type { IncomingRequest, IncomingWebSocket, Link } from '@wingman/protocol';
import { acceptExchanges } from '@wingman/protocol';
import { CookieJars } from '../cookies/cookie-jars.js';
import { forwardRequest, type ForwardContext } from './forwarder.js';
import { LocalClient } from './local-client.js';
import { Loopback } from './loopback.js';
import type { Via } from './request-headers.js';
import { forwardWebSocket } from './web-sockets.js';

/** The app on the local port: takes the exchanges of any link, whatever carries it. */
export class LocalApp {
  readonly loopback: Loopback;
  readonly #client: LocalClient;
  readonly #context: ForwardContext;
  #requests = 0;
  #draining = false;
  #drained: () => void = () => undefined;

  constructor(port: number, sessionOrigin: () => string | undefined) {
    this.loopback = new Loopback(port);
    this.#client = new LocalClient(this.loopback);
    const jars = new CookieJars();
    this.#context = { loopback: this.loopback, client: this.#client, jars, sessionOrigin };
  }

  /** Answers everything that the other side of a link opens. */
  serve(link: Link, via: Via): void {
    acceptExchanges(link, {
      request: (incoming) => this.#request(incoming, via),
      webSocket: (incoming) => this.#webSocket(incoming, via),
    });
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
    return this.#client.close();
  }

  #request(incoming: IncomingRequest, via: Via): void {
    if (this.#draining) return incoming.abort('SESSION_ENDED');
    this.#requests++;
    void forwardRequest(incoming, via, this.#context).finally(() => {
      this.#requests--;
      this.#settle();
    });
  }

  #webSocket(incoming: IncomingWebSocket, via: Via): void {
    void forwardWebSocket(incoming, via, this.#context);
  }

  #settle(): void {
    if (this.#draining && this.#requests === 0) this.#drained();
  }
}
