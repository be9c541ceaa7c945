import { beforeAll, expect, test } from '@jest/globals';
import { besideLocalhost, expectSame, type Sides } from '../support/beside-localhost.js';
import { page, send, type Route } from '../support/page-app.js';
import { eventually } from '../support/processes.js';

/** Puts something into each kind of storage; run again it says what is left. */
async function storedAfter(clears: string): Promise<unknown> {
  const open = (): Promise<IDBDatabase> =>
    new Promise((resolve, reject) => {
      const request = indexedDB.open('kept', 1);
      request.onupgradeneeded = () => void request.result.createObjectStore('store');
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(new Error('not opened'));
    });
  const before = await open();
  await new Promise((resolve) => {
    const transaction = before.transaction('store', 'readwrite');
    transaction.objectStore('store').put('value', 'key');
    transaction.oncomplete = resolve;
  });
  before.close();
  localStorage.setItem('kept', 'local');
  sessionStorage.setItem('kept', 'session');
  document.cookie = 'kept=cookie';
  await (await caches.open('kept')).put('/kept', new Response('cached'));
  await fetch(`/clear?what=${encodeURIComponent(clears)}`);
  const database = await open();
  const count = await new Promise((resolve) => {
    const request = database.transaction('store').objectStore('store').count();
    request.onsuccess = () => resolve(request.result);
  });
  database.close();
  return {
    local: localStorage.getItem('kept'),
    session: sessionStorage.getItem('kept'),
    cookie: document.cookie,
    cached: (await caches.match('/kept')) !== undefined,
    records: count,
  };
}

/** Caches, items and databases of the tunnel. */
async function ownNames(): Promise<string[]> {
  const items = [localStorage, sessionStorage].flatMap((storage) => Object.keys(storage));
  const databases = (await indexedDB.databases()).map(({ name }) => name ?? '');
  const names = [...(await caches.keys()), ...items, ...databases];
  return names.filter((name) => name.startsWith('wingman')).sort();
}

const ROUTES: Record<string, Route> = {
  '/': (_, response) => send(response, page('<h1>front page</h1>')),
  '/clear': (_, response, url) =>
    send(response, '', { 'clear-site-data': url.searchParams.get('what') ?? '' }),
};

besideLocalhost({ routes: ROUTES }, (stage) => {
  let sides: Sides;

  beforeAll(async () => {
    sides = await stage.newSides();
    for (const side of sides) await side.open('/', 'front page');
  });

  test.each(['"storage"', '"cache"', '"cookies"', '"cache", "storage"', '"*"'])(
    'Clear-Site-Data: %s clears what it clears on localhost',
    async (clears) => {
      await expectSame(sides, async (side) => {
        await side.go('/', 'front page');
        const left = await side.ask(storedAfter, clears);
        await side.expectPath();
        return left;
      });
    },
  );

  test('the tunnel outlives that, and keeps what it has stored', async () => {
    const [, ...shared] = sides;
    for (const side of shared) {
      const own = (): Promise<string[]> => side.tab.evaluate(ownNames);
      await eventually('the tunnel’s own', async () => (await own()).length === 2);
      await side.ask(async () => void (await fetch('/clear?what="*"')));
      expect(await own()).toEqual([expect.stringMatching(/^wingman-/), 'wingman.key']);
      await side.reload('front page');
      await side.arrive();
      expect(await side.tab.evaluate(() => navigator.serviceWorker.controller !== null)).toBe(true);
    }
  });
});
