import { readCookies, type PageCookies } from '../shared/page-cookies.js';

/** Writes the app's Set-Cookie lines into the browser's own store; the browser judges them as it would any other. */
export function writeCookies(lines: readonly string[], page: Document): PageCookies {
  for (const line of lines) page.cookie = line;
  return readCookies(page);
}

/** Tells of changes made by other tabs, and by what else is beyond the shim's sight. */
export function watchCookies(page: Document, changed: (cookies: PageCookies) => void): void {
  const tell = (): void => changed(readCookies(page));
  const { cookieStore } = window as { cookieStore?: EventTarget };
  cookieStore?.addEventListener('change', tell);
  page.addEventListener('visibilitychange', () => {
    if (page.visibilityState === 'visible') tell();
  });
}
