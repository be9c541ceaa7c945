import { FRAMED_PREFIX } from '@wingman/protocol';

// A page of another port may stand in a frame of the app's. There, too, it needs a shell around it. The tunnel server
// can't tell such a frame from the one that a shell has for its app, so the URL says it.

/** Whether the page at a path is a shell in a frame of another port's page. */
export function isFramed(pathname: string): boolean {
  return `${pathname}/`.startsWith(`${FRAMED_PREFIX}/`);
}

/** The URL at which a frame gets a page with its shell. */
export function framedUrl(url: string): string {
  const { origin, pathname, search, hash } = new URL(url);
  return origin + FRAMED_PREFIX + pathname + search + hash;
}

/** The path of the app's page that a shell at this path is to show. */
export function shownPath(pathname: string): string {
  return isFramed(pathname) ? pathname.slice(FRAMED_PREFIX.length) || '/' : pathname;
}
