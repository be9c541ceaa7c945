import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser, Page } from 'puppeteer-core';
import { appShows, inApp, launch, release, prefer, statusWhere } from '../support/browser.js';
import { startFixtureApp, type FixtureApp } from '../support/fixture-app.js';
import { expectPath, onPath } from '../support/paths.js';
import { Share } from '../support/processes.js';

let app: FixtureApp;
let share: Share;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  app = await startFixtureApp();
  share = await Share.start(app.port);
  browser = await launch('chromium');
  page = await browser.newPage();
  await page.goto(share.ready.url);
  await appShows(page, 'plain app page');
});

afterAll(async () => {
  await release(browser);
  await share.stop();
  await app.close();
});

const load = (): Promise<unknown> =>
  inApp(page, async () => {
    const body = 'x'.repeat(100_000);
    return (await fetch('/echo', { method: 'POST', body })).text();
  });

test('the tests’ own check of the path holds for the one that has carried, and fails for the other', async () => {
  const direct = await onPath(page, 'p2p');
  await load();
  await expectPath(page, direct, 'p2p');
  // The direct path is still open, and measured all the time: its PINGs must not pass for content.
  await prefer(page, 'relay');
  const relayed = await statusWhere(page, 'the relay', ({ mode }) => mode === 'relay');
  await statusWhere(page, 'PINGs', ({ bytes }) => bytes.p2p.out > relayed.bytes.p2p.out);
  await load();
  await expect(expectPath(page, relayed, 'p2p')).rejects.toThrow();
  await expect(expectPath(page, relayed, 'relay')).rejects.toThrow();
});
