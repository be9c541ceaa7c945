import { deferred, type Deferred } from '@wingman/protocol';
import { receiveStream, sendStream } from '@wingman/protocol/ports';
import { HANDOVER_CACHE } from '../caches.js';
import type { FetchAnswer, NetworkAnswer, RequestInfoParts, ToEmulation } from '../messages.js';
import { FetchEvent } from './events.js';
import type { ServiceWorkerPort } from './service-worker-port.js';

/** The global scope of the dedicated worker. */
export type Scope = DedicatedWorkerGlobalScope & typeof globalThis;

/** Fetch events of the app worker: dispatches them, and sends back what the handlers answer. */
export class FetchEvents {
  readonly #aborts = new Map<number, AbortController>();
  readonly #openCache: CacheStorage['open'];

  /** Make it before the tunnel's caches are hidden in the scope. */
  constructor(
    private readonly scope: Scope,
    private readonly port: ServiceWorkerPort,
  ) {
    this.#openCache = scope.caches.open.bind(scope.caches);
  }

  dispatch(message: Extract<ToEmulation, { kind: 'fetch' }>): void {
    const { id, clientId, resultingClientId } = message;
    const abort = new AbortController();
    const request = eventRequest(message, abort.signal, this.scope.location.origin);
    const handled = deferred<undefined>();
    const event = new FetchEvent('fetch', {
      ...{ request, clientId, resultingClientId, handled: handled.promise },
    });
    this.scope.dispatchEvent(event);
    event.close();
    event.settled.catch((error: unknown) => console.error(error));
    if (event.answer === undefined) {
      const kind = event.defaultPrevented ? 'error' : 'unhandled';
      settle(handled, kind === 'unhandled');
      return this.port.post({ kind, id });
    }
    this.port.post({ kind: 'taken', id });
    this.#aborts.set(id, abort);
    void this.#answer(id, event.answer).then((isOk) => {
      this.#aborts.delete(id);
      settle(handled, isOk);
    });
  }

  abort(id: number): void {
    this.#aborts.get(id)?.abort();
  }

  async #answer(id: number, promised: Promise<Response>): Promise<boolean> {
    try {
      const [answer, transfer] = await this.#answerOf(id, await promised);
      this.port.post(answer, transfer);
      return answer.kind !== 'error';
    } catch (error) {
      if (!(error instanceof DOMException && error.name === 'AbortError')) console.error(error);
      this.port.post({ kind: 'error', id });
      return false;
    }
  }

  async #answerOf(id: number, response: unknown): Promise<[FetchAnswer, Transferable[]]> {
    if (!(response instanceof Response)) {
      throw new TypeError('respondWith() was given something that is no Response.');
    }
    if (response.type === 'error') return [{ kind: 'error', id }, []];
    if (response.bodyUsed) {
      throw new TypeError('respondWith() was given a Response whose body is already used.');
    }
    if (response.status === 0) return [await this.#store(id, response), []];
    const { status, statusText } = response;
    const body = sendStream(response.body);
    const head = { status, statusText, headers: [...response.headers] };
    return [{ kind: 'answer', id, head, body }, body === null ? [] : [body]];
  }

  /** Nobody can copy an opaque response, and a cache can hold it. */
  async #store(id: number, response: Response): Promise<FetchAnswer> {
    const key = `/__wingman/handover/${crypto.randomUUID()}`;
    const cache = await this.#openCache(HANDOVER_CACHE);
    await cache.put(key, response);
    return { kind: 'stored', id, key };
  }
}

/** Settles `FetchEvent.handled`. */
function settle(handled: Deferred<undefined>, isOk: boolean): void {
  if (isOk) handled.resolve(undefined);
  else handled.reject(new TypeError('the response failed'));
}

/** `fetch` of the app worker: the browser's own, which passes the tunnel, except for navigations. */
export function makeFetch(scope: Scope, port: ServiceWorkerPort): typeof fetch {
  const native = scope.fetch.bind(scope);
  return async (input: RequestInfo | URL, init?: RequestInit) => {
    const event = init === undefined ? navigationOf(input) : undefined;
    if (event === undefined) return native(input, init);
    // The service worker answers this ask with a NetworkAnswer.
    const answer = (await port.ask({ op: 'network', event })) as NetworkAnswer;
    if (answer.kind === 'response') return received(answer);
    // The browser's own response (Fetch, "opaque-redirect filtered response"), which caches take, too.
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

/** The parts of a fetch event's request that no constructor takes. */
interface Dress {
  parts: RequestInfoParts;
  event: number;
}

const dresses = new WeakMap<Request, Dress>();

/** A Request that also says `navigate`, its destination and all its headers. */
function eventRequest(
  { id, request: parts, body }: Extract<ToEmulation, { kind: 'fetch' }>,
  signal: AbortSignal,
  origin: string,
): Request {
  const { url, method, credentials, cache, redirect, integrity, keepalive } = parts;
  const request = new Request(url, {
    ...{ method, credentials, cache, redirect, integrity, keepalive, signal, body },
    mode: sendableMode(parts, origin),
    headers: parts.headers,
    referrer: parts.referrer,
    referrerPolicy: parts.referrerPolicy,
  });
  return dress(request, { parts, event: id });
}

/** The fetch event whose navigation this is; undefined for what can be fetched as usual. */
function navigationOf(input: unknown): number | undefined {
  const found = input instanceof Request ? dresses.get(input) : undefined;
  return found?.parts.mode === 'navigate' ? found.event : undefined;
}

/** No script can make a navigation; and a request without CORS can have a range only if it stays on its origin. */
function sendableMode({ mode, headers, url }: RequestInfoParts, origin: string): RequestMode {
  if (mode === 'navigate') return 'same-origin';
  const hasRange = headers.some(([name]) => name === 'range');
  const isOwn = new URL(url).origin === origin;
  return mode === 'no-cors' && hasRange && isOwn ? 'same-origin' : mode;
}

function dress(request: Request, clothes: Dress): Request {
  const { mode, destination, headers } = clothes.parts;
  dresses.set(request, clothes);
  return Object.defineProperties(request, {
    mode: { value: mode },
    destination: { value: destination },
    headers: { value: new Headers(headers) },
    clone: { value: () => dress(Request.prototype.clone.call(request), clothes) },
  });
}
