import { X509Certificate } from 'node:crypto';
import {
  AUTHORITY_TARGET,
  BAD_REQUEST,
  DIAGNOSTICS_TARGET,
  DOOR_PREFIX,
  FOREIGN_ORIGIN,
  FRAMED_PREFIX,
  HOST_OFFLINE,
  INGRESS_TARGET,
  NOT_FOUND,
  RELAY_TARGET,
  WRONG_KEY,
} from '@wingman/protocol';
import { Router, type Request, type RequestHandler, type Response } from 'express';
import type { Ingress } from '../ingress/ingress.js';
import type { Metrics } from '../metrics.js';
import type { LiveSession } from '../sessions/live-session.js';
import { serveFirstFlight } from '../relay/first-flight.js';
import { clientAddress, type SchemeOf } from './client-identity.js';
import type { Assets } from './assets.js';
import { isOwnOrigin, isReserved, pathOf } from './locate.js';
import { meetByNotice } from './notice.js';
import { sendProblem } from './problems.js';
import type { BootData, Shell } from './shell.js';
import { ticketOf } from './upgrades.js';

/** A response on a session's name. */
export type SessionResponse = Response<unknown, { live: LiveSession }>;

export interface SessionRouteOptions {
  boot: (live: LiveSession) => BootData;
  /** The origins of the sessions that show other ports of the same host. */
  besides: (live: LiveSession) => string[];
  assets: Assets;
  shell: Shell;
  ingress: Ingress;
  metrics: Metrics;
  /** The certificate that visitors have to trust, as PEM; undefined: they trust what they are shown. */
  authority: string | undefined;
  /** Brings visitors from the main session to other ports' sessions. */
  passages: Router;
  /** Whether each browser is shown a notice first. */
  hasNotice: boolean;
  scheme: SchemeOf;
  trustProxy: boolean;
}

/** A session's name: the shell and its assets below the reserved prefix, the app everywhere else. */
export function sessionRoutes(options: SessionRouteOptions): Router {
  const { assets, boot, ingress, shell } = options;
  const router = Router({ caseSensitive: true });
  const framable = (req: Request, res: SessionResponse): Promise<void> => {
    const { live } = res.locals;
    return shell.serve(req, res, boot(live), options.besides(live));
  };
  // A service worker shows it in frames too.
  router.get('/__wingman/shell', framable);
  router.get([FRAMED_PREFIX, `${FRAMED_PREFIX}/*path`], framable);
  router.use(options.passages);
  router.get(`${DOOR_PREFIX}:port`, (req, res: SessionResponse) => {
    const { live } = res.locals;
    const own = live.session.origin;
    return shell.serve(req, res, boot(live), [own, ...options.besides(live)]);
  });
  router.post(RELAY_TARGET, (req, res: SessionResponse) => takeFirstFlight(req, res, options));
  // A page of the host's. Another site can't send the Authorization field or the token that it asks for.
  const proving = (req: Request, res: SessionResponse): Promise<void> =>
    ingress.serve(req, res, res.locals.live);
  router.post(INGRESS_TARGET, proving);
  router.get(INGRESS_TARGET, proving);
  if (options.authority !== undefined) {
    router.get(AUTHORITY_TARGET, sendCertificate(options.authority));
  }
  // In a tab of its own it is a page like the app's, which the shell has in its frame.
  router.get(DIAGNOSTICS_TARGET, async (req, res, next) => {
    if (isNavigation(req) || !(await assets.serve('diagnostics.html', req, res))) next();
  });
  router.get('/__wingman/:asset', async (req, res, next) => {
    const isServed = await assets.serve(req.params.asset, req, res);
    if (!isServed) next();
  });
  router.use((req, res: SessionResponse, next) => {
    const path = pathOf(req.originalUrl);
    const isShown = isNavigation(req) && path === DIAGNOSTICS_TARGET;
    if (isReserved(path) && !isShown) return sendProblem(req, res, NOT_FOUND);
    if (!isNavigation(req)) return next();
    const origin = `${options.scheme(req)}://${req.headers.host ?? ''}`;
    if (options.hasNotice && meetByNotice(req, res, origin)) return;
    if (!res.locals.live.isOnline) return sendProblem(req, res, HOST_OFFLINE);
    return shell.serve(req, res, boot(res.locals.live));
  });
  router.use((req, res: SessionResponse) => ingress.serve(req, res, res.locals.live));
  return router;
}

/** Lets a viewer's first flight in who has the key. */
async function takeFirstFlight(
  req: Request,
  res: SessionResponse,
  options: SessionRouteOptions,
): Promise<void> {
  const { host, origin } = req.headers;
  if (!isOwnOrigin(origin ?? '', host, options.scheme(req))) {
    return sendProblem(req, res, FOREIGN_ORIGIN);
  }
  const { live } = res.locals;
  const ticket = ticketOf('relay', new URL(req.originalUrl, 'http://session').searchParams);
  if (ticket === undefined) return sendProblem(req, res, BAD_REQUEST);
  const address = clientAddress(req, options.trustProxy);
  if (!live.admits('relay', ticket, address)) return sendProblem(req, res, WRONG_KEY);
  return serveFirstFlight({
    req,
    res,
    linkId: ticket.id,
    address,
    target: live,
    metrics: options.metrics,
  });
}

/** Phones offer to install what has this type. */
function sendCertificate(pem: string): RequestHandler {
  const { raw } = new X509Certificate(pem);
  return (_req, res) => {
    res.set({
      'content-type': 'application/x-x509-ca-cert',
      'content-disposition': 'attachment; filename="wingman.crt"',
      'cache-control': 'no-store',
    });
    res.end(raw);
  };
}

/** A top-level navigation gets the shell; it shows the app in an iframe, which is another destination. */
export function isNavigation(req: Request): boolean {
  return req.method === 'GET' && req.headers['sec-fetch-dest'] === 'document';
}
