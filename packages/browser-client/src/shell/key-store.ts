import { within } from '@wingman/protocol';
import { BROWSER_LIMITS } from '../shared/limits.js';
import { KEY_DATABASE } from '../shared/shell-api.js';

const STORE = 'keys';
const ENTRY = 'link';

/**
 * Keeps the session's link key for the browser's next load. IndexedDB takes a key that can't be read: a script of this
 * origin could use what is kept, but not carry it away. A browser that keeps nothing needs the whole link again.
 */
export async function keepLinkKey(key: CryptoKey, factory: IDBFactory | undefined): Promise<void> {
  await use(factory, 'readwrite', (store) => store.put(key, ENTRY));
}

/** The link key that this browser has kept; null when there is none. */
export async function readLinkKey(factory: IDBFactory | undefined): Promise<CryptoKey | null> {
  const found = await use(factory, 'readonly', (store) => store.get(ENTRY));
  return isLinkKey(found) ? found : null;
}

type Act = (store: IDBObjectStore) => Pick<IDBRequest, 'result'>;

/** The result of one request; undefined when the browser refuses it, or says nothing in time. */
async function use(
  factory: IDBFactory | undefined,
  mode: IDBTransactionMode,
  act: Act,
): Promise<unknown> {
  if (factory === undefined) return undefined;
  return within(transact(factory, mode, act), BROWSER_LIMITS.keyStoreMs).catch(() => undefined);
}

async function transact(factory: IDBFactory, mode: IDBTransactionMode, act: Act): Promise<unknown> {
  const database = await openDatabase(factory);
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, mode);
      const request = act(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error ?? new Error('the request was aborted'));
    });
  } finally {
    database.close();
  }
}

function openDatabase(factory: IDBFactory): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = factory.open(KEY_DATABASE, 1);
    request.onupgradeneeded = () => void request.result.createObjectStore(STORE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('the database was not opened'));
  });
}

/** The app's scripts can write to the same database, so what is found may be anything. */
function isLinkKey(found: unknown): found is CryptoKey {
  return found instanceof CryptoKey && found.algorithm.name === 'HKDF';
}
