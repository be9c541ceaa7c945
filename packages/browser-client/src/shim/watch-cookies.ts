import { parseCookies, SCRIPTED_COOKIE, scriptedLine } from '@wingman/protocol';
import { readCookies, type PageCookies } from '../shared/page-cookies.js';
import { around } from './before-call.js';

/** A window, as far as its place among others goes. */
interface Placed {
  location: { protocol: string; pathname: string };
  /** Null once its frame has been removed. */
  parent: Placed | null;
}

/** What a realm offers for cookies. */
export interface CookieRealm extends Placed {
  document: Document;
  Document: { prototype: Document };
  CookieStore?: { prototype: object };
  CookieChangeEvent?: { prototype: object };
  cookieStore?: EventTarget;
}

/** A line of Set-Cookie or its beginning, up to the first attribute. */
const PAIR = /^[^;]*/;

/**
 * Tells of every change that a script makes to cookies, before the script's next request can leave, and notes the
 * names in a cookie that the app's scripts don't see.
 */
export function watchCookies(realm: CookieRealm, changed: (cookies: PageCookies) => void): void {
  const { Document, CookieStore, CookieChangeEvent, cookieStore } = realm;
  const cookies = new NativeCookies(realm);
  const tell = (): void => {
    const location = cookieLocation(realm);
    // Chromium writes cookies in the background: another document might not see them yet.
    if (location !== undefined) changed(readCookies(cookies, location));
  };
  watchDocumentCookie(Document.prototype, cookies, tell);
  if (CookieStore !== undefined) {
    watchCookieStore(CookieStore.prototype, cookies, tell);
    hideOwnCookie(CookieStore.prototype);
  }
  if (CookieChangeEvent !== undefined && cookieStore !== undefined) {
    hideOwnChanges(CookieChangeEvent.prototype, cookieStore);
  }
  tell();
}

/**
 * The cookies of a realm's document as the browser has them, without the shim's own accessor. The document may be
 * another one later: browsers keep the window of a frame's first, empty document for the next one.
 */
class NativeCookies {
  readonly #native: PropertyDescriptor | undefined;

  constructor(private readonly realm: CookieRealm) {
    this.#native = Object.getOwnPropertyDescriptor(realm.Document.prototype, 'cookie');
  }

  get location(): Document['location'] {
    return this.realm.document.location;
  }

  get cookie(): string {
    return String(this.#native?.get?.call(this.realm.document) ?? '');
  }

  set cookie(line: string) {
    this.#native?.set?.call(this.realm.document, line);
  }

  /** How many cookies of this name the document sees that have no value. */
  countEmpty(name: string): number {
    return parseCookies(this.cookie).filter(([other, value]) => other === name && value === '')
      .length;
  }

  /** A script has written this cookie. A deletion doesn't count, because it may be of somebody else's cookie. */
  note(name: string): void {
    const line = scriptedLine(parseCookies(this.cookie), name);
    if (line !== undefined) this.cookie = line;
  }
}

/**
 * The location whose path decides which cookies a realm sees: a document that comes from no server (about:blank,
 * srcdoc) sees the cookies of the page around it. Undefined once the frame was removed, which leaves it none.
 */
function cookieLocation({ location, parent }: Placed): Placed['location'] | undefined {
  if (parent === null) return undefined;
  return location.protocol === 'about:' ? cookieLocation(parent) : location;
}

function watchDocumentCookie(prototype: Document, cookies: NativeCookies, tell: () => void): void {
  const native = Object.getOwnPropertyDescriptor(prototype, 'cookie');
  if (native === undefined) return;
  Object.defineProperty(prototype, 'cookie', {
    ...native,
    get(this: Document) {
      const text = String(native.get?.call(this));
      return text.includes(SCRIPTED_COOKIE) ? text.split('; ').filter(isTheApps).join('; ') : text;
    },
    set(this: Document, line: unknown) {
      const [pair] = parseCookies(PAIR.exec(String(line))?.[0] ?? '');
      const [name, value] = pair ?? ['', ''];
      const before = value === '' ? cookies.countEmpty(name) : 0;
      native.set?.call(this, line);
      // What is written without a value is a cookie or a deletion. After a deletion there is none more.
      if (value !== '' || cookies.countEmpty(name) > before) cookies.note(name);
      tell();
    },
  });
}

function watchCookieStore(prototype: object, cookies: NativeCookies, tell: () => void): void {
  wrap(prototype, 'set', (done, first) => {
    const { name, expires } = (typeof first === 'object' ? first : { name: first }) as {
      name: unknown;
      expires?: number | null;
    };
    if ((expires ?? Infinity) > Date.now()) cookies.note(String(name));
    tell();
    return done;
  });
  wrap(prototype, 'delete', (done) => {
    tell();
    return done;
  });
}

/** A cookie as the CookieStore shows it. */
interface ShownCookie {
  name?: string;
}

/** Takes our own cookie out of what a CookieStore finds. */
function hideOwnCookie(prototype: object): void {
  const getAll: unknown = Reflect.get(prototype, 'getAll');
  wrap(prototype, 'getAll', (found) => withoutOwn(found as ShownCookie[]));
  wrap(prototype, 'get', async function (this: unknown, found, ...args) {
    if (typeof getAll !== 'function' || found === null || !isOwn(found as ShownCookie))
      return found;
    const all = (await Reflect.apply(getAll, this, args)) as ShownCookie[];
    return withoutOwn(all)[0] ?? null;
  });
}

/** Takes our own cookie out of the changes that scripts are told of. A change of nothing else they aren't told at all. */
function hideOwnChanges(prototype: object, store: EventTarget): void {
  for (const name of ['changed', 'deleted']) {
    const native = Object.getOwnPropertyDescriptor(prototype, name);
    const get = function (this: Event): readonly ShownCookie[] {
      return Object.freeze(withoutOwn((native?.get?.call(this) ?? []) as ShownCookie[]));
    };
    Object.defineProperty(prototype, name, { ...native, get });
  }
  // Nobody has listened before: the shim runs first.
  store.addEventListener('change', (event) => {
    const { changed, deleted } = event as unknown as Record<'changed' | 'deleted', unknown[]>;
    if (changed.length + deleted.length === 0) event.stopImmediatePropagation();
  });
}

function withoutOwn(cookies: readonly ShownCookie[]): ShownCookie[] {
  return cookies.filter((cookie) => !isOwn(cookie));
}

function isOwn({ name }: ShownCookie): boolean {
  return name === SCRIPTED_COOKIE;
}

/** Has `then` see what a method resolved to, and what it was called with, and decide what the caller gets. */
function wrap(
  prototype: object,
  name: string,
  then: (this: unknown, result: unknown, ...args: unknown[]) => unknown,
): void {
  if (typeof Reflect.get(prototype, name) !== 'function') return;
  around(prototype, name, async (native, self, args) =>
    then.call(self, await Reflect.apply(native, self, args), ...args),
  );
}

/** Whether a pair of `document.cookie` is a cookie of the app's. */
function isTheApps(pair: string): boolean {
  return !pair.startsWith(`${SCRIPTED_COOKIE}=`);
}
