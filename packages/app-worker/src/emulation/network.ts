import type { NetworkAnswer } from '../messages.js';
import { receiveStream } from '@wingman/protocol/ports';
import type { Link } from './emulation.js';
import { navigationOf } from './event-request.js';

/** `fetch` for the app's worker: the browser's own, which goes through the tunnel, but for navigations. */
export function makeFetch(link: Link): typeof fetch {
  const native = self.fetch.bind(self);
  return async (input: RequestInfo | URL, init?: RequestInit) => {
    const event = init === undefined ? navigationOf(input) : undefined;
    if (event === undefined) return native(input, init);
    // The other side answers this question so.
    const answer = (await link.ask({ op: 'network', event })) as NetworkAnswer;
    if (answer.kind === 'response') return received(answer);
    // The real thing (Fetch, "opaque-redirect filtered response"), which caches take too.
    return native(answer.url, { redirect: 'manual' });
  };
}

function received({ head, url, body }: Extract<NetworkAnswer, { kind: 'response' }>): Response {
  const { status, statusText, headers } = head;
  const stream = body === null ? null : receiveStream(body);
  return withPlace(new Response(stream, { status, statusText, headers }), url);
}

/** Caching rules of apps look at the type and the URL. */
function withPlace(response: Response, url: string): Response {
  return Object.defineProperties(response, {
    type: { value: 'basic' },
    url: { value: url },
    clone: { value: () => withPlace(Response.prototype.clone.call(response), url) },
  });
}
