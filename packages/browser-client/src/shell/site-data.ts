import type { SiteDataChange } from '../shared/worker-messages.js';
import { CACHE_PREFIX } from '@wingman/protocol';
import { serve, type ReplyPort } from '@wingman/protocol/ports';
import type { PageCookies } from '../shared/page-cookies.js';
import { writeCookies } from './cookie-store.js';

/** Keys of the tunnel's own items begin with this. */
const OWN_ITEMS = 'wingman.';

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
  for (const key of Object.keys(storage)) if (!key.startsWith(OWN_ITEMS)) storage.removeItem(key);
  return Promise.resolve();
}

async function clearCaches(caches: CacheStorage): Promise<void> {
  const names = (await caches.keys()).filter((name) => !name.startsWith(CACHE_PREFIX));
  await Promise.all(names.map((name) => caches.delete(name)));
}

async function clearDatabases(factory: IDBFactory): Promise<void> {
  const databases = await factory.databases();
  await Promise.all(databases.map(({ name }) => emptyDatabase(factory, name ?? '')));
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
