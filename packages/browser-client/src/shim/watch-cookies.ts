import { parseCookies, SCRIPTED_COOKIE, scriptedLine } from '@wingman/protocol';
import { readCookies, type PageCookies } from '../shared/page-cookies.js';

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
}

/** A line of Set-Cookie or its beginning, up to the first attribute. */
const PAIR = /^[^;]*/;

/**
 * Tells of every change that a script makes to cookies, before the script's next request can leave, and notes the
 * names in a cookie that the app's scripts don't see.
 */
export function watchCookies(realm: CookieRealm, changed: (cookies: PageCookies) => void): void {
  const { Document, CookieStore } = realm;
  const cookies = new NativeCookies(realm);
  const tell = (): void => {
    const location = cookieLocation(realm);
    // Chromium writes cookies in the background: another document might not see them yet.
    if (location !== undefined) changed(readCookies(cookies, location));
  };
  watchDocumentCookie(Document.prototype, cookies, tell);
  if (CookieStore !== undefined) watchCookieStore(CookieStore.prototype, cookies, tell);
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

  /** A script has written this cookie. An empty value is that of a deletion, which may be of somebody else's cookie. */
  note(name: string, value: string): void {
    const line = value === '' ? undefined : scriptedLine(parseCookies(this.cookie), name);
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
      return text.split('; ').filter(isTheApps).join('; ');
    },
    set(this: Document, line: unknown) {
      native.set?.call(this, line);
      const [pair] = parseCookies(PAIR.exec(String(line))?.[0] ?? '');
      if (pair !== undefined) cookies.note(...pair);
      tell();
    },
  });
}

function watchCookieStore(prototype: object, cookies: NativeCookies, tell: () => void): void {
  wrap(prototype, 'set', (done, first, value) => {
    const { name, value: given } = (typeof first === 'object' ? first : { name: first, value }) as {
      name: unknown;
      value: unknown;
    };
    cookies.note(String(name), String(given));
    tell();
    return done;
  });
  wrap(prototype, 'delete', (done) => {
    tell();
    return done;
  });
  wrap(prototype, 'getAll', (found) =>
    (found as { name?: string }[]).filter(({ name }) => isTheApps(`${name}=`)),
  );
}

/** Has `then` see what a method resolved to, and what it was called with, and decide what the caller gets. */
function wrap(
  prototype: object,
  name: string,
  then: (result: unknown, ...args: unknown[]) => unknown,
): void {
  const native: unknown = Reflect.get(prototype, name);
  if (typeof native !== 'function') return;
  const wrapped = async function (this: unknown, ...args: unknown[]): Promise<unknown> {
    return then(await Reflect.apply(native, this, args), ...args);
  };
  Reflect.set(prototype, name, wrapped);
}

/** Whether the pair of a Cookie field is a cookie of the app's. */
function isTheApps(pair: string): boolean {
  return !pair.startsWith(`${SCRIPTED_COOKIE}=`);
}
