import { WingmanError } from '@wingman/protocol';
import { SERVICE_WORKER_LIMITS } from '../shared/limits.js';
import type { TunnelFetch } from './tunnel-fetch.js';

/** Whose end is a request's end too: not that of a navigation, whose client is yet to be, nor of a beacon. */
export function ownerOf(request: Request, clientId: string): string | undefined {
  return request.mode === 'navigate' || request.keepalive || clientId === '' ? undefined : clientId;
}

/** Exchanges under way, by tab: when a tab closes, what it carried must end with an error and not hang. */
export class Exchanges {
  readonly #byTab = new Map<string, Set<TunnelFetch>>();
  #watch: ReturnType<typeof setInterval> | undefined;

  /** Documents and workers that wait for an answer. */
  readonly #owners = new Map<TunnelFetch, string>();

  constructor(
    private readonly isGone: (tab: string) => Promise<boolean>,
    private readonly isClientGone: (clientId: string) => Promise<boolean>,
  ) {}

  /** `owner` is the client id of what waits for the answer, if the request is not to outlive it. */
  add(tab: string, exchange: TunnelFetch, owner?: string): void {
    if (owner !== undefined) this.#owners.set(exchange, owner);
    const exchanges = this.#byTab.get(tab) ?? new Set();
    this.#byTab.set(tab, exchanges.add(exchange));
    this.#watch ??= setInterval(() => void this.sweep(), SERVICE_WORKER_LIMITS.keepAliveMs);
    void exchange.done.then(() => this.#remove(tab, exchange));
  }

  /** Ends what went through tabs that are gone, and what nobody waits for any more. */
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
