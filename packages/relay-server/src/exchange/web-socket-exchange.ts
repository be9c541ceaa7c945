import type { IncomingMessage } from 'node:http';
import type { OpenWebSocket } from '@wingman/node-kit';
import type {
  ErrorCode,
  Header,
  IncomingWebSocket,
  Observation,
  TunnelWebSocket,
  WebSocketClose,
} from '@wingman/protocol';
import {
  ABNORMAL_CLOSURE,
  CloseCode,
  create,
  deferred,
  headersFromRaw,
  LIMITS,
  malformedRequest,
  reasonPhrase,
  RequestHead,
  toWingmanError,
  WingmanError,
} from '@wingman/protocol';
import { WebSocket } from 'ws';
import { HOST_LIMITS } from '../limits.js';
import { joinWebSockets } from '../local/web-socket-pumps.js';
import { Exchange, headOf, without, type Answer, type ExchangeContext } from './exchange.js';
import { Refusal } from './problems.js';

/** A WebSocket, from its opening request to its close. */
export class WebSocketExchange extends Exchange {
  readonly kind = 'websocket';
  readonly #incoming: IncomingWebSocket;
  readonly #tunnelClosed = deferred<WebSocketClose>();
  #hasHead = false;

  constructor(incoming: IncomingWebSocket, context: ExchangeContext, observation: Observation) {
    super(context, observation);
    this.#incoming = incoming;
  }

  get signal(): AbortSignal {
    return this.#incoming.signal;
  }

  get hasHead(): boolean {
    return this.#hasHead;
  }

  /** The subprotocols that the page offers. */
  get protocols(): readonly string[] {
    return this.#incoming.open.protocols;
  }

  /** Resolves once the opener has closed its end, or is gone. */
  get tunnelClosed(): Promise<WebSocketClose> {
    return this.#tunnelClosed.promise;
  }

  /** Tells the opener that the app has accepted. */
  accept(protocol: string): TunnelWebSocket {
    const { observation } = this;
    const tunnel = this.#incoming.accept(
      { protocol },
      {
        part: (direction, part) =>
          observation.passed(direction === 'sent' ? 'download' : 'upload', part),
        ended: (close) => this.#tunnelClosed.resolve(close),
      },
    );
    this.#hasHead = true;
    observation.head(headOf({ status: 101, statusText: '', headers: protocolField(protocol) }));
    return tunnel;
  }

  /** Refuses the WebSocket. Of a long body it sends HOST_LIMITS.refusalBodyBytes. */
  async deliver(answer: Answer): Promise<void> {
    const body = await readSome(this.observation.watchBody('download', answer.body));
    const head = headOf({ ...answer, headers: without(answer.headers, 'content-length') });
    this.#incoming.reject(head, body);
    this.#hasHead = true;
    this.observation.head(head);
  }

  abort(code: ErrorCode): void {
    this.#incoming.abort(code);
  }
}

/** A WebSocket's opening request, in the shape of any other. */
export function openingHead({ open }: IncomingWebSocket): RequestHead {
  const { target, headers, port } = open;
  return create(RequestHead, { method: 'GET', target, headers, port });
}

function protocolField(protocol: string): Header[] {
  return protocol === '' ? [] : headersFromRaw(['sec-websocket-protocol', protocol]);
}

/** A body that ends in an error ends there: the viewer gets what has arrived. */
async function readSome(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let room: number = HOST_LIMITS.refusalBodyBytes;
  try {
    for await (const chunk of body) {
      chunks.push(chunk.subarray(0, room));
      room -= chunk.length;
      if (room <= 0) break;
    }
  } catch {
    // The viewer gets what has arrived.
  }
  return Buffer.concat(chunks);
}

/** Opens a WebSocket to the app and joins the two until both ends are closed; or takes the app's refusal as the answer. */
export async function joinApp(exchange: WebSocketExchange): Promise<void> {
  const socket = await dialApp(exchange);
  const { signal } = exchange;
  const terminate = (): void => socket.terminate();
  signal.addEventListener('abort', terminate);
  exchange.atEnd(() => {
    signal.removeEventListener('abort', terminate);
    terminate();
  });
  if (signal.aborted) terminate();
  await joined(exchange, socket);
}

const CLIENT_OPTIONS = {
  perMessageDeflate: false,
  followRedirects: false,
  maxPayload: LIMITS.maxWebSocketMessageBytes,
  handshakeTimeout: HOST_LIMITS.webSocketOpenMs,
  closeTimeout: HOST_LIMITS.webSocketCloseMs,
};

