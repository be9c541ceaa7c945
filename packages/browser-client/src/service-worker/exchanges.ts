import { WingmanError } from '@wingman/protocol';
import { SERVICE_WORKER_LIMITS } from '../shared/limits.js';
import type { TunnelFetch } from './tunnel-fetch.js';

/** The client whose end is also the end of its request. A navigation has no client yet, and a beacon outlives its client. */
export function ownerOf(request: Request, clientId: string): string | undefined {
  return request.mode === 'navigate' || request.keepalive || clientId === '' ? undefined : clientId;
}

/** Exchanges under way, by tab. When a tab closes, its exchanges end with an error and don't hang. */
export class Exchanges {
  readonly #byTab = new Map<string, Set<TunnelFetch>>();
  #watch: ReturnType<typeof setInterval> | undefined;

  /** The client id of the document or worker that waits for each answer. */
  readonly #owners = new Map<TunnelFetch, string>();

  constructor(
    private readonly isGone: (tab: string) => Promise<boolean>,
    private readonly isClientGone: (clientId: string) => Promise<boolean>,
  ) {}

  /** `owner` is the client that waits for the answer; undefined when the request may outlive its client. */
  add(tab: string, exchange: TunnelFetch, owner?: string): void {
    if (owner !== undefined) this.#owners.set(exchange, owner);
    const exchanges = this.#byTab.get(tab) ?? new Set();
    this.#byTab.set(tab, exchanges.add(exchange));
    this.#watch ??= setInterval(() => void this.sweep(), SERVICE_WORKER_LIMITS.keepAliveMs);
    void exchange.done.then(() => this.#remove(tab, exchange));
  }

  /** Ends the exchanges of tabs that are gone, and the exchanges for which nobody waits any more. */
  async sweep(): Promise<void> {
    for (const tab of [...this.#byTab.keys()]) {
      if (await this.isGone(tab)) this.end(tab, 'the tab that carried this was closed');
    }
    for (const [exchange, owner] of [...this.#owners]) {
      if (!(await this.isClientGone(owner))) continue;
      exchange.abort(new WingmanError('CANCELLED', 'the page that asked is gone'));
    }
  }

  /** Ends with LINK_LOST what goes through the tunnel of a tab. */
  end(tab: string, why: string): void {
    const error = new WingmanError('LINK_LOST', why);
    for (const exchange of [...(this.#byTab.get(tab) ?? [])]) exchange.abort(error);
  }

  #remove(tab: string, exchange: TunnelFetch): void {
    this.#owners.delete(exchange);
    const exchanges = this.#byTab.get(tab);
    exchanges?.delete(exchange);
    if (exchanges?.size === 0) this.#byTab.delete(tab);
    if (this.#byTab.size > 0) return;
    clearInterval(this.#watch);
    this.#watch = undefined;
  }
}
