import { REFERRER_MARK, type Past } from '../shared/shell-api.js';
import type { AppFrame } from './app-frame.js';
import { withoutHash } from './link-key.js';

const STORAGE_KEY = 'wingman.past';

/** Where the tab's first page has come from; empty when it doesn't say. To be asked before there is a FirstPage. */
export function referrerOf(tab: Window): string {
  const { document } = tab;
  const mark = document.querySelector<HTMLMetaElement>(`meta[name="${REFERRER_MARK}"]`);
  return readKept(tab)?.referrer ?? mark?.content ?? document.referrer;
}

/** What is kept of the app's page while the tab is loaded again. */
interface Kept extends Past {
  url: string;
}

/**
 * Gives the first page of a tab what it would have without the shell: where the tab has come from, and
 * after a reload its `history.state` and how far it was scrolled.
 */
export class FirstPage {
  readonly #kept: Kept | undefined;
  /** As `referrerOf`. */
  readonly referrer: string;
  #isOver = false;

  constructor(private readonly tab: Window) {
    this.#kept = readKept(tab);
    this.referrer = referrerOf(tab);
    forget(tab);
  }

  /** For the page at this URL; undefined when it isn't the first. */
  pastOf(url: string): Past | undefined {
    if (this.#isOver) return undefined;
    if (this.#kept?.url === url) return this.#kept;
    return { referrer: this.referrer, state: null, scroll: null };
  }

  /** The first page has loaded. */
  loaded(): void {
    this.#isOver = true;
  }

  /** Keeps what the tab shows for its next load. */
  keep({ url, window: app }: AppFrame): void {
    if (url === undefined || app === undefined) return;
    const { document, history, scrollX, scrollY } = app;
    const state: unknown = history.state;
    const scroll: [number, number] = [scrollX, scrollY];
    const kept: Kept = { url, referrer: document.referrer, state, scroll };
    try {
      this.tab.sessionStorage.setItem(STORAGE_KEY, JSON.stringify(kept));
    } catch {
      // No room, or a state that is no JSON: the page then starts anew.
    }
  }
}

/** Undefined too when the tab has gone elsewhere meanwhile. */
function readKept({ location, performance, sessionStorage }: Window): Kept | undefined {
  try {
    const text = sessionStorage.getItem(STORAGE_KEY);
    const [entry] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
    if (text === null || entry?.type === 'navigate') return undefined;
    const kept = JSON.parse(text) as Kept;
    return withoutHash(kept.url) === withoutHash(location.href) ? kept : undefined;
  } catch {
    return undefined;
  }
}

function forget(tab: Window): void {
  try {
    tab.sessionStorage.removeItem(STORAGE_KEY);
  } catch {
    // Nothing is kept where nothing can be.
  }
}
