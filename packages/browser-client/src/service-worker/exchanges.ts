import { WingmanError } from '@wingman/protocol';
import { BROWSER_LIMITS } from '../shared/limits.js';
import type { TunnelFetch } from './tunnel-fetch.js';

/** Exchanges under way, by tab: when a tab closes, what it carried must end with an error and not hang. */
export class Exchanges {
  readonly #byTab = new Map<string, Set<TunnelFetch>>();
  #watch: ReturnType<typeof setInterval> | undefined;

  constructor(private readonly isGone: (tab: string) => Promise<boolean>) {}

  add(tab: string, exchange: TunnelFetch): void {
    const exchanges = this.#byTab.get(tab) ?? new Set();
    this.#byTab.set(tab, exchanges.add(exchange));
    this.#watch ??= setInterval(() => void this.sweep(), BROWSER_LIMITS.keepAliveMs);
    void exchange.done.then(() => this.#remove(tab, exchange));
  }

  /** Ends what went through tabs that are gone. */
  async sweep(): Promise<void> {
    for (const [tab, exchanges] of [...this.#byTab]) {
      if (!(await this.isGone(tab))) continue;
      const error = new WingmanError('LINK_LOST', 'the tab that carried this was closed');
      for (const exchange of [...exchanges]) exchange.abort(error);
    }
  }

  #remove(tab: string, exchange: TunnelFetch): void {
    const exchanges = this.#byTab.get(tab);
    exchanges?.delete(exchange);
    if (exchanges?.size === 0) this.#byTab.delete(tab);
    if (this.#byTab.size > 0) return;
    clearInterval(this.#watch);
    this.#watch = undefined;
  }
}
