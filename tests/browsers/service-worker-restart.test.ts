import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'puppeteer-core';
import { appShows, inApp, launch, release, statusWhere } from '../support/browser.js';
import { startFixtureApp, type FixtureApp } from '../support/fixture-app.js';
import { Share } from '../support/processes.js';

let app: FixtureApp;
let share: Share;
let browser: Browser;

beforeAll(async () => {
  app = await startFixtureApp();
  share = await Share.start(app.port);
  browser = await launch('chromium');
});

afterAll(async () => {
  await release(browser);
  await share.stop();
  await app.close();
});

test('a service worker that was stopped is not missed: the next request goes through the tunnel', async () => {
  const page = await browser.newPage();
  await page.goto(share.ready.url);
  await appShows(page, 'plain app page');
  await statusWhere(page, 'the direct path', ({ mode }) => mode === 'p2p');
  const session = await page.createCDPSession();
  await session.send('ServiceWorker.enable');
  await session.send('ServiceWorker.stopAllWorkers');
  const ingress = await share.metric('wingman_ingress_requests_total');
  const headers = await inApp(
    page,
    async () => (await fetch('/headers')).json() as Promise<Record<string, string>>,
  );
  expect(headers['host']).toBe(`localhost:${app.port}`);
  expect(await share.metric('wingman_ingress_requests_total')).toBe(ingress);
});
