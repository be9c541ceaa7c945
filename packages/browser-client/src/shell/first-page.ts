import { REFERRER_MARK, type Past } from '../shared/shell-api.js';
import type { AppFrame } from './app-frame.js';
import { withoutHash } from './link-key.js';

const STORAGE_KEY = 'wingman.past';

/**
 * The URL that the tab's first page was opened from; empty when it is unknown. Call this before there is a
 * FirstPage, which removes what is read here.
 */
export function referrerOf(tab: Window): string {
  const { document } = tab;
  const mark = document.querySelector<HTMLMetaElement>(`meta[name="${REFERRER_MARK}"]`);
  return readKept(tab)?.referrer ?? mark?.content ?? document.referrer;
}

/** What the tab keeps of the app's page over a reload. */
interface Kept extends Past {
  url: string;
}

/**
 * Gives the first page of a tab what it would have without the shell: where the tab has come from, and
 * after a reload its `history.state` and how far it was scrolled.
 */
export class FirstPage {
  readonly #kept: Kept | undefined;
  /** The result of `referrerOf`. */
  readonly referrer: string;
  #isOver = false;

  constructor(private readonly tab: Window) {
    this.#kept = readKept(tab);
    this.referrer = referrerOf(tab);
    forget(tab);
  }

  /** The past of the page at this URL; undefined when it isn't the first page of the tab. */
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
      // There is no room, or the state is no JSON. The page then starts anew.
    }
  }
}

/** What the last load of this tab has kept; undefined when the tab has gone elsewhere since. */
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
    // The browser keeps nothing for this page, so there is nothing to remove.
  }
}
