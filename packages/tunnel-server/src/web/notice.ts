import { escapeHtml, NOTICE_COOKIE, ownPageHeaders, parseCookies } from '@wingman/protocol';
import type { Request, Response } from 'express';
import { inlineHashes } from './inline-hashes.js';

/** The longest that a session lives. */
const MAX_AGE_SECONDS = 14 * 24 * 60 * 60;
const ACCEPTED = `${NOTICE_COOKIE}=on; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=${MAX_AGE_SECONDS}`;

/** The field of the notice's form. It holds the query of the page that was asked for, in base64url. */
const FIELD = 'wingman-notice';
const GOING_ON = new RegExp(`^([^?]*)\\?${FIELD}=([\\w-]*)$`);
/** A query, or none: nothing that would end the URL's query. */
const QUERY = /^(?:\?[!-"$-~]*)?$/;

/**
 * Shows each browser once in each session, to whoever opens a tab there, that what follows is not the operator's. `origin`
 * is the session's own. The page needs no script, and the server never sees the link key that it has to hand on: a form
 * without an action and a redirect without a fragment both keep the fragment of the URL (HTML section 4.10.21.3; Fetch,
 * "HTTP-redirect fetch").
 */
export function meetByNotice(req: Request, res: Response, origin: string): boolean {
  if (hasAccepted(req)) return false;
  const next = goingOnTo(req);
  if (next === undefined) sendNotice(req, res);
  else res.writeHead(303, { location: origin + next, 'set-cookie': ACCEPTED }).end();
  return true;
}

function hasAccepted({ headers }: Request): boolean {
  return parseCookies(headers.cookie ?? '').some(([name]) => name === NOTICE_COOKIE);
}

/** The page that a browser's user goes on to; undefined when the form was not sent. A link of another site can't stand for it. */
function goingOnTo({ headers, originalUrl }: Request): string | undefined {
  const [, path = '', query = ''] = GOING_ON.exec(originalUrl) ?? [];
  if (path === '' || headers['sec-fetch-site'] !== 'same-origin') return undefined;
  const decoded = Buffer.from(query, 'base64url').toString();
  return QUERY.test(decoded) ? path + decoded : undefined;
}

function sendNotice(req: Request, res: Response): void {
  const query = /\?.*/.exec(req.originalUrl)?.[0] ?? '';
  const page = noticePage(req.headers.host ?? '', Buffer.from(query).toString('base64url'));
  res.writeHead(200, { ...noticeHeaders(page), 'content-length': Buffer.byteLength(page) });
  res.end(page);
}

function noticeHeaders(page: string): Record<string, string> {
  return {
    ...ownPageHeaders({
      'style-src': inlineHashes(page, 'style'),
      'form-action': "'self'",
      'frame-ancestors': "'none'",
    }),
    'content-type': 'text/html; charset=utf-8',
    // The same URL is the app for everything but a top-level navigation.
    vary: 'Sec-Fetch-Dest, Cookie',
  };
}

function noticePage(host: string, query: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Somebody shares an app with you</title>
<style>:root{color-scheme:light dark}body{margin:0;min-height:100vh;display:grid;place-items:center;font:16px/1.55 system-ui,sans-serif}main{max-width:34rem;padding:2rem}code{font:14px ui-monospace,monospace;overflow-wrap:anywhere}button{font:inherit;padding:.5rem 1.2rem;cursor:pointer}small{opacity:.7}</style>
<main>
<h1>Somebody shares an app with you</h1>
<p>Behind this page is an app that is under development, on the machine of whoever has sent you the link. This server only passes it on: it has neither made nor checked what you are about to see.</p>
<p><b>Go on only if you know who has sent you the link.</b> Don’t type a password here that you use elsewhere.</p>
<p><code>${escapeHtml(host)}</code></p>
<form><input type="hidden" name="${FIELD}" value="${query}"><button autofocus>Go on to the app</button></form>
<p><small>You are asked once in each session. This page comes from the operator of the server, not from the app.</small></p>
</main>
</html>
`;
}
