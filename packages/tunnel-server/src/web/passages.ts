import {
  ARRIVAL_COOKIE,
  BoundedMap,
  DOOR_PREFIX,
  isLinkId,
  NOT_FOUND,
  parseCookies,
  portSessionName,
  type Clock,
} from '@wingman/protocol';
import { Router, type Request } from 'express';
import { randomBytes } from 'node:crypto';
import { SERVER_LIMITS } from '../limits.js';
import { isSameSecret } from '../sessions/registration.js';
import type { SessionRegistry } from '../sessions/session-registry.js';
import { viewerCookie, viewerIdOf } from './client-identity.js';
import { sendProblem } from './problems.js';
import type { SessionResponse } from './session-routes.js';

/** A browser on its way from the main session to the session of another port. */
interface Passage {
  readonly session: string;
  readonly viewerId: string;
  /** What the browser has to show there, in a cookie of that origin. */
  readonly arrival: string;
  /** On the clock. */
  readonly endsAt: number;
}

/**
 * Takes the id of a browser from the main session to another port's, so that a visitor is the same at both. Scripts see
 * nothing of it: it is two redirects, and cookies with HttpOnly. A ticket is good once, and only in the browser
 * that has begun the passage, so nobody can have another browser go by an id of theirs.
 */
export function passageRoutes({
  clock,
  registry,
}: {
  readonly clock: Clock;
  readonly registry: Pick<SessionRegistry, 'lookup'>;
}): Router {
  const passages = new BoundedMap<string, Passage>(SERVER_LIMITS.passages);
  const router = Router({ caseSensitive: true });
  router.get(`${DOOR_PREFIX}:port/pass`, (req, res: SessionResponse) => {
    const session = portSessionName(res.locals.live.session.name, Number(req.params.port));
    const found = registry.lookup(session);
    if (found.found !== 'session') return sendProblem(req, res, NOT_FOUND);
    const { origin } = found.session.session;
    const [viewerId, arrival] = [viewerIdOf(req), queryOf(req).get('for') ?? ''];
    // Without these two the visitor comes as a stranger.
    if (viewerId === '' || !isLinkId(arrival) || !isNavigating(req)) {
      return res.redirect(targetAt(origin, req));
    }
    const ticket = randomBytes(16).toString('hex');
    const endsAt = clock.now() + SERVER_LIMITS.passageMs;
    passages.set(ticket, { session, viewerId, arrival, endsAt });
    const { search } = new URL(req.originalUrl, origin);
    return res.redirect(`${origin}${DOOR_PREFIX}arrive/${ticket}${search}`);
  });
  router.get(`${DOOR_PREFIX}arrive/:ticket`, (req, res: SessionResponse) => {
    const { name, origin } = res.locals.live.session;
    const passage = passages.get(req.params.ticket);
    passages.delete(req.params.ticket);
    const isOurs =
      passage?.session === name &&
      passage.endsAt > clock.now() &&
      isSameSecret(passage.arrival, arrivalOf(req));
    // Scripts of the app that comes next would see it.
    res.append('set-cookie', `${ARRIVAL_COOKIE}=; Path=/; Secure; Max-Age=0`);
    if (isOurs) res.append('set-cookie', viewerCookie(passage.viewerId));
    return res.redirect(targetAt(origin, req));
  });
  return router;
}

/** A script's request could follow the redirect for somebody else; a navigation shows its URL to no script. */
function isNavigating({ headers }: Request): boolean {
  return headers['sec-fetch-mode'] === 'navigate';
}

function arrivalOf({ headers }: Request): string {
  return parseCookies(headers.cookie ?? '').find(([name]) => name === ARRIVAL_COOKIE)?.[1] ?? '';
}

/** What the visitor wants to see at an origin. */
function targetAt(origin: string, req: Request): string {
  const to = queryOf(req).get('to') ?? '';
  const url = new URL(origin + (to.startsWith('/') ? to : '/'));
  // The browser keeps the fragment of the request, which has the key.
  url.hash = '';
  return url.href;
}

function queryOf({ originalUrl }: Request): URLSearchParams {
  return new URL(originalUrl, 'http://session').searchParams;
}
