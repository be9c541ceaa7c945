import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser, Page } from 'puppeteer-core';
import { appShows, launch, release, statusWhere } from '../support/browser.js';
import { page as html, send, startPageApp, type PageApp, type Route } from '../support/page-app.js';
import { eventually, Share } from '../support/processes.js';

/** Says as it goes that it goes. */
const LEAVING = `<script>
  addEventListener('pagehide', () => {
    navigator.sendBeacon('/sent', 'beacon');
    fetch('/sent', { method: 'POST', body: 'keepalive', keepalive: true });
  });
</script>`;

const ROUTES: Record<string, Route> = {
  '/': (_, response) => send(response, html('<h1>leaving page</h1>', LEAVING)),
  '/sent': (_, response) => send(response, ''),
};

let app: PageApp;
let share: Share;
let browser: Browser;

beforeAll(async () => {
  app = await startPageApp(ROUTES);
  share = await Share.start(app.port);
  // Firefox does not show a service worker all that a closed tab sends.
  browser = await launch('chromium');
});

afterAll(async () => {
  await release(browser);
  await share.stop();
  await app.close();
});

async function open(): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(share.ready.url);
  await appShows(page, 'leaving page');
  await statusWhere(page, 'a path', ({ mode }) => mode !== 'offline');
  return page;
}

function sentCount(): number {
  return app.seen.filter(({ target }) => target === '/sent').length;
}

test('what the last tab sends as it is closed takes the next tab’s tunnel, and never the plain way', async () => {
  let page = await open();
  app.plain.length = 0;
  // On a busy machine Chromium loses some of them under any service worker: see compatibility.md.
  await eventually(
    'one that arrives',
    async () => {
      await page.close();
      page = await open();
      return sentCount() > 0;
    },
    60_000,
  );
  expect(app.plain).toEqual([]);
}, 90_000);
