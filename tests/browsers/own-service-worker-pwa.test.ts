import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'puppeteer-core';
import { appShows, inApp, launch, release, statusWhere, watchErrors } from '../support/browser.js';
import { eventually, Share, startServer, type Program } from '../support/processes.js';
import { buildPwa } from '../support/pwa-app.js';
import {
  startStaticApp,
  type SeenRequest,
  type StaticApp,
  type StaticFile,
} from '../support/static-app.js';

declare const pwa: {
  events: string[];
  register(): Promise<void>;
  update(): Promise<void>;
  accept(): void;
};

/** Workbox says so when 200 ms after its installation a worker does not activate yet: on a busy machine the first may not. */
const LATE = 'waiting';

let versions: Map<string, StaticFile>[];
let server: { program: Program; url: string };

beforeAll(async () => {
  server = await startServer();
  versions = [await buildPwa('one'), await buildPwa('two')];
});

afterAll(() => server.program.stop());

const DYNAMIC: [string, (request: SeenRequest) => StaticFile][] = [
  [
    '/favicon.ico',
    () => ({ type: 'image/svg+xml', body: '<svg xmlns="http://www.w3.org/2000/svg"/>' }),
  ],
  ['/api/echo', ({ url }) => ({ type: 'text/plain', body: `answer to ${url}` })],
  [
    '/images/dot.svg',
    () => ({ type: 'image/svg+xml', body: '<svg xmlns="http://www.w3.org/2000/svg"/>' }),
  ],
  [
    '/server/moved',
    () => ({ type: 'text/plain', body: '', status: 302, headers: { location: '/server/page' } }),
  ],
  [
    '/server/page',
    ({ headers }) => ({
      type: 'text/html',
      body: `<!doctype html><title>served</title><p>served page for ${headers['sec-fetch-dest'] ?? ''}</p>`,
      headers: { 'x-frame-options': 'DENY' },
    }),
  ],
];

