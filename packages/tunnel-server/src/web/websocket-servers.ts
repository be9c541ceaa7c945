import { LIMITS, WingmanError } from '@wingman/protocol';
import type { IncomingMessage } from 'node:http';
import { WebSocketServer, type ServerOptions, type WebSocket } from 'ws';
import type { Upgrade } from '../ingress/ingress-websocket.js';
import { SERVER_LIMITS } from '../limits.js';
import type { ConnectionMonitor, WatchedKind } from '../signaling/connection-monitor.js';

/** What one of our own WebSockets is for. */
export type OwnKind = Exclude<WatchedKind, 'app'>;

// `closeTimeout` is an option of ws that its types don't have yet.
const COMMON: ServerOptions & { closeTimeout: number } = {
  noServer: true,
  perMessageDeflate: false,
  closeTimeout: SERVER_LIMITS.closeMs,
};

/** The two kinds of WebSockets: Wingman's own, small messages only, and those of the apps. */
export class WebSocketServers {
  readonly #monitor: ConnectionMonitor;
  readonly #chosen = new WeakMap<IncomingMessage, string>();
  readonly #own = new WebSocketServer({
    ...COMMON,
    maxPayload: Math.max(LIMITS.maxMessageBytes, SERVER_LIMITS.signalingMessageBytes),
    // Ours have no subprotocol, and `ws` would agree to the first that is offered (RFC 6455 section 4.2.2).
    handleProtocols: () => false,
  });
  readonly #apps = new WebSocketServer({
    ...COMMON,
    maxPayload: LIMITS.maxWebSocketMessageBytes,
    maxFragments: SERVER_LIMITS.webSocketFragments,
    handleProtocols: (_offered, req) => this.#chosen.get(req) || false,
  });

  constructor(monitor: ConnectionMonitor) {
    this.#monitor = monitor;
  }

  /** Finishes the upgrade of one of our own. */
  acceptOwn(upgrade: Upgrade, kind: OwnKind, use: (webSocket: WebSocket) => void): void {
    const { req, socket, head } = upgrade;
    this.#own.handleUpgrade(req, socket, head, (webSocket) => {
      this.#monitor.watch(webSocket, socket, kind);
      use(webSocket);
    });
  }

  /** Finishes an app's upgrade; the WebSocket is paused until its reader is there. Rejects when the client has gone. */
  acceptForApp(upgrade: Upgrade, protocol: string): Promise<WebSocket> {
    const { req, socket, head } = upgrade;
    if (protocol !== '') this.#chosen.set(req, protocol);
    return new Promise((resolve, reject) => {
      const gone = (): void => reject(new WingmanError('CANCELLED', 'the client has gone'));
      if (socket.destroyed) return gone();
      socket.once('close', gone);
      this.#apps.handleUpgrade(req, socket, head, (webSocket) => {
        webSocket.pause();
        this.#monitor.watch(webSocket, socket, 'app');
        resolve(webSocket);
      });
    });
  }

  /** Resolves when all of our own are closed that are open now. */
  async ownGone(): Promise<void> {
    const gone = [...this.#own.clients].map(
      (webSocket) => new Promise<void>((resolve) => webSocket.once('close', () => resolve())),
    );
    await Promise.all(gone);
  }

  /** Closes all with the code; resolves when the last has gone. A peer that doesn't answer is cut off after SERVER_LIMITS.closeMs. */
  async closeAll(code: number, reason: string): Promise<void> {
    const gone = this.#all().map((webSocket) => {
      const closed = new Promise<void>((resolve) => webSocket.once('close', () => resolve()));
      // A paused one would never read the peer's close frame.
      webSocket.resume();
      webSocket.close(code, reason);
      return closed;
    });
    await Promise.all(gone);
  }

  terminateAll(): void {
    for (const webSocket of this.#all()) webSocket.terminate();
  }

  #all(): WebSocket[] {
    return [...this.#own.clients, ...this.#apps.clients];
  }
}
