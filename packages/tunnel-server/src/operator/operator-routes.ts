import { BAD_OPERATOR_TOKEN, METRICS_CLOSED, NOT_FOUND, type Problem } from '@wingman/protocol';
import { bearerTokenOf } from '@wingman/node-kit';
import { Router, type Request, type RequestHandler } from 'express';
import type { Metrics } from '../metrics.js';
import { isSameSecret } from '../sessions/registration.js';
import { sendProblem } from '../web/problems.js';
import { sessionAdministration, type SessionAdministration } from './admin-routes.js';

export interface OperatorRouteOptions extends SessionAdministration {
  metrics: Metrics;
  /** Undefined: whoever reaches the server may read its metrics, unless it is public. */
  metricsToken: string | undefined;
  /** Undefined: there are no such pages. */
  adminToken: string | undefined;
  isPublic: boolean;
}

/** The operator's pages, on the server's own name: metrics, the sessions, and the end of one. */
export function operatorRoutes(options: OperatorRouteOptions): Router {
  const { adminToken, isPublic, metrics, metricsToken } = options;
  const router = Router({ caseSensitive: true });
  const metricsClosed = isPublic ? METRICS_CLOSED : undefined;
  router.get('/metrics', demandToken(metricsToken, metricsClosed), async (_req, res) => {
    const { contentType, body } = await metrics.render();
    res.set('content-type', contentType).end(body);
  });
  router.use('/admin', demandToken(adminToken, NOT_FOUND), sessionAdministration(options));
  return router;
}

/** Lets in who shows the token; where there is none, everybody, or nobody with the reason. */
function demandToken(token: string | undefined, closed: Problem | undefined): RequestHandler {
  return (req, res, next) => {
    const problem = token === undefined ? closed : refusalOf(req, token);
    if (problem === undefined) return next();
    sendProblem(req, res, problem);
  };
}

function refusalOf(req: Request, token: string): Problem | undefined {
  const given = bearerTokenOf(req.headers.authorization);
  return isSameSecret(token, given) ? undefined : BAD_OPERATOR_TOKEN;
}
