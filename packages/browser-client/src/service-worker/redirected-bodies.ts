import { BoundedMap, WingmanError } from '@wingman/protocol';
import { SERVICE_WORKER_LIMITS } from '../shared/limits.js';
import { openBlob, openBody, type RequestBody } from './request-body.js';

/** What of a FetchEvent tells one request from others. */
export interface Redirectable {
  readonly request: Request;
  readonly clientId: string;
}

/** Redirects after which a browser sends the same again, body included (Fetch section 4.4, "HTTP-redirect fetch"). */
const KEEPS_BODY = [307, 308];

/** A body that was sent; undefined when it was too large to be there twice. */
interface Kept {
  readonly copy: Blob | undefined;
  /** In milliseconds since 1970. */
  readonly until: number;
}

/**
 * The bodies of requests: those that a page has sent, and those that it should have. WebKit leaves out the body where it
 * follows a redirect that a service worker has answered with.
 */
export class RedirectedBodies {
  /** By what a redirect has asked for. */
  readonly #kept = new BoundedMap<string, Kept>(SERVICE_WORKER_LIMITS.maxRedirectedBodies);

  /** Fails with LINK_LOST when the body was too large to be there a second time. */
  async open({ request, clientId }: Redirectable): Promise<RequestBody> {
    const body = await openBody(request);
    const key = keyOf(clientId, request.method, request.url);
    const kept = this.#kept.get(key);
    this.#kept.delete(key);
    const isOver = kept === undefined || Date.now() >= kept.until;
    if (body.chunks !== undefined || isOver) return body;
    if (kept.copy === undefined) throw new WingmanError('LINK_LOST', 'the redirected body is gone');
    return openBlob(kept.copy);
  }

  /** Keeps a body that was sent, if the answer asks for it elsewhere. */
  keep({ request, clientId }: Redirectable, answer: Response, { chunks, copy }: RequestBody): void {
    const location = answer.headers.get('location');
    if (chunks === undefined || location === null || !KEEPS_BODY.includes(answer.status)) return;
    if (!isFollowed(request)) return;
    const until = Date.now() + SERVICE_WORKER_LIMITS.redirectedBodyMs;
    this.#kept.set(keyOf(clientId, request.method, location), { copy, until });
  }
}

/** Whether the browser itself asks again. A page that takes redirects into its own hands sends what it wants. */
function isFollowed({ mode, redirect }: Request): boolean {
  return mode === 'navigate' || redirect === 'follow';
}

function keyOf(clientId: string, method: string, url: string): string {
  return [clientId, method, url.replace(/#.*/s, '')].join(' ');
}
