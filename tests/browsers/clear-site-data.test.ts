import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser } from 'puppeteer-core';
import { appShows, launch, statusWhere, type BrowserName } from '../support/browser.js';
import { page, send, startPageApp, type PageApp, type Route } from '../support/page-app.js';
import { Share } from '../support/processes.js';
import { compared, newSides, type Sides } from '../support/sides.js';

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

const ROUTES: Record<string, Route> = {
  '/': (_, response) => send(response, page('<h1>front page</h1>')),
  '/clear': (_, response, url) =>
    send(response, '', { 'clear-site-data': url.searchParams.get('what') ?? '' }),
};

let app: PageApp;
let share: Share;

beforeAll(async () => {
  app = await startPageApp(ROUTES);
  share = await Share.start(app.port);
});

afterAll(async () => {
  await share.stop();
  await app.close();
});

describe.each<BrowserName>(['chromium', 'firefox'])('in %s', (name) => {
  let browser: Browser;
  /** Localhost and the session, asked the same. */
  let sides: Sides;

  beforeAll(async () => {
    browser = await launch(name);
    sides = await newSides(browser, app, share);
    for (const side of sides) await side.open('/', 'front page');
  });
  afterAll(() => browser.close());

  test.each(['"storage"', '"cache"', '"cookies"', '"cache", "storage"', '"*"'])(
    'Clear-Site-Data: %s clears what it clears on localhost',
    async (clears) => {
      const [local, shared] = await compared(sides, async (side) => {
        await side.go('/', 'front page');
        return side.ask(storedAfter, clears);
      });
      expect(shared).toEqual(local);
    },
  );

  test('the tunnel outlives that', async () => {
    const [, { tab }] = sides;
    await tab.reload();
    await appShows(tab, 'front page');
    await statusWhere(tab, 'the direct path', ({ mode }) => mode === 'p2p');
    expect(await tab.evaluate(() => navigator.serviceWorker.controller !== null)).toBe(true);
  });

  test('all of it went by the tunnel', () => {
    expect(app.plain).toEqual([]);
  });
});
