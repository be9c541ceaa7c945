import { isLinkId, newLinkId, parseCookies, VIEWER_COOKIE } from '@wingman/protocol';
import type { IncomingMessage } from 'node:http';

/** The longest that browsers keep a cookie: 400 days. */
const MAX_AGE_SECONDS = 400 * 24 * 60 * 60;

/** Who sends this request, by its cookie: 32 lower-case hex characters; empty when it has none. */
export function viewerIdOf({ headers }: IncomingMessage): string {
  const pairs = parseCookies(headers.cookie ?? '');
  return pairs.find(([name, id]) => name === VIEWER_COOKIE && isLinkId(id))?.[1] ?? '';
}

/**
 * The Set-Cookie line that gives a browser its id; none when it has one. HttpOnly, so that no script
 * of the app can take it elsewhere; Lax, so that another site's requests come without it.
 */
export function newViewerCookie(req: IncomingMessage): string[] {
  if (viewerIdOf(req) !== '') return [];
  const attributes = `Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=${MAX_AGE_SECONDS}`;
  return [`${VIEWER_COOKIE}=${newLinkId()}; ${attributes}`];
}
