import { ask } from '@wingman/protocol/ports';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { PageCookies } from '../../src/shared/page-cookies.js';
import { changeSiteData, forgetTunnel, watchCookies } from '../../src/shell/site-data.js';
import { closeTabs, openTab, setGlobal, type Tab } from '../support/dom.js';

let tab: Tab;

beforeEach(() => {
  tab = openTab('https://s.example/folder/page');
});

afterEach(closeTabs);

/** A browser's caches, or its files, by their names. */
class FakeCaches {
  constructor(readonly names: Set<string>) {}

  keys(): Promise<string[]> {
    return Promise.resolve([...this.names]);
  }

  delete(name: string): Promise<boolean> {
    return Promise.resolve(this.names.delete(name));
  }
}

class FakeFolder {
  constructor(readonly names: Set<string>) {}

  async *keys(): AsyncGenerator<string> {
    await Promise.resolve();
    yield* [...this.names];
  }

  removeEntry(name: string, { recursive }: { recursive: boolean }): Promise<void> {
    if (recursive) this.names.delete(name);
    return Promise.resolve();
  }
}

/** A database as far as emptying it goes; it answers in later turns, as the real one does. */
class FakeDatabase {
  isClosed = false;
  constructor(readonly stores: Map<string, number>) {}

  get objectStoreNames(): string[] {
    return [...this.stores.keys()];
  }

  transaction(names: string[]): object {
    const transaction = {
      objectStore: (name: string) => ({ clear: () => void this.stores.set(name, 0) }),
      oncomplete: () => undefined,
      onabort: () => undefined,
    };
    setImmediate(() =>
      names.includes('broken') ? transaction.onabort() : transaction.oncomplete(),
    );
    return transaction;
  }

  close(): void {
    this.isClosed = true;
  }
}

class FakeFactory {
  constructor(readonly all: Map<string, FakeDatabase | 'blocked'>) {}

  databases(): Promise<{ name: string }[]> {
    return Promise.resolve([...this.all.keys()].map((name) => ({ name })));
  }

  open(name: string): object {
    const result = this.all.get(name);
    const request = { result, onsuccess: () => undefined, onblocked: () => undefined };
    setImmediate(() => (result === 'blocked' ? request.onblocked() : request.onsuccess()));
    return request;
  }
}

/** Gives the tab what an app may have stored there. */
function stored() {
  const caches = new FakeCaches(new Set(['wingman-1', 'app-cache']));
  const files = new FakeFolder(new Set(['file', 'folder']));
  const full = new FakeDatabase(
    new Map([
      ['one', 7],
      ['two', 1],
    ]),
  );
  const empty = new FakeDatabase(new Map());
  const own = new FakeDatabase(new Map([['keys', 1]]));
  const databases = new Map<string, FakeDatabase | 'blocked'>([
    ['full', full],
    ['empty', empty],
    ['wingman.key', own],
  ]);
  const members = {
    caches,
    indexedDB: new FakeFactory(databases),
    navigator: { storage: { getDirectory: () => Promise.resolve(files) } },
  };
  for (const [name, value] of Object.entries(members)) {
    Object.defineProperty(tab, name, { value, configurable: true });
  }
  tab.localStorage.setItem('app', '1');
  tab.localStorage.setItem('wingman.pill', '2');
  tab.sessionStorage.setItem('app', '3');
  return { caches, files, full, empty, own, databases };
}

/** Makes a change as the tunnel worker asks for it; what it hears. */
function change(lines: string[], clears: boolean): Promise<PageCookies> {
  return ask((reply) => void changeSiteData({ change: { lines, clears }, reply }, tab), {
    deadlineMs: 5_000,
  });
}

describe('the cookies of an answer', () => {
  test('are written, and the answer says what the page sees then', async () => {
    stored();
    const seen = await change(['a=1', 'b=2; Path=/', 'c=3; Path=/elsewhere'], false);
    expect(seen).toEqual({ text: 'a=1; b=2', path: '/folder/page' });
  });

  test('leave what the app has stored', async () => {
    const { caches, full } = stored();
    await change(['a=1'], false);
    expect(tab.localStorage.getItem('app')).toBe('1');
    expect([...caches.names]).toContain('app-cache');
    expect(full.stores.get('one')).toBe(7);
  });
});

describe('an answer that clears the site’s data', () => {
  test('takes all that the app has stored, and nothing that is the tunnel’s', async () => {
    const { caches, files, full, empty, own } = stored();
    await change([], true);
    expect(Object.keys(tab.localStorage)).toEqual(['wingman.pill']);
    expect(tab.sessionStorage).toHaveLength(0);
    expect([...caches.names]).toEqual(['wingman-1']);
    expect([...files.names]).toEqual([]);
    expect([...full.stores.values()]).toEqual([0, 0]);
    expect([full.isClosed, empty.isClosed]).toEqual([true, true]);
    expect(own.stores.get('keys')).toBe(1);
  });

  test.each<[string, FakeDatabase | 'blocked']>([
    ['is kept open by a page', 'blocked'],
    ['fails', new FakeDatabase(new Map([['broken', 1]]))],
  ])('takes the rest when one database %s', async (_, database) => {
    const { caches, databases, full } = stored();
    databases.set('another', database);
    await change([], true);
    expect(full.stores.get('one')).toBe(0);
    expect([...caches.names]).toEqual(['wingman-1']);
  });

  test('is answered where the browser has no such stores', async () => {
    expect((await change(['a=1'], true)).text).toBe('a=1');
  });
});

describe('the page’s cookies', () => {
  const heard: string[] = [];
  const watch = (): void => {
    heard.length = 0;
    watchCookies(tab.document, ({ text }) => void heard.push(text));
  };
  const look = (visibilityState: string): void => {
    Object.defineProperty(tab.document, 'visibilityState', {
      value: visibilityState,
      configurable: true,
    });
    tab.document.dispatchEvent(new tab.Event('visibilitychange'));
  };

  test('are told when somebody looks at the tab again', () => {
    watch();
    tab.document.cookie = 'other=tab';
    look('hidden');
    expect(heard).toEqual([]);
    look('visible');
    expect(heard).toEqual(['other=tab']);
  });

  test('are told when the browser says that they have changed', () => {
    const cookieStore = new EventTarget();
    Object.defineProperty(tab, 'cookieStore', { value: cookieStore });
    watch();
    tab.document.cookie = 'now=1';
    cookieStore.dispatchEvent(new Event('change'));
    expect(heard).toEqual(['now=1']);
  });
});

describe('the end of the session', () => {
  const registration = (isStubborn = false) => ({
    isGone: false,
    unregister(): Promise<boolean> {
      if (isStubborn) return Promise.reject(new Error('not now'));
      this.isGone = true;
      return Promise.resolve(true);
    },
  });

  test('takes the service worker and the caches, even when one of them stays', async () => {
    const registrations = [registration(true), registration()];
    const container = { getRegistrations: () => Promise.resolve(registrations) };
    const caches = new FakeCaches(new Set(['wingman-1', 'app-cache']));
    await forgetTunnel(
      container as unknown as ServiceWorkerContainer,
      caches as unknown as CacheStorage,
      undefined,
    );
    expect(registrations.map(({ isGone }) => isGone)).toEqual([false, true]);
    expect([...caches.names]).toEqual(['app-cache']);
  });

  test('has nothing to take where there is neither', async () => {
    setGlobal('caches', undefined);
    await expect(forgetTunnel(undefined, undefined, undefined)).resolves.toBeUndefined();
  });
});
