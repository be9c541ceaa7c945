import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'puppeteer-core';
import { appShows, inApp, launch, statusWhere } from '../support/browser.js';
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
  await browser.close();
  await share.stop();
  await app.close();
});

test('an app’s own service worker is refused with the reason, and the tunnel goes on', async () => {
  const page = await browser.newPage();
  await page.goto(share.ready.url);
  await appShows(page, 'plain app page');
  await statusWhere(page, 'the direct path', ({ mode }) => mode === 'p2p');
  const refusal = await inApp(page, () =>
    navigator.serviceWorker.register('/sw.js').then(
      () => 'registered',
      (error: DOMException) => `${error.name}: ${error.message}`,
    ),
  );
  expect(refusal).toMatch(/^NotSupportedError: .*Wingman/);
  const ingress = await share.metric('wingman_ingress_requests_total');
  expect(await inApp(page, async () => (await fetch('/headers')).status)).toBe(200);
  expect(await share.metric('wingman_ingress_requests_total')).toBe(ingress);
});
