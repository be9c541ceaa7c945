import type { CookiePair } from '@wingman/protocol';
import { HOST_LIMITS } from '../limits.js';
import type { AppCookie } from './set-cookie.js';
import { covers, type ViewerJar } from './cookie-jars.js';

/** What a request says about the cookies its browser holds. */
export interface BrowserCookies {
  readonly pairs: readonly CookiePair[];
  /** The path whose cookies they are; undefined when it is the request's own path, as at the ingress. */
  readonly pagePath: string | undefined;
  /** The port whose pages hold them. */
  readonly home: number;
}

/** Whether the browser holds a cookie's present value where the pages of this port see it. */
export function isShown({ shownAt }: AppCookie, home: number): boolean {
  return shownAt.has(home);
}

/** The cookies of a request to `path`: HttpOnly ones from the jar, the others as the browser has them. */
export function cookiesFor(
  path: string,
  browser: BrowserCookies,
  jar: ViewerJar,
  now: number,
): CookiePair[] {
  const cookies = jar.all(now);
  const hidden = cookies.filter((cookie) => cookie.httpOnly && covers(cookie, path));
  const visible = cookies.filter((cookie) => !cookie.httpOnly);
  const unseen = unseenByPage(visible, path, browser);
  const seen = browser.pairs.filter(
    ([name]) =>
      !isStale(name, unseen, browser) &&
      belongs(name, path, visible, browser) &&
      !isForged(name, path, hidden, visible),
  );
  return [...[...hidden, ...unseen].map(({ name, value }): CookiePair => [name, value]), ...seen];
}

/**
 * The cookies that are the app's: those it has set itself, and those that its scripts have written. Any page below
 * the server's domain can set others, of other names or of the same. Of a name that the app alone has set, and
 * that is shown more often than it was set, only the app's value counts.
 */
export function accounted(
  pairs: readonly CookiePair[],
  scripted: ReadonlySet<string>,
  jar: readonly AppCookie[],
): CookiePair[] {
  return pairs.filter(([name, value]) => {
    if (scripted.has(name)) return true;
    const set = jar.filter((cookie) => cookie.name === name && !cookie.httpOnly);
    const shown = pairs.filter(([other]) => other === name);
    const isShadowed = shown.length > set.length;
    return isShadowed ? set.some((cookie) => cookie.value === value) : set.length > 0;
  });
}

/** Takes over what scripts have changed: the page shows the present value of each cookie that it can see. */
export function adoptChanges(browser: BrowserCookies, jar: ViewerJar, now: number): void {
  const { pagePath, home } = browser;
  if (pagePath === undefined) return;
  for (const cookie of jar.all(now)) {
    const shownAt = cookie.shownAt.get(home) ?? now;
    const isSettled = now - shownAt > HOST_LIMITS.cookieSettleMs;
    if (cookie.httpOnly || !isSettled || !covers(cookie, pagePath)) continue;
    const [shown, ...others] = browser.pairs.filter(([name]) => name === cookie.name);
    if (shown === undefined) jar.delete(cookie);
    else if (others.length === 0 && shown[1] !== cookie.value)
      jar.put({ ...cookie, value: shown[1], shownAt: new Map([[home, shownAt]]) });
  }
}

/** Visible cookies for `path` that the page can't know, because it has another path, or another port's origin. */
function unseenByPage(
  visible: readonly AppCookie[],
  path: string,
  { pagePath, home }: BrowserCookies,
): AppCookie[] {
  const isUnseen = (cookie: AppCookie): boolean =>
    !isShown(cookie, home) || (pagePath !== undefined && !covers(cookie, pagePath));
  return visible.filter((cookie) => covers(cookie, path) && isUnseen(cookie));
}

/** Whether what the page shows of a name is older than what the jar has. */
function isStale(name: string, unseen: readonly AppCookie[], { home }: BrowserCookies): boolean {
  return unseen.some((cookie) => cookie.name === name && !isShown(cookie, home));
}

/** Whether a cookie that the page shows also goes with `path`: a page shows the cookies of its own path only. */
function belongs(
  name: string,
  path: string,
  visible: readonly AppCookie[],
  { pagePath }: BrowserCookies,
): boolean {
  if (pagePath === undefined) return true;
  const known = visible.filter((cookie) => cookie.name === name && covers(cookie, pagePath));
  return known.length === 0 || known.some((cookie) => covers(cookie, path));
}

/** A script can't overwrite an HttpOnly cookie (RFC 6265 section 5.3, step 10); here it could only set one beside it. */
function isForged(
  name: string,
  path: string,
  hidden: readonly AppCookie[],
  visible: readonly AppCookie[],
): boolean {
  if (!hidden.some((cookie) => cookie.name === name)) return false;
  return !visible.some((cookie) => cookie.name === name && covers(cookie, path));
}