describe.each(['chromium', 'firefox'] as const)('a Workbox app in %s', (name) => {
  let app: StaticApp;
  let share: Share;
  let browser: Browser;
  let page: Page;
  let errors: string[];

  beforeAll(async () => {
    app = await startStaticApp([...(versions[0] ?? []), ...DYNAMIC]);
    share = await Share.start(app.port, ['--server', server.url]);
    browser = await launch(name);
    page = await browser.newPage();
    errors = watchErrors(page);
    await page.goto(share.ready.url);
    await appShows(page, 'script one');
    await statusWhere(page, 'the direct path', ({ mode }) => mode === 'p2p');
  });
  afterAll(async () => {
    await release(browser);
    await share.stop();
    await app.close();
  });

  /** What the app's server was asked since a moment, without what browsers ask by themselves. */
  const askedSince = (moment: number): string[] =>
    app.seen
      .slice(moment)
      .map(({ url }) => url)
      .filter(
        (url) => !['/', '/favicon.ico', '/sw.js'].includes(url) && !url.startsWith('/workbox-'),
      );

  const events = (): Promise<string[]> => inApp(page, () => pwa.events);

  test('precaches on the first visit and takes the page over', async () => {
    const before = await inApp(page, () => navigator.serviceWorker.controller);
    expect(before).toBeNull();
    await inApp(page, () => pwa.register());
    await eventually('the worker controls the page', async () =>
      (await events()).includes('controlling') ? true : undefined,
    );
    const seen = await inApp(page, async () => {
      const { active, scope, waiting, installing } = await navigator.serviceWorker.ready;
      const precache = (await caches.keys()).find((key) => key.includes('precache')) ?? '';
      const kept = (await (await caches.open(precache)).keys()).map(
        ({ url }) => new URL(url).pathname,
      );
      return [active?.scriptURL, scope, waiting, installing, kept.sort(), await caches.keys()];
    });
    expect(seen).toEqual([
      `${share.origin}/sw.js`,
      `${share.origin}/`,
      null,
      null,
      ['/client.js', '/index.html', '/style.css', '/version.js'],
      [expect.stringContaining('workbox-precache')],
    ]);
    await eventually('it is active', async () =>
      (await events()).includes('activated') ? true : undefined,
    );
    // Workbox claims beside the activation, so that these two come in either order.
    const [first, ...others] = (await events()).filter((event) => event !== LATE);
    expect([first, ...others.sort()]).toEqual(['installed', 'activated', 'controlling']);
  });

  test('the second load comes from the cache, whatever the server has by then', async () => {
    app.files.set('/version.js', { type: 'text/javascript', body: 'broken(' });
    const moment = app.seen.length;
    await page.reload();
    await appShows(page, 'script one');
    expect(askedSince(moment)).toEqual([]);
    const controller = await inApp(page, () => navigator.serviceWorker.controller?.scriptURL);
    expect(controller).toBe(`${share.origin}/sw.js`);
  });

  test('a navigation falls back to the cached page, in which the tunnel works', async () => {
    const moment = app.seen.length;
    await inApp(page, () => void (location.href = '/deep/link?of=app'));
    await eventually('the address', () =>
      Promise.resolve(page.url().includes('/deep/link?of=app') ? true : undefined),
    );
    await appShows(page, 'script one');
    await eventually('the title', async () => (await page.title()) === 'pwa one');
    expect(askedSince(moment)).toEqual([]);
    const echo = await inApp(page, async () => {
      const socket = new WebSocket(location.origin.replace('http', 'ws') + '/socket');
      await new Promise((resolve) => (socket.onopen = resolve));
      socket.send('hello');
      return new Promise((resolve) => (socket.onmessage = ({ data }) => resolve(data)));
    });
    expect(echo).toBe('hello');
  });

  test('runtime caching fetches through the tunnel', async () => {
    const moment = app.seen.length;
    const ingress = await share.metric('wingman_ingress_requests_total');
    const seen = await inApp(page, async () => {
      const text = async (url: string): Promise<string> => (await fetch(url)).text();
      const kept = async (url: string): Promise<boolean> => {
        while ((await caches.match(url)) === undefined)
          await new Promise((go) => setTimeout(go, 20));
        return true;
      };
      return [
        await text('/api/echo?n=1'),
        await text('/images/dot.svg'),
        await kept('/images/dot.svg'),
        await text('/images/dot.svg'),
        await kept('/api/echo?n=1'),
        (await caches.has('api')) && (await caches.has('images')),
      ];
    });
    const svg = '<svg xmlns="http://www.w3.org/2000/svg"/>';
    expect(seen).toEqual(['answer to /api/echo?n=1', svg, true, svg, true, true]);
    expect(askedSince(moment)).toEqual(['/api/echo?n=1', '/images/dot.svg']);
    expect(await share.metric('wingman_ingress_requests_total')).toBe(ingress);
  });

  test('a navigation that the worker sends to the network follows its redirect', async () => {
    await inApp(page, () => void (location.href = '/server/moved'));
    await appShows(page, 'served page for document');
    await eventually('the address', () => new URL(page.url()).pathname === '/server/page');
    await inApp(page, () => void (location.href = '/'));
    await appShows(page, 'script one');
  });

  test('a new version waits, takes over when it may, and is what the next load shows', async () => {
    for (const [path, file] of versions[1] ?? []) app.files.set(path, file);
    await inApp(page, async () => {
      await pwa.register();
      await pwa.update();
    });
    await eventually('the new version waits', async () =>
      (await events()).some((event) => event.startsWith('waiting')) ? true : undefined,
    );
    const before = await inApp(page, async () => {
      const { waiting, active } = (await navigator.serviceWorker.getRegistration())!;
      return [waiting?.state, active?.state, waiting === active];
    });
    expect(before).toEqual(['installed', 'activated', false]);
    await inApp(page, () => pwa.accept());
    await eventually('it controls the page', async () =>
      (await events()).some((event) => event.startsWith('controlling')) ? true : undefined,
    );
    await page.reload();
    await appShows(page, 'script two');
    await eventually('the title', async () => (await page.title()) === 'pwa two');
  });

  test('once unregistered it controls nothing that loads then', async () => {
    const seen = await inApp(page, async () => {
      const registration = await navigator.serviceWorker.ready;
      return [await registration.unregister(), await navigator.serviceWorker.getRegistrations()];
    });
    expect(seen).toEqual([true, []]);
    app.files.set('/version.js', {
      type: 'text/javascript',
      body: "document.getElementById('script').textContent = 'script from the server';",
    });
    await page.reload();
    await appShows(page, 'script from the server');
    expect(await inApp(page, () => navigator.serviceWorker.controller)).toBeNull();
    // Firefox says this of every redirect of a page that a service worker answers with, without ill effect.
    expect(errors.filter((text) => !text.includes('Failed to load ‘’'))).toEqual([]);
  });

  test('the end of the session takes the app’s worker and its caches with it', async () => {
    await inApp(page, () => pwa.register());
    await eventually('the worker controls the page', async () =>
      (await events()).includes('controlling') ? true : undefined,
    );
    await share.stop();
    await eventually('nothing is left', async () => {
      const left = await page.evaluate(async () => [
        ...(await caches.keys()),
        ...(await navigator.serviceWorker.getRegistrations()).map(({ scope }) => scope),
      ]);
      if (left.length > 0) throw new Error(`left: ${left.join(', ')}`);
      return true;
    });
  });
});
