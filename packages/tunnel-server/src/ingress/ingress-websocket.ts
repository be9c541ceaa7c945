import {
  create,
  header,
  headersToRaw,
  ingressProblem,
  openWebSocket,
  reasonPhrase,
  stripHopByHop,
  toWingmanError,
  WebSocketOpen,
  WebSocketRejected,
  type Clock,
  type OpenedWebSocket,
} from '@wingman/protocol';
import type { IncomingMessage } from 'node:http';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { SERVER_LIMITS } from '../limits.js';
import type { Metrics } from '../metrics.js';
import { refuseUpgrade } from '../web/problems.js';
import { forwardedHeaders, type ForwardedOptions } from '../web/client-identity.js';
import type { IngressTarget } from './ingress.js';
import { pumpWebSocket } from './websocket-pump.js';

/** An upgrade request as Node gives it. */
export interface Upgrade {
  req: IncomingMessage;
  socket: Socket;
  head: Buffer;
}

/** Finishes the upgrade with the subprotocol the app has chosen. */
type AcceptUpgrade = (upgrade: Upgrade, protocol: string) => Promise<WebSocket>;

export interface IngressWebSocketOptions {
  clock: Clock;
  metrics: Metrics;
  forwarded: ForwardedOptions;
  accept: AcceptUpgrade;
}

/** WebSockets at the ingress: one exchange each on the session's ingress link. */
export class IngressWebSockets {
  readonly #options: IngressWebSocketOptions;

  constructor(options: IngressWebSocketOptions) {
    this.#options = options;
  }

  /** Serves one upgrade to its end; never rejects. */
  async serve(upgrade: Upgrade, target: IngressTarget): Promise<void> {
    const leave = target.gate.enter();
    try {
      await this.#exchange(upgrade, target);
    } catch (error) {
      await refuse(upgrade, error);
    } finally {
      leave();
    }
  }

  async #exchange(upgrade: Upgrade, target: IngressTarget): Promise<void> {
    const { req, socket } = upgrade;
    const { clock, forwarded, metrics } = this.#options;
    const open = webSocketOpen(req, forwarded);
    const abort = new AbortController();
    const gone = (): void => abort.abort();
    socket.once('close', gone);
    const mux = await target.mux();
    const tunnel = openWebSocket(mux, open, { signal: abort.signal });
    const { protocol } = await tunnel.accepted;
    const webSocket = await this.#upgrade(upgrade, protocol, tunnel);
    // From here on the two WebSockets tell each other how they closed.
    socket.off('close', gone);
    await pumpWebSocket({ webSocket, socket }, tunnel, {
      share: target.heldMessages,
      clock,
      exceeded: (code) => metrics.ingressCuts.inc({ code }),
    });
  }

  async #upgrade(upgrade: Upgrade, protocol: string, tunnel: OpenedWebSocket): Promise<WebSocket> {
    try {
      return await this.#options.accept(upgrade, protocol);
    } catch (error) {
      tunnel.abort('CANCELLED');
      throw error;
    }
  }
}

function webSocketOpen(req: IncomingMessage, forwarded: ForwardedOptions): WebSocketOpen {
  const headers = forwardedHeaders(req, forwarded);
  return create(WebSocketOpen, {
    target: req.url ?? '/',
    protocols: (req.headers['sec-websocket-protocol'] ?? '').split(',').flatMap((name) => {
      const trimmed = name.trim();
      return trimmed === '' ? [] : [trimmed];
    }),
    // The handshake is between each pair of ends (RFC 6455 section 4.1); the host makes its own.
    headers: headers.filter(({ name }) => !name.startsWith('sec-websocket-')),
  });
}

async function refuse(upgrade: Upgrade, error: unknown): Promise<void> {
  const { req, socket } = upgrade;
  if (socket.destroyed) return;
  try {
    if (isRejection(error)) await sendRejection(socket, error);
    else refuseUpgrade(req, socket, ingressProblem(toWingmanError(error, 'INTERNAL').code));
  } catch {
    socket.destroy();
  }
}

/** A 1xx is no refusal: the client would take what follows for a WebSocket's frames. */
function isRejection(error: unknown): error is WebSocketRejected {
  if (!(error instanceof WebSocketRejected)) return false;
  return error.head.status >= 200 && error.head.status <= 999;
}

/** The app's own answer, delimited by the end of the connection. */
async function sendRejection(socket: Socket, rejection: WebSocketRejected): Promise<void> {
  const { status, statusText, headers } = rejection.head;
  const own = stripHopByHop(headers).filter(({ name }) => name !== 'content-length');
  const raw = headersToRaw([...own, header('connection', 'close')]);
  const reason = reasonPhrase(statusText) || (STATUS_CODES[status] ?? '');
  let text = `HTTP/1.1 ${status} ${reason}\r\n`;
  for (let index = 0; index < raw.length; index += 2)
    text += `${raw[index]}: ${raw[index + 1]}\r\n`;
  if (/[\r\n]/.test(raw.join(''))) throw new Error('a header field has a line break');
  socket.write(`${text}\r\n`, 'latin1');
  let bytes = 0;
  for await (const chunk of rejection.body) {
    bytes += chunk.byteLength;
    if (bytes > SERVER_LIMITS.rejectionBytes) break;
    socket.write(chunk);
  }
  socket.end();
}
