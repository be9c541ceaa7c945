import { timingSafeEqual } from 'node:crypto';
import { TOKEN_FIELD } from '@wingman/inspector';
import type { NextFunction, Request, RequestHandler, Response } from 'express';

/** Where the inspector answers. */
export interface InspectorAddress {
  readonly port: number;
  /** What the page shows to be allowed anything. */
  readonly token: string;
}

/** The one address. `localhost` is not it: the tunnel calls each port of this machine that, and other names may be rebound. */
export function authorityOf({ port }: Pick<InspectorAddress, 'port'>): string {
  return `127.0.0.1:${port}`;
}

/** Lets in only who names the inspector's own address, and is no other site. */
export function guardOrigin(address: () => InspectorAddress): RequestHandler {
  return (request, response, next) => {
    const authority = authorityOf(address());
    if (request.headers.host !== authority) return elsewhere(request, response, address().port);
    const { origin } = request.headers;
    if (origin !== undefined && origin !== `http://${authority}`) return refuse(response);
    if (!isSameSite(request)) return refuse(response);
    next();
  };
}

/** Lets in only who shows the token that is in the page, which no other site can read. */
export function guardToken(address: () => InspectorAddress): RequestHandler {
  return (request: Request, response: Response, next: NextFunction) => {
    const shown = Buffer.from(String(request.headers[TOKEN_FIELD] ?? ''));
    const token = Buffer.from(address().token);
    if (shown.length !== token.length || !timingSafeEqual(shown, token)) return refuse(response);
    next();
  };
}

/** A person who follows a link to the page comes from another site, and gets the page alone. */
function isSameSite({ headers, path }: Request): boolean {
  const site = headers['sec-fetch-site'];
  if (site === undefined || site === 'none' || site === 'same-origin') return true;
  return path === '/' && headers['sec-fetch-dest'] === 'document';
}

/** Whoever types `localhost` is sent to the address; any other name has been made to lead here by somebody else. */
function elsewhere(request: Request, response: Response, port: number): void {
  const isTyped = request.headers.host === `localhost:${port}` && request.path === '/';
  if (isTyped) return response.redirect(307, `http://127.0.0.1:${port}/`);
  response.status(421).type('text').send('This is not the inspector’s address.\n');
}

function refuse(response: Response): void {
  response.status(403).type('text').send('Open the inspector’s own page.\n');
}
