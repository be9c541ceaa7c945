import {
  ADDRESS_DENIED,
  BAD_REQUEST,
  OVERLOADED,
  SERVER_FAILED,
  TOO_MANY_NAMES,
} from '@wingman/protocol';
import express, {
  type ErrorRequestHandler,
  type Request,
  type Response,
  type Router,
} from 'express';
import type { RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import type { Budgets } from '../budgets/budgets.js';
import type { SocketPlaces } from '../budgets/socket-places.js';
import { SERVER_LIMITS } from '../limits.js';
import type { Peers } from '../cluster/peers.js';
import type { DenyList } from '../operator/deny-list.js';
import { clientAddress } from './client-identity.js';
import type { Nowhere, Place } from './locate.js';
import { oneReading } from './one-reading.js';
import { forgetSession, sendProblem } from './problems.js';
import { requestIdOf } from './request-id.js';
import { isNavigation, type SessionResponse } from './session-routes.js';
import type { UnknownNames } from './unknown-names.js';

export interface AppOptions {
  locate: (hostHeader: string | undefined) => Place;
  /** Passes on the requests for sessions of other nodes. */
  peers: Pick<Peers, 'web'>;
  /** Pages of the tunnel server's own name. */
  server: Router;
  /** Everything under a session's name; `res.locals.live` is the session. */
  session: Router;
  sockets: Pick<SocketPlaces, 'isSurplus'>;
  budgets: Pick<Budgets, 'refuses'>;
  denyList: Pick<DenyList, 'deniesAddress'>;
  trustProxy: boolean;
  unknownNames: Pick<UnknownNames, 'meet'>;
  logger: Logger;
}

/** The HTTP side: the Host header alone decides between the server's own pages and a session. */
export function createApp(options: AppOptions): RequestListener {
  const app = express();
  app.disable('x-powered-by').disable('etag');
  app.use((req, res: SessionResponse, next) => {
    const place = options.locate(req.headers.host);
    const isSurplus = options.sockets.isSurplus(req.socket);
    if (isSurplus) res.shouldKeepAlive = false;
    if (options.denyList.deniesAddress(clientAddress(req, options.trustProxy))) {
      return sendProblem(req, res, ADDRESS_DENIED);
    }
    if (place.at === 'nowhere') {
      return meetNowhere(req, res, place, options.unknownNames);
    }
    // The server's own pages stay open: the operator wants to see what fills it.
    if (place.at === 'session' && (isSurplus || options.budgets.refuses())) {
      return sendProblem(req, res, OVERLOADED);
    }
    if (place.at === 'session') res.locals.live = place.live;
    const router = place.at === 'session' ? options.session : options.server;
    return router(req, res, next);
  });
  app.use(errorHandler(options.logger));
  return inTurn((req, res) => {
    const problem = oneReading(req);
    if (problem === undefined) options.peers.web(req, res, () => void app(req, res));
    else sendProblem(req, res, problem);
  });
}

/** Answers a request whose name has led nowhere. */
async function meetNowhere(
  req: Request,
  res: Response,
  { isForeign, isOver, problem }: Nowhere,
  unknownNames: Pick<UnknownNames, 'meet'>,
): Promise<void> {
  // A client or proxy that takes this server for another one would do so again on this connection.
  if (isForeign) return sendProblem(req, res, problem, { connection: 'close' });
  const met = await unknownNames.meet(req, problem);
  if (met === TOO_MANY_NAMES) return sendProblem(req, res, met, { connection: 'close' });
  return sendProblem(req, res, met, isOver && isNavigation(req) ? forgetSession() : {});
}

/**
 * Serves pipelined requests one after another (RFC 9112 section 9.3.2). Node would hand them over at once,
 * and a response that waits behind another hears neither `close` nor `drain` when its client leaves: it
 * would keep its places for ever. A connection with too many waiting is cut off.
 */
function inTurn(serve: RequestListener): RequestListener {
  const waiting = new WeakMap<Socket, number>();
  return (req, res) => {
    const { socket } = req;
    if (res.socket !== null) return serve(req, res);
    const count = (waiting.get(socket) ?? 0) + 1;
    if (count > SERVER_LIMITS.pipelinedRequests) return void socket.destroy();
    waiting.set(socket, count);
    // Node emits this when the response before has ended, and never when the connection has ended.
    res.once('socket', () => {
      waiting.set(socket, (waiting.get(socket) ?? 1) - 1);
      serve(req, res);
    });
  };
}

/**
 * Express hands over what a handler threw, and its own errors with a `status`. It ends here: Express's own
 * answer would show the client a stack trace.
 */
export function errorHandler(logger: Pick<Logger, 'error'>): ErrorRequestHandler {
  // eslint-disable-next-line @typescript-eslint/no-unused-vars -- Express tells an error handler by its four parameters
  return (error: unknown, req, res, _next) => {
    if (!isClientError(error))
      logger.error({ requestId: requestIdOf(req), err: error }, 'a request failed');
    try {
      // Half an answer must not look whole.
      if (res.headersSent) res.destroy();
      else sendProblem(req, res, isClientError(error) ? BAD_REQUEST : SERVER_FAILED);
    } catch (failure) {
      logger.error(
        { requestId: requestIdOf(req), err: failure },
        'nor could the failure be answered',
      );
      res.destroy();
    }
  };
}

function isClientError(error: unknown): boolean {
  if (typeof error !== 'object' || error === null || !('status' in error)) return false;
  return typeof error.status === 'number' && error.status >= 400 && error.status < 500;
}
