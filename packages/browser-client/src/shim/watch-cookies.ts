import { readCookies, type PageCookies } from '../shared/page-cookies.js';

/** What a realm offers for cookies. */
export interface CookieRealm {
  document: Document;
  Document: { prototype: Document };
  CookieStore?: { prototype: object };
}

/** Tells of every change that a script makes to cookies, before the script's next request can leave. */
export function watchCookies(realm: CookieRealm, changed: (cookies: PageCookies) => void): void {
  const tell = (): void => changed(readCookies(realm.document));
  watchDocumentCookie(realm.Document.prototype, tell);
  if (realm.CookieStore !== undefined) watchCookieStore(realm.CookieStore.prototype, tell);
  tell();
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
