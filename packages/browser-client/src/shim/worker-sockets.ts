import {
  channelOf,
  LOBBY,
  lockOf,
  type SocketCall,
  type SocketCommand,
  type SocketEvent,
  type SocketRequest,
  type SocketServed,
} from '../shared/exchange-messages.js';
import { SHIM_LIMITS } from '../shared/limits.js';
import { browserHeaders, routeFrom } from './page-sockets.js';
import { replaceWebSocket } from './replace-web-socket.js';
import type { SocketPort } from './tunnel-socket.js';

/** The part of a worker's global scope that is used. */
type WorkerScope = typeof globalThis & { origin: string; location: Pick<Location, 'href'> };

/** Sends the WebSockets of a worker through the tunnel of the worker's tab. */
export function tunnelWorkerSockets(scope: WorkerScope, tab: string | null): void {
  const { locks } = navigator as { locks?: LockManager };
  // Without locks nobody would notice the end of this worker, so its sockets stay the browser's own.
  if (locks === undefined || scope.origin === 'null') return;
  const page = new URL(scope.origin);
  replaceWebSocket({
    realm: scope,
    baseUrl: () => scope.location.href,
    route: (url) => routeFrom(page, url),
    headers: () => browserHeaders(scope.origin, navigator),
    open: (request) => new ChannelPort(request, tab, locks),
    complain: (text) => scope.console.error(text),
    created: () => undefined,
  });
}

/** A worker's way to the tunnel of its own tab, or of any tab when its own tab is gone. */
class ChannelPort implements SocketPort {
  onmessage: SocketPort['onmessage'] = null;
  readonly #id = crypto.randomUUID();
  readonly #channel = new BroadcastChannel(channelOf(this.#id));
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isServed = false;
  #release: () => void = () => undefined;

  constructor(
    private readonly request: SocketRequest,
    tab: string | null,
    private readonly locks: LockManager,
  ) {
    this.#channel.onmessage = (event: MessageEvent<SocketEvent | SocketServed>) =>
      this.#heard(event);
    const held = locks.request(lockOf(this.#id, 'caller'), () => {
      this.#call(tab);
      return new Promise<void>((resolve) => (this.#release = resolve));
    });
    held.catch(() => this.#lost());
  }

  postMessage(command: SocketCommand): void {
    this.#channel.postMessage(command);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#channel.close();
    this.#release();
  }

  #call(tab: string | null): void {
    const lobby = new BroadcastChannel(LOBBY);
    lobby.postMessage({ id: this.#id, tab, request: this.request } satisfies SocketCall);
    lobby.close();
    const [next, wait] =
      tab === null
        ? [() => this.#lost(), SHIM_LIMITS.anyTabMs]
        : [() => this.#call(null), SHIM_LIMITS.ownTabMs];
    this.#timer = setTimeout(next, wait);
  }

  #heard(event: MessageEvent<SocketEvent | SocketServed>): void {
    if (!this.#isServed) this.#served();
    if (event.data.kind !== 'served') this.onmessage?.(event as MessageEvent<SocketEvent>);
  }

  #served(): void {
    this.#isServed = true;
    clearTimeout(this.#timer);
    const gone = this.locks.request(lockOf(this.#id, 'server'), () => this.#lost());
    gone.catch(() => undefined);
  }

  /** No tab has a tunnel, or the tab that served the socket has been closed. */
  #lost(): void {
    const data: SocketEvent = {
      ...{ kind: 'closed', code: 1006, reason: '', wasClean: false },
      why: 'LINK_LOST',
    };
    this.onmessage?.(new MessageEvent('message', { data }));
  }
}
