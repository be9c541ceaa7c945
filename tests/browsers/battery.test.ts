import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'puppeteer-core';
import { startBatteryApp, type BatteryApp } from '../battery/app.js';
import { BARE, BARE_ROUTES, lookAtBare } from '../battery/bare-worker.js';
import { news, outdated, runAll } from '../battery/run.js';
import { runSection, type Outcome } from '../battery/section.js';
import { appShows, inApp, launch, release, type BrowserName } from '../support/browser.js';
import { onPath, PATH_NAMES, PathShares } from '../support/paths.js';

let app: BatteryApp;
let shares: PathShares;

beforeAll(async () => {
  app = await startBatteryApp(BARE_ROUTES);
  shares = await PathShares.start(app.port);
});

afterAll(async () => {
  await shares.stop();
  await app.close();
});

describe.each<BrowserName>(['chromium', 'firefox'])('the battery in %s', (name) => {
  let browser: Browser;
  let local: Outcome;
  const everyShared: Outcome[] = [];

  beforeAll(async () => {
    browser = await launch(name);
    const page = await browser.newPage();
    const origin = `http://localhost:${app.port}`;
    await page.goto(origin);
    local = await runAll((source) => page.evaluate(runSection, source), origin, app.port);
    await page.close();
  }, 120_000);

  afterAll(() => release(browser));

  test('has at least 400 assertions', () => {
    expect(Object.keys(local).length).toBeGreaterThanOrEqual(400);
  });

  test.each(PATH_NAMES)(
    'is the same by %s, but for what is known',
    async (path) => {
      const share = shares.on(path);
      const page: Page = await browser.newPage();
      await page.goto(share.ready.url);
      await appShows(page, 'the battery');
      await onPath(page, path);
      const ask = (source: string): Promise<Outcome> => inApp(page, runSection, source);
      const shared = await runAll(ask, share.origin, app.port);
      await page.close();
      expect(Object.keys(shared)).toEqual(Object.keys(local));
      expect(news(name, local, shared)).toEqual([]);
      everyShared.push(shared);
    },
    120_000,
  );

  test('has on some path each difference that is known', () => {
    expect(outdated(name, local, everyShared)).toEqual([]);
  });

  test('shows without a tunnel what it makes of a service worker and of frames', async () => {
    const page = await browser.newPage();
    await page.goto(`http://localhost:${app.port}/bare/`);
    expect(await page.evaluate(lookAtBare)).toEqual(BARE[name]);
    await page.close();
  });
});
