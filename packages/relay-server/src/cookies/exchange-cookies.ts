import type { CookiePair, Header } from '@wingman/protocol';
import {
  formatCookies,
  header,
  headerValue,
  isLinkId,
  isOwnCookie,
  PAGE_PATH_HEADER,
  parseCookies,
  SCRIPTED_COOKIE,
  scriptedNames,
  VIEWER_COOKIE,
  withoutOwn,
} from '@wingman/protocol';
import { clearsSiteData } from '@wingman/web-policy';
import type { Via } from '../local/local-ports.js';
import type { CookieJars } from './cookie-jars.js';
import {
  accounted,
  adoptChanges,
  cookiesFor,
  isShown,
  type BrowserCookies,
} from './request-cookies.js';
import {
  deletionLine,
  mirrorLine,
  parseSetCookie,
  visibleLine,
  type AppCookie,
} from './set-cookie.js';

/** The jars, and the viewer whose link it is. */
export interface CookieContext {
  readonly jars: CookieJars;
  readonly viewer: () => string;
  /** The port whose pages the exchange belongs to. */
  readonly home: number;
}

/** The cookies of one exchange: into the app's request, and out of its answer. */
export class ExchangeCookies {
  readonly #jars: CookieJars;
  readonly #via: Via;
  readonly #path: string;
  readonly #viewer: string | undefined;
  readonly #home: number;
  readonly #browser: BrowserCookies;
  /** The request's fields as the app gets them. */
  readonly requestHeaders: Header[];

  constructor(
    request: { readonly target: string; readonly headers: readonly Header[] },
    via: Via,
    { jars, viewer, home }: CookieContext,
  ) {
    const pairs = sentCookies(request.headers);
    const isLink = via === 'viewer';
    this.#jars = jars;
    this.#via = via;
    this.#home = home;
    this.#path = request.target.replace(/[?#].*$/s, '');
    const pagePath = isLink ? headerValue(request.headers, PAGE_PATH_HEADER) : undefined;
    // A script has written what a link's requests say of their viewer, so the link's own viewer counts. A
    // request without the page's path is one without credentials.
    const linkViewer = pagePath === undefined ? undefined : viewer();
    this.#viewer = isLink ? linkViewer : namedViewer(pairs);
    this.#browser = { pairs: this.#ofTheApp(pairs), pagePath, home };
    this.requestHeaders = this.#withCookies(request.headers);
  }

  /** A client that names no viewer keeps its cookies itself, and nobody else sets them. */
  #ofTheApp(pairs: readonly CookiePair[]): CookiePair[] {
    const own = withoutOwn(pairs);
    if (this.#viewer === undefined) return own;
    const kept = this.#jars.find(this.#viewer)?.all(this.#jars.now()) ?? [];
    const shown = kept.filter((cookie) => isShown(cookie, this.#home));
    return accounted(own, scriptedNames(pairs), shown);
  }

  /** Takes the cookies out of the app's answer: what is left may leave this machine. */
  received(headers: readonly Header[]): Header[] {
    const lines = headers.filter(({ name }) => name === 'set-cookie').map(({ value }) => value);
    // A client that names no viewer keeps its cookies itself, as curl does.
    const isNative = this.#viewer === undefined && this.#via === 'ingress';
    const isCleared = clearsSiteData(headers, 'cookies');
    if (isNative) return [...headers];
    const rest = headers.filter(({ name }) => name !== 'set-cookie');
    const gone = isCleared ? this.#clear() : [];
    const shown = [...gone, ...lines.flatMap((line) => this.#take(line)), ...this.#mirror()];
    return [...rest, ...shown.map((line) => header('set-cookie', line))];
  }

  #withCookies(headers: readonly Header[]): Header[] {
    const pairs = this.#pairs();
    const rest = headers.filter(({ name }) => name !== 'cookie' && name !== PAGE_PATH_HEADER);
    return pairs.length === 0 ? rest : [...rest, header('cookie', formatCookies(pairs))];
  }

  #pairs(): readonly CookiePair[] {
    const jar = this.#viewer === undefined ? undefined : this.#jars.find(this.#viewer);
    if (jar === undefined) return this.#browser.pairs;
    const now = this.#jars.now();
    adoptChanges(this.#browser, jar, now);
    return cookiesFor(this.#path, this.#browser, jar, now);
  }

  /** Shows the pages of this port what was set at another; returns the lines for that. */
  #mirror(): string[] {
    const jar = this.#viewer === undefined ? undefined : this.#jars.find(this.#viewer);
    const now = this.#jars.now();
    const unshown = (jar?.all(now) ?? []).filter(
      (cookie) => !cookie.httpOnly && !isShown(cookie, this.#home),
    );
    for (const cookie of unshown)
      jar?.put({ ...cookie, shownAt: new Map([...cookie.shownAt, [this.#home, now]]) });
    return unshown.map((cookie) => mirrorLine(cookie, now));
  }

  /** Keeps one cookie; returns the lines for the browser's own store. */
  #take(line: string): string[] {
    const cookie = parseSetCookie(line, this.#path, this.#jars.now(), this.#home);
    if (cookie === undefined || isOwnCookie(cookie.name)) return [];
    const before = this.#put(cookie);
    // Frameworks delete an HttpOnly cookie by a line without HttpOnly, and some repeat the value in it.
    const endsHidden = before?.httpOnly === true && cookie.expiresAt <= cookie.storedAt;
    if (!cookie.httpOnly && !endsHidden) return [visibleLine(line, cookie)];
    const hasTwin =
      before === undefined
        ? this.#browser.pairs.some(([name]) => name === cookie.name)
        : !before.httpOnly;
    return hasTwin ? [deletionLine(cookie.name, cookie.path)] : [];
  }

  /** Deletes the viewer's cookies; returns the lines that delete those in the browser's own store. */
  #clear(): string[] {
    const jar = this.#viewer === undefined ? undefined : this.#jars.find(this.#viewer);
    const kept = jar?.all(this.#jars.now()) ?? [];
    for (const cookie of kept) jar?.delete(cookie);
    const visible = kept.filter(({ httpOnly }) => !httpOnly);
    const scripted = this.#browser.pairs.filter(
      ([name]) => !visible.some((cookie) => cookie.name === name),
    );
    return [
      ...visible.map(({ name, path }) => deletionLine(name, path)),
      ...scripted.map(([name]) => deletionLine(name, '/')),
      ...(scripted.length > 0 ? [deletionLine(SCRIPTED_COOKIE, '/')] : []),
    ];
  }

  #put(cookie: AppCookie): AppCookie | undefined {
    return this.#viewer === undefined ? undefined : this.#jars.open(this.#viewer).put(cookie);
  }
}

function namedViewer(pairs: readonly CookiePair[]): string | undefined {
  return pairs.find(([name, id]) => name === VIEWER_COOKIE && isLinkId(id))?.[1];
}

function sentCookies(headers: readonly Header[]): CookiePair[] {
  const fields = headers.filter(({ name }) => name === 'cookie');
  return fields.flatMap(({ value }) => parseCookies(value));
}
