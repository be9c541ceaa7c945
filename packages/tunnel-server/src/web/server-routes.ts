import { NOT_FOUND } from '@wingman/protocol';
import { Router } from 'express';
import type { Metrics } from '../metrics.js';
import { indexPage } from './index-page.js';
import { sendProblem } from './problems.js';

export interface ServerRouteOptions {
  metrics: Metrics;
  version: string;
}

/** The pages of the tunnel server's own name. */
export function serverRoutes({ metrics, version }: ServerRouteOptions): Router {
  const router = Router({ caseSensitive: true });
  router.use((_req, res, next) => {
    res.set({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
    next();
  });
  router.get('/healthz', (_req, res) => void res.json({ status: 'ok', version }));
  router.get('/metrics', async (_req, res) => {
    const { contentType, body } = await metrics.render();
    res.set('content-type', contentType).end(body);
  });
  router.get('/', (_req, res) => void res.type('html').send(indexPage(version)));
  router.use((req, res) => sendProblem(req, res, NOT_FOUND));
  return router;
}
