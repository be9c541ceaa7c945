import type { ErrorCode, ExchangeObserver } from '@wingman/protocol';

/** How often something was refused or cut off, by code. */
export type Refusals = Readonly<Partial<Record<ErrorCode, number>>>;

/** Ends of an exchange under way that one of our own limits brings about. */
const CUT_OFF: ReadonlySet<ErrorCode> = new Set(['LIMIT_EXCEEDED', 'TIMEOUT', 'VISITOR_REFUSED']);

/** Counts what a host refuses and cuts off. There are no more entries than codes. */
export class RefusalCount {
  readonly #counts = new Map<ErrorCode, number>();

  /** Sees the exchanges. What stands before them (a tab without the key, one too many) is told by `add`. */
  readonly observer: ExchangeObserver = () => ({
    end: (end) => {
      if (end.outcome === 'refused') this.add(end.code);
      if (end.outcome === 'aborted' && CUT_OFF.has(end.code)) this.add(end.code);
    },
  });

  add(code: ErrorCode): void {
    this.#counts.set(code, (this.#counts.get(code) ?? 0) + 1);
  }

  /** So far, the most frequent first. */
  get all(): Refusals {
    return Object.fromEntries([...this.#counts].sort(([, left], [, right]) => right - left));
  }
}
