import type { Past } from '../shared/shell-api.js';

/** Gives the first page of a tab what the browser has kept for it; it runs before the page's own scripts. */
export function takeUp(page: Window, { referrer, scroll, state }: Past): void {
  const { document, history } = page;
  if (document.referrer === '' && referrer !== '') {
    Object.defineProperty(document, 'referrer', { configurable: true, get: () => referrer });
  }
  if (state !== null && history.state === null) history.replaceState(state, '');
  if (scroll !== null) restoreScroll(page, scroll);
}

/** As browsers do: while the page loads, unless it sees to that itself or has been scrolled by then. */
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

/** Ctrl+P, or Cmd+P: the browser would print the page around the app. An app that takes the key itself keeps it. */
export function printByKey(page: Window): void {
  const print = (event: KeyboardEvent): void => {
    const isPlain = (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey;
    if (event.key.toLowerCase() !== 'p' || !isPlain || event.defaultPrevented) return;
    event.preventDefault();
    page.print();
  };
  // Added within the event, it comes after the app's own listeners.
  page.addEventListener(
    'keydown',
    () => page.addEventListener('keydown', print, { once: true }),
    true,
  );
}

/** Browsers do so in a top-level page, and in a frame only while nothing has the focus, not even the frame (HTML section 6.6.7). */
export function focusFirst(page: Document): void {
  const focus = (): void => {
    const { activeElement, body, documentElement } = page;
    const isFree = [null, body, documentElement].includes(activeElement as HTMLElement | null);
    if (!isFree || page.querySelector(':target') !== null) return;
    page.querySelector<HTMLElement>('[autofocus]')?.focus();
  };
  page.addEventListener('DOMContentLoaded', focus);
}
