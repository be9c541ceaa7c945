import type { ExchangeSummary, FeedEvent, Sample, ViewersState } from '../api/index.js';

/** Samples that are kept of a viewer, one a second: ten minutes, as at the host. */
const SAMPLES = 600;

/** Everything that the host has told, in the form in which the page shows it. */
export class InspectorState {
  readonly #exchanges = new Map<number, ExchangeSummary>();
  #sorted: ExchangeSummary[] | undefined;
  #viewers: ViewersState = { viewers: [], visitors: [], samples: {} };

  /** In the order of their numbers. */
  get exchanges(): readonly ExchangeSummary[] {
    this.#sorted ??= [...this.#exchanges.values()].sort((one, other) => one.id - other.id);
    return this.#sorted;
  }

  get viewers(): ViewersState {
    return this.#viewers;
  }

  get(id: number): ExchangeSummary | undefined {
    return this.#exchanges.get(id);
  }

  /** The host is back, and tells everything anew; it may be another one, which counts from 1. */
  restart(): void {
    this.#exchanges.clear();
    this.#sorted = undefined;
    this.#viewers = { viewers: [], visitors: [], samples: {} };
  }

  apply(event: FeedEvent): void {
    if (event.event === 'viewers') return this.#applyViewers(event.state);
    this.#sorted = undefined;
    if (event.event === 'cleared') return this.#exchanges.clear();
    if (event.event === 'forgotten') return this.#forget(event.before);
    for (const exchange of event.exchanges) this.#exchanges.set(exchange.id, exchange);
  }

  #forget(before: number): void {
    for (const id of this.#exchanges.keys()) if (id < before) this.#exchanges.delete(id);
  }

  /** After the first time only the newest samples come. */
  #applyViewers(state: ViewersState): void {
    const samples = Object.entries(state.samples).map(([id, news]) => {
      const known = this.#viewers.samples[id] ?? [];
      const last = known.at(-1)?.at ?? 0;
      const later = news.filter(({ at }: Sample) => at > last);
      return [id, [...known, ...later].slice(-SAMPLES)] as const;
    });
    this.#viewers = { ...state, samples: Object.fromEntries(samples) };
  }
}