async function dialApp(exchange: WebSocketExchange): Promise<WebSocket> {
  const { request, local, protocols, observation } = exchange;
  const { host = '', ...headers } = upgradeFields(request.headers);
  const connection = await local.loopback.connect();
  try {
    const socket = new WebSocket(`ws://${host}${request.target}`, [...protocols], {
      ...CLIENT_OPTIONS,
      headers: { host, ...headers },
      createConnection: () => connection,
    });
    // `ws` closes the socket itself after an error, and whoever waits for the close has a listener for it.
    socket.on('error', () => undefined);
    observation.sent(request);
    return socket;
  } catch (error) {
    connection.destroy();
    // The page has offered a subprotocol that is no token (RFC 6455 section 4.1).
    throw error instanceof SyntaxError ? new Refusal(malformedRequest(error.message)) : error;
  }
}

/** Fields as `ws` takes them: repeated ones joined (RFC 9110 section 5.3, RFC 6265 section 5.4), without its own. */
export function upgradeFields(headers: readonly Header[]): Record<string, string> {
  const fields = new Map<string, string>();
  for (const { name, value } of headers) {
    if (name.startsWith('sec-websocket-')) continue;
    const before = fields.get(name);
    const separator = name === 'cookie' ? '; ' : ', ';
    fields.set(name, before === undefined ? value : before + separator + value);
  }
  return Object.fromEntries(fields);
}

/** Waits for the app's answer, and to the end of a WebSocket that the app accepts. */
function joined(exchange: WebSocketExchange, socket: WebSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: unknown): void => reject(toWingmanError(error, 'UPSTREAM_ABORTED'));
    // An error that is thrown in a listener would end the process.
    const guarded = (listener: () => void): void => {
      try {
        listener();
      } catch (error) {
        failed(toWingmanError(error, 'INTERNAL'));
      }
    };
    socket.once('error', failed);
    socket.once('close', () => failed(new Error('closed before it was open')));
    socket.once('unexpected-response', (_request, response) => {
      guarded(() => {
        exchange.slot?.answered();
        exchange.answer = answerOf(response);
        resolve();
      });
    });
    // HttpOnly cookies are kept; the message that accepts a WebSocket has no place for the others.
    socket.once('upgrade', ({ rawHeaders, socket: below }) => {
      guarded(() => void exchange.cookies?.received(headersFromRaw(rawHeaders)));
      const app = { webSocket: socket, socket: below };
      socket.once('open', () => guarded(() => resolve(join(exchange, app))));
    });
  });
}

/** An ordinary answer to the opening request; UPSTREAM_ABORTED for an interim one, which ends no exchange. */
function answerOf(response: IncomingMessage): Answer {
  const { statusCode: status = 0, statusMessage = '' } = response;
  if (status < 200) throw new WingmanError('UPSTREAM_ABORTED', `status ${status} ends no exchange`);
  return {
    status,
    statusText: reasonPhrase(statusMessage),
    headers: headersFromRaw(response.rawHeaders),
    body: response,
    trailers: () => [],
  };
}

/** Joins both ends at once: the app's first message may come in the next turn. Resolves when both are closed. */
async function join(exchange: WebSocketExchange, app: OpenWebSocket): Promise<void> {
  const { webSocket: socket } = app;
  exchange.slot?.answered();
  const tunnel = exchange.accept(socket.protocol);
  const appClosed = new Promise<Pick<WebSocketClose, 'code' | 'reason'>>((resolve) => {
    socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() }));
  });
  joinWebSockets(app, tunnel, exchange.context.messageBounds);
  closeWhenDraining(exchange, socket, tunnel);
  const close = await appClosed;
  await exchange.tunnelClosed;
  if (close.code !== ABNORMAL_CLOSURE) {
    return exchange.observation.end({ outcome: 'complete', close });
  }
  const { code, by } = exchange.abortion ?? ({ code: 'UPSTREAM_ABORTED', by: 'app' } as const);
  exchange.observation.end({ outcome: 'aborted', code, by });
}

/** A host that stops tells both ends what a browser tells that leaves a page (RFC 6455 section 7.4.1). */
function closeWhenDraining(
  exchange: WebSocketExchange,
  socket: WebSocket,
  tunnel: TunnelWebSocket,
): void {
  const { draining } = exchange.context;
  const goAway = (): void => {
    tunnel.close(CloseCode.GOING_AWAY, 'the session has ended');
    socket.close(CloseCode.GOING_AWAY);
  };
  draining.addEventListener('abort', goAway);
  exchange.atEnd(() => draining.removeEventListener('abort', goAway));
  if (draining.aborted) goAway();
}
