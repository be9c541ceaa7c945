import type { Past } from '../shared/shell-api.js';

/** Gives the first page of a tab what the browser has kept for the tab. The page's own scripts run later. */
export function takeUp(page: Window, { referrer, scroll, state }: Past): void {
  const { document, history } = page;
  if (isUntold(page) && document.referrer !== referrer) {
    Object.defineProperty(document, 'referrer', { configurable: true, get: () => referrer });
  }
  if (state !== null && history.state === null) history.replaceState(state, '');
  if (scroll !== null) restoreScroll(page, scroll);
}

/** Whether a first page does not know where its tab has come from. WebKit names the shell, which has the page's URL. */
function isUntold({ document: { referrer }, location }: Window): boolean {
  return referrer === '' || referrer === location.href.replace(/#.*/s, '');
}

/** Scrolls while the page loads, as browsers do, unless the page does so itself or has been scrolled by then. */
function restoreScroll(page: Window, [x, y]: [number, number]): void {
  let last: [number, number] = [0, 0];
  const restore = (): void => {
    const isUntouched = page.scrollX === last[0] && page.scrollY === last[1];
    if (page.history.scrollRestoration === 'manual' || !isUntouched) return;
    page.scrollTo({ left: x, top: y, behavior: 'instant' });
    last = [page.scrollX, page.scrollY];
  };
  page.document.addEventListener('DOMContentLoaded', restore);
  page.addEventListener('load', restore);
}

/** Prints the app on Ctrl+P or Cmd+P, where the browser would print the shell. An app may handle the key itself. */
export function printByKey(page: Window): void {
  const print = (event: KeyboardEvent): void => {
    const isPlain = (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey;
    if (event.key.toLowerCase() !== 'p' || !isPlain || event.defaultPrevented) return;
    event.preventDefault();
    page.print();
  };
  // A listener that is added during the event runs after the app's own listeners.
  page.addEventListener(
    'keydown',
    () => page.addEventListener('keydown', print, { once: true }),
    true,
  );
}

/**
 * Focuses the element with `autofocus`. Browsers do so in a top-level page. In a frame they do so only
 * while nothing has the focus, not even the frame (HTML section 6.6.7).
 */
export function focusFirst(page: Document): void {
  const focus = (): void => {
    const { activeElement, body, documentElement } = page;
    const isFree = [null, body, documentElement].includes(activeElement as HTMLElement | null);
    if (!isFree || page.querySelector(':target') !== null) return;
    page.querySelector<HTMLElement>('[autofocus]')?.focus();
  };
  page.addEventListener('DOMContentLoaded', focus);
}
