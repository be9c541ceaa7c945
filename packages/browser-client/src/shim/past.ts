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
