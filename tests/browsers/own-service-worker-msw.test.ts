import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'puppeteer-core';
import { appShows, inApp, launch, release, statusWhere, watchErrors } from '../support/browser.js';
import { startMswApp } from '../support/msw-app.js';
import { eventually, Share } from '../support/processes.js';
import type { StaticApp } from '../support/static-app.js';

interface Mocks {
  start(options: { onUnhandledRequest: 'bypass'; quiet: boolean }): Promise<unknown>;
  stop(): void;
}
declare const msw: Mocks;

let app: StaticApp;
let share: Share;

beforeAll(async () => {
  app = await startMswApp();
  // Nothing of an app's worker may need plain HTTP through the server.
  share = await Share.start(app.port, ['--ingress', 'off']);
});

afterAll(async () => {
  await share.stop();
  await app.close();
});

describe.each(['chromium', 'firefox'] as const)('Mock Service Worker in %s', (name) => {
  let browser: Browser;
  let page: Page;
  let errors: string[];

  beforeAll(async () => {
    browser = await launch(name);
    page = await browser.newPage();
    errors = watchErrors(page);
    await page.goto(share.ready.url);
    await appShows(page, 'app with mocks');
    await statusWhere(page, 'the direct path', ({ mode }) => mode === 'p2p');
    await inApp(
      page,
      async () => void (await msw.start({ onUnhandledRequest: 'bypass', quiet: true })),
    );
  });
  afterAll(() => release(browser));

  /** What the app's server was asked since a moment, without the icon, which the tab asks for when it has the time. */
  const askedSince = (moment: number): string[] =>
    app.seen
      .slice(moment)
      .map(({ method, url }) => `${method} ${url}`)
      .filter((line) => line !== 'GET /favicon.ico');

  test('answers what it mocks: the app’s server hears nothing of it', async () => {
    const before = app.seen.length;
    const seen = await inApp(page, async () => {
      const user = await fetch('/api/user?id=7');
      const items = await fetch('/api/items', { method: 'POST', body: '{"a":[1,"ü"]}' });
      const far = await fetch('https://api.example.com/far');
      return [
        [user.status, user.headers.get('x-mock'), await user.json()],
        [items.status, await items.json()],
        [far.status, await far.json()],
        await fetch('/api/broken').catch((error: Error) => error.name),
      ];
    });
    expect(seen).toEqual([
      [200, 'yes', { name: 'mocked', query: '?id=7' }],
      [201, { received: { a: [1, 'ü'] } }],
      [200, { far: true }],
      'TypeError',
    ]);
    expect(askedSince(before)).toEqual([]);
  });

  test('what it lets pass goes through the tunnel, once, with body and cookies', async () => {
    const before = app.seen.length;
    const ingress = await share.metric('wingman_ingress_requests_total');
    const seen = await inApp(page, async () => {
      document.cookie = 'by=page';
      return [
        await (await fetch('/api/pass')).text(),
        await (await fetch('/api/real', { method: 'PUT', body: 'x'.repeat(300_000) })).text(),
        (await fetch('/api/missing')).status,
      ];
    });
    expect(seen).toEqual(['real from=server; by=page', `PUT ${'x'.repeat(300_000)}`, 404]);
    expect(askedSince(before)).toEqual(['GET /api/pass', 'PUT /api/real', 'GET /api/missing']);
    expect(await share.metric('wingman_ingress_requests_total')).toBe(ingress);
  });

  test('WebSockets stay what they are', async () => {
    const echo = await inApp(page, async () => {
      const socket = new WebSocket(location.origin.replace('http', 'ws') + '/socket');
      await new Promise((resolve) => (socket.onopen = resolve));
      socket.send('hello');
      return new Promise((resolve) => (socket.onmessage = ({ data }) => resolve(data)));
    });
    expect(echo).toBe('hello');
  });

  test('the app sees its own worker, not the tunnel’s, and starts again after a reload', async () => {
    await page.reload();
    await appShows(page, 'app with mocks');
    const seen = await inApp(page, async () => {
      await msw.start({ onUnhandledRequest: 'bypass', quiet: true });
      const registrations = await navigator.serviceWorker.getRegistrations();
      return [
        new URL(navigator.serviceWorker.controller?.scriptURL ?? '').pathname,
        registrations.map(({ active, scope }) => [active?.scriptURL, active?.state, scope]),
        (await (await fetch('/api/user')).json()) as unknown,
      ];
    });
    expect(seen).toEqual([
      '/mockServiceWorker.js',
      [[`${share.origin}/mockServiceWorker.js`, 'activated', `${share.origin}/`]],
      { name: 'mocked', query: '' },
    ]);
    expect(await page.evaluate(() => navigator.serviceWorker.controller?.scriptURL)).toBe(
      `${share.origin}/__wingman/sw.js`,
    );
  });

  test('stops mocking, and everything goes through the tunnel', async () => {
    await inApp(page, () => msw.stop());
    await eventually('the app’s server is asked', async () => {
      const status = await inApp(page, async () => (await fetch('/api/user?stopped')).status);
      return status === 404 ? true : undefined;
    });
    // Its own mocked failure and a 404 are what the page has to complain of.
    const unexpected = errors.filter(
      (text) => !/404|ERR_FAILED|NetworkError|Failed to load/.test(text),
    );
    expect(unexpected).toEqual([]);
  });
});
