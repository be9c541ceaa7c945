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

/** Tells of every change that a script makes to cookies, before the script's next request can leave. */
export function watchCookies(realm: CookieRealm, changed: (cookies: PageCookies) => void): void {
  const tell = (): void => {
    const location = cookieLocation(realm);
    // Chromium writes cookies in the background: another document might not see them yet.
    if (location !== undefined) changed(readCookies(realm.document, location));
  };
  watchDocumentCookie(realm.Document.prototype, tell);
  if (realm.CookieStore !== undefined) watchCookieStore(realm.CookieStore.prototype, tell);
  tell();
}

/**
 * The location whose path decides which cookies a realm sees: a document that comes from no server (about:blank,
 * srcdoc) sees the cookies of the page around it. Undefined once the frame was removed, which leaves it none.
 */
function cookieLocation({ location, parent }: Placed): Placed['location'] | undefined {
  if (parent === null) return undefined;
  return location.protocol === 'about:' ? cookieLocation(parent) : location;
}

function watchDocumentCookie(prototype: Document, tell: () => void): void {
  const native = Object.getOwnPropertyDescriptor(prototype, 'cookie');
  if (native === undefined) return;
  Object.defineProperty(prototype, 'cookie', {
    ...native,
    set(this: Document, line: unknown) {
      native.set?.call(this, line);
      tell();
    },
  });
}

function watchCookieStore(prototype: object, tell: () => void): void {
  for (const name of ['set', 'delete']) {
    const native: unknown = Reflect.get(prototype, name);
    if (typeof native !== 'function') continue;
    const watched = async function (this: unknown, ...args: unknown[]): Promise<void> {
      await Reflect.apply(native, this, args);
      tell();
    };
    Reflect.set(prototype, name, watched);
  }
}
