import { BoundedMap, deferred, WingmanError } from '@wingman/protocol';
import { SERVICE_WORKER_LIMITS } from '../shared/limits.js';
import { REQUEST_ID } from '../shared/request-fields.js';
import type { TunnelFetch } from './tunnel-fetch.js';

/** Requests that a page may give up before there is an answer, by their id. */
export class GivenUp {
  readonly #exchanges = new Map<string, Pick<TunnelFetch, 'abort'>>();
  /** The latest that were given up: the word may overtake the request. */
  readonly #given = new BoundedMap<string, true>(SERVICE_WORKER_LIMITS.maxGivenUp);

  add(request: Pick<Request, 'headers'>, exchange: Pick<TunnelFetch, 'abort' | 'done'>): void {
    const id = request.headers.get(REQUEST_ID);
    if (id === null) return;
    if (this.#given.get(id) === true) return abort(exchange);
    this.#exchanges.set(id, exchange);
    void exchange.done.then(() => {
      // What a worker of the app has passed on is another exchange by then.
      if (this.#exchanges.get(id) === exchange) this.#exchanges.delete(id);
    });
  }

  /** Does what takes a signal for the same; it is aborted when the page gives up before that is done. */
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

  /** Whether nobody waits for the answer any more. */
  has(request: Pick<Request, 'headers'>): boolean {
    const id = request.headers.get(REQUEST_ID);
    return id !== null && this.#given.get(id) === true;
  }
}

/** What answers a request that was given up: of a network error Firefox would tell in the console. */
export function nobodyWaits(): Response {
  return new Response(null, { status: 204 });
}

function abort(exchange: Pick<TunnelFetch, 'abort'>): void {
  exchange.abort(new WingmanError('CANCELLED', 'the page gave up'));
}
