import { BoundedMap, deferred, WingmanError } from '@wingman/protocol';
import { SERVICE_WORKER_LIMITS } from '../shared/limits.js';
import { REQUEST_ID } from '../shared/request-fields.js';
import type { TunnelFetch } from './tunnel-fetch.js';

/** Requests that a page can give up before there is an answer, by request id. */
export class GivenUp {
  readonly #exchanges = new Map<string, Pick<TunnelFetch, 'abort'>>();
  /** The latest ids that were given up: the message about a request may come before the request. */
  readonly #given = new BoundedMap<string, true>(SERVICE_WORKER_LIMITS.maxGivenUp);

  add(request: Pick<Request, 'headers'>, exchange: Pick<TunnelFetch, 'abort' | 'done'>): void {
    const id = request.headers.get(REQUEST_ID);
    if (id === null) return;
    if (this.#given.get(id) === true) return abort(exchange);
    this.#exchanges.set(id, exchange);
    void exchange.done.then(() => {
      // An app worker may have passed the request on, as another exchange with the same id.
      if (this.#exchanges.get(id) === exchange) this.#exchanges.delete(id);
    });
  }

  /** Does something for a request. The signal is aborted when the page gives the request up meanwhile. */
  async during<T>(
    request: Pick<Request, 'headers'>,
    act: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const controller = new AbortController();
    const done = deferred<void>();
    this.add(request, { abort: () => controller.abort(), done: done.promise });
    try {
      return await act(controller.signal);
    } finally {
      done.resolve();
    }
  }

  giveUp(id: string): void {
    this.#given.set(id, true);
    const exchange = this.#exchanges.get(id);
    if (exchange !== undefined) abort(exchange);
  }

  /** Whether the page has given the request up. */
  has(request: Pick<Request, 'headers'>): boolean {
    const id = request.headers.get(REQUEST_ID);
    return id !== null && this.#given.get(id) === true;
  }
}

/** The answer to a request that was given up. Firefox would report a network error in the console. */
export function nobodyWaits(): Response {
  return new Response(null, { status: 204 });
}

function abort(exchange: Pick<TunnelFetch, 'abort'>): void {
  exchange.abort(new WingmanError('CANCELLED', 'the page gave up'));
}
