import { WingmanError } from '@wingman/protocol';
import { REQUEST_ID } from '../shared/given-up.js';
import { BROWSER_LIMITS } from '../shared/limits.js';
import { BoundedMap } from './bounded-map.js';
import type { TunnelFetch } from './tunnel-fetch.js';

/** Requests that a page may give up before there is an answer, by their id. */
export class GivenUp {
  readonly #exchanges = new Map<string, Pick<TunnelFetch, 'abort'>>();
  /** Given up before their exchange had begun: the word may overtake the request. */
  readonly #early = new BoundedMap<string, true>(BROWSER_LIMITS.maxGivenUp);

  add(request: Pick<Request, 'headers'>, exchange: Pick<TunnelFetch, 'abort' | 'done'>): void {
    const id = request.headers.get(REQUEST_ID);
    if (id === null) return;
    if (this.#early.get(id) === true) return abort(exchange);
    this.#exchanges.set(id, exchange);
    void exchange.done.then(() => this.#exchanges.delete(id));
  }

  giveUp(id: string): void {
    const exchange = this.#exchanges.get(id);
    if (exchange === undefined) this.#early.set(id, true);
    else abort(exchange);
  }
}

function abort(exchange: Pick<TunnelFetch, 'abort'>): void {
  exchange.abort(new WingmanError('CANCELLED', 'the page gave up'));
}
