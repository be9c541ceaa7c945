import type { IncomingMessage } from 'node:http';
import type { Header, IncomingWebSocket, Problem } from '@wingman/protocol';
import { headersFromRaw, headerValue, LIMITS, toWingmanError } from '@wingman/protocol';
import { WebSocket } from 'ws';
import { ExchangeCookies } from '../cookies/exchange-cookies.js';
import { HOST_LIMITS } from '../limits.js';
import { locationRule, rewriteContext, type ForwardContext } from './local-context.js';
import type { LocalTarget } from './local-ports.js';
import { appBusy, badRequest, portNotAllowed, problemFor, problemPage } from './problems.js';
import { localUpgradeHeaders, type Via } from './request-headers.js';
import { publicResponseHeaders, without } from './response-headers.js';
import { responseHead } from './response-head.js';
import type { Slot } from './slots.js';
import { faultOf } from './target.js';
import { joinWebSockets } from './web-socket-pumps.js';

/** Opens a WebSocket to the local port and joins the two. Never rejects: it ends in a socket or a refusal. */
export async function forwardWebSocket(
  incoming: IncomingWebSocket,
  via: Via,
  context: ForwardContext,
): Promise<void> {
  const { target, headers, port } = incoming.open;
  const fault = faultOf('GET', target, headers);
  if (fault !== undefined) return refuse(incoming, badRequest(fault));
  const local = context.ports.find(port, via);
  if (local === undefined) return refuse(incoming, portNotAllowed(port));
  const cookies = new ExchangeCookies(incoming.open, via, context);
  const slot = await local.slots.enter(context.opener, incoming.signal);
  if (slot === undefined) return refuse(incoming, appBusy(local.loopback.port));
  try {
    const way = { via, local, slot, context };
    const socket = await dialApp(incoming, cookies.requestHeaders, way);
    listen(incoming, socket, cookies, way);
    if (incoming.signal.aborted) socket.terminate();
  } catch (error) {
    slot.leave();
    if (error instanceof SyntaxError) return refuse(incoming, badRequest(error.message));
    refuseFor(incoming, local.loopback.port, error);
  }
}

/** Whom a WebSocket goes to, and on whose behalf. */
interface Way {
  readonly via: Via;
  readonly local: LocalTarget;
  readonly slot: Slot;
  readonly context: ForwardContext;
}

const CLIENT_OPTIONS = {
  perMessageDeflate: false,
  followRedirects: false,
  maxPayload: LIMITS.maxWebSocketMessageBytes,
  handshakeTimeout: HOST_LIMITS.webSocketOpenMs,
  closeTimeout: HOST_LIMITS.webSocketCloseMs,
};

async function dialApp(
  incoming: IncomingWebSocket,
  headers: Header[],
  { via, local, context }: Way,
): Promise<WebSocket> {
  const { target, protocols } = incoming.open;
  const rewrite = rewriteContext(incoming.open, via, local, context);
  const connection = await local.loopback.connect();
  try {
    return new WebSocket(`ws://${rewrite.authority}${target}`, protocols, {
      ...CLIENT_OPTIONS,
      headers: localUpgradeHeaders(headers, rewrite),
      createConnection: () => connection,
    });
  } catch (error) {
    connection.destroy();
    throw error;
  }
}

function listen(
  incoming: IncomingWebSocket,
  socket: WebSocket,
  cookies: ExchangeCookies,
  way: Way,
): void {
  const { slot, context } = way;
  const { port } = way.local.loopback;
  const onAbort = (): void => socket.terminate();
  const onError = (error: Error): void => refuseFor(incoming, port, error);
  incoming.signal.addEventListener('abort', onAbort);
  socket.once('close', () => {
    incoming.signal.removeEventListener('abort', onAbort);
    slot.leave();
  });
  socket.once('error', onError);
  socket.once('unexpected-response', (_request, response) => {
    slot.answered();
    socket.off('error', onError);
    socket.on('error', () => undefined);
    void passRefusal(incoming, response, cookies, way).finally(() => socket.terminate());
  });
  // HttpOnly cookies are kept; the message that accepts a WebSocket has no place for the others.
  socket.once('upgrade', (response) => {
    cookies.received(headersFromRaw(response.rawHeaders));
    socket.once('open', () => {
      slot.answered();
      socket.off('error', onError);
      const app = { webSocket: socket, socket: response.socket };
      joinWebSockets(app, incoming.accept({ protocol: socket.protocol }), context.messageBounds);
    });
  });
}

/** The app answered the upgrade with an ordinary response: the viewer gets it. */
async function passRefusal(
  incoming: IncomingWebSocket,
  response: IncomingMessage,
  cookies: ExchangeCookies,
  { via, context }: Way,
): Promise<void> {
  const headers = cookies.received(headersFromRaw(response.rawHeaders));
  const shown = publicResponseHeaders(headers, locationRule(incoming.open, via, context));
  const body = await readSome(response);
  const head = responseHead(
    response.statusCode ?? 502,
    response.statusMessage ?? '',
    without(shown, 'content-length'),
  );
  incoming.reject(head, body);
}

/** At most HOST_LIMITS.refusalBodyBytes; a body that is cut off by an error ends there. */
async function readSome(response: IncomingMessage): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let room: number = HOST_LIMITS.refusalBodyBytes;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk.subarray(0, room));
      room -= chunk.length;
      if (room <= 0) break;
    }
  } catch {
    // What arrived is what the viewer gets.
  }
  return Buffer.concat(chunks);
}

function refuseFor(incoming: IncomingWebSocket, port: number, error: unknown): void {
  const { code, message } = toWingmanError(error, 'UPSTREAM_ABORTED');
  refuse(incoming, problemFor(code, port, message));
}

function refuse(incoming: IncomingWebSocket, problem: Problem): void {
  const page = problemPage(problem, headerValue(incoming.open.headers, 'accept'));
  incoming.reject(responseHead(page.status, page.statusText, page.headers), page.body);
}
