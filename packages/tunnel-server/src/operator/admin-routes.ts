import { ConfigError, messageOf } from '@wingman/node-kit';
import { BAD_REQUEST, NOT_FOUND, type Problem } from '@wingman/protocol';
import express, { Router, type RequestHandler, type Response } from 'express';
import type { RequestListener } from 'node:http';
import type { Logger } from 'pino';
import type { LiveSession } from '../sessions/live-session.js';
import type { SessionRegistry } from '../sessions/session-registry.js';
import { errorHandler } from '../web/app.js';
import { sendProblem } from '../web/problems.js';
import { nameRequest, requestIdOf } from '../web/request-id.js';
import type { DenyList } from './deny-list.js';

export interface SessionAdministration {
  registry: Pick<SessionRegistry, 'all' | 'lookup'>;
  logger: Pick<Logger, 'error' | 'warn'>;
}

export interface LocalAdministration extends SessionAdministration {
  denyList: Pick<DenyList, 'add'>;
  /** Stops the server as SIGTERM does; undefined where the program that has started it does so by itself. */
  drain: (() => void) | undefined;
}

const NO_SUCH_SESSION: Problem = {
  ...NOT_FOUND,
  title: 'No such session',
  cause: 'This node has no session of this name.',
  cure: 'Give the whole name, as the list of sessions has it; in a cluster ask the node that has it.',
};

/** The list of this node's sessions, and the end of one. */
export function sessionAdministration({ logger, registry }: SessionAdministration): Router {
  const router = Router({ caseSensitive: true });
  router.get('/sessions', (_req, res) => {
    res.json({ sessions: [...registry.all()].map(describeSession) });
  });
  router.delete('/sessions/:name', (req, res) => {
    const lookup = registry.lookup(req.params.name);
    if (lookup.found !== 'session') return sendProblem(req, res, NO_SUCH_SESSION);
    const requestId = requestIdOf(req);
    logger.warn({ requestId, session: req.params.name }, 'the operator ends a session');
    lookup.session.session.end('removed');
    done(res);
  });
  return router;
}

/** What only somebody on the server's own machine may do: besides the above, see the viewers, ban, and drain the node. */
export function localAdministration(options: LocalAdministration): RequestListener {
  const { logger, registry } = options;
  const app = express();
  app.disable('x-powered-by').disable('etag');
  app.use((req, _res, next) => {
    nameRequest(req);
    next();
  });
  app.use(sessionAdministration(options));
  app.get('/viewers', (_req, res) => {
    res.json({ viewers: [...registry.all()].flatMap(describeViewers) });
  });
  app.post('/bans/:entry', ban(options));
  app.post('/drain', drain(options));
  app.use((req, res) => sendProblem(req, res, NOT_FOUND));
  app.use(errorHandler(logger));
  return app;
}

function describeSession({ isOnline, session, viewers }: LiveSession): object {
  return {
    name: session.name,
    online: isOnline,
    viewers: viewers.size,
    remainingMs: Math.round(session.remainingMs),
    host: session.host?.whereabouts ?? null,
  };
}

function describeViewers({ session, viewers }: LiveSession): object[] {
  return viewers.list().map((viewer) => ({ session: session.name, ...viewer }));
}

function ban({ denyList, logger }: LocalAdministration): RequestHandler<{ entry: string }> {
  return (req, res) => {
    try {
      denyList.add(req.params.entry);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      return sendProblem(req, res, notTaken(error));
    }
    logger.warn({ requestId: requestIdOf(req) }, 'the operator has added to the deny list');
    done(res);
  };
}

function drain({ drain: begin, logger }: LocalAdministration): RequestHandler {
  return (req, res) => {
    if (begin === undefined) return sendProblem(req, res, NOT_FOUND);
    logger.warn({ requestId: requestIdOf(req) }, 'the operator stops this node');
    // The answer leaves first: afterwards connections are ended.
    res.once('close', begin);
    done(res);
  };
}

function notTaken(error: Error): Problem {
  const cure =
    error instanceof ConfigError
      ? 'Nothing was changed.'
      : 'Let the server write the file of its deny list, or write the entry there yourself.';
  return { ...BAD_REQUEST, title: 'Nobody was banned', cause: messageOf(error), cure };
}

function done(res: Response): void {
  res.status(204).end();
}
