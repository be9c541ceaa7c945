import { APP_CACHE_PREFIX } from '@wingman/app-worker/shell';
import { CACHE_PREFIX } from '@wingman/protocol';
import { serve, type ReplyPort } from '@wingman/protocol/ports';
import type { SiteDataChange } from '../shared/worker-messages.js';
import { readCookies, type PageCookies } from '../shared/page-cookies.js';

/** Writes the app's Set-Cookie lines into the browser's own store, which applies its usual rules. */
function writeCookies(lines: readonly string[], page: Document): PageCookies {
  for (const line of lines) page.cookie = line;
  return readCookies(page);
}

/** Tells of changes that the shim does not see, such as those of other tabs. */
export function watchCookies(page: Document, changed: (cookies: PageCookies) => void): void {
  const tell = (): void => changed(readCookies(page));
  const { cookieStore } = window as { cookieStore?: EventTarget };
  cookieStore?.addEventListener('change', tell);
  page.addEventListener('visibilitychange', () => {
    if (page.visibilityState === 'visible') tell();
  });
}

/** Names of the tunnel's own items and databases begin with this. */
const OWN_NAMES = 'wingman.';

/** Does what an answer's `Set-Cookie` and `Clear-Site-Data` ask for, and replies with the cookies seen then. */
export function changeSiteData(
  { change, reply }: { change: SiteDataChange; reply: ReplyPort<PageCookies> },
  tab: Window & typeof globalThis,
): Promise<void> {
  return serve(reply, async () => {
    const cookies = writeCookies(change.lines, tab.document);
    if (change.clears) await clearStorage(tab);
    return cookies;
  });
}

/**
 * Empties what the app has stored (Clear-Site-Data section 3.2); what the tunnel has put there stays.
 * Databases are emptied, not deleted: to delete one that a page has open would block that page.
 */
async function clearStorage(tab: Window & typeof globalThis): Promise<void> {
  const { caches, indexedDB, navigator } = tab;
  await Promise.allSettled([
    clearItems(() => tab.localStorage),
    clearItems(() => tab.sessionStorage),
    clearCaches(caches),
    clearDatabases(indexedDB),
    clearFiles(navigator.storage),
  ]);
}

async function clearItems(of: () => Storage): Promise<void> {
  const storage = of();
  for (const key of Object.keys(storage)) if (!key.startsWith(OWN_NAMES)) storage.removeItem(key);
  return Promise.resolve();
}

async function clearCaches(caches: CacheStorage): Promise<void> {
  const names = (await caches.keys()).filter((name) => !name.startsWith(CACHE_PREFIX));
  await Promise.all(names.map((name) => caches.delete(name)));
}

async function clearDatabases(factory: IDBFactory): Promise<void> {
  const names = (await factory.databases()).map(({ name }) => name ?? '');
  const doomed = names.filter((name) => !name.startsWith(OWN_NAMES));
  await Promise.all(doomed.map((name) => emptyDatabase(factory, name)));
}

function emptyDatabase(factory: IDBFactory, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = factory.open(name);
    const fail = (): void => reject(new Error(`${name} can't be emptied`));
    request.onerror = request.onblocked = fail;
    request.onsuccess = () => {
      const { result: database } = request;
      const stores = [...database.objectStoreNames];
      if (stores.length === 0) return resolve(database.close());
      const transaction = database.transaction(stores, 'readwrite');
      for (const store of stores) transaction.objectStore(store).clear();
      transaction.oncomplete = () => resolve(database.close());
      transaction.onabort = fail;
    };
  });
}

async function clearFiles(storage: StorageManager): Promise<void> {
  const folder = await storage.getDirectory();
  const names: string[] = [];
  for await (const name of folder.keys()) names.push(name);
  await Promise.all(names.map((name) => folder.removeEntry(name, { recursive: true })));
}

/**
 * Removes from the browser what the tunnel has put there, and the app's service workers with their caches. The
 * app's other data stays. Nothing is removed before `endApp` resolves: what the app's service workers
 * wrote later would stay behind.
 */
export async function forgetTunnel(
  container: ServiceWorkerContainer | undefined,
  caches: CacheStorage | undefined,
  app: { endApp(): Promise<void> } | undefined,
): Promise<void> {
  const listNames = async (): Promise<string[]> => (await caches?.keys()) ?? [];
  const hasAppWorker = (await listNames()).some((name) => name.startsWith(APP_CACHE_PREFIX));
  await app?.endApp();
  const registrations = (await container?.getRegistrations()) ?? [];
  const doomed = (await listNames()).filter(
    (name) => hasAppWorker || name.startsWith(CACHE_PREFIX),
  );
  await Promise.allSettled([
    ...registrations.map((registration) => registration.unregister()),
    ...doomed.map((name) => caches?.delete(name)),
  ]);
}
