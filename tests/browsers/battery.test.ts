import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'puppeteer-core';
import { startBatteryApp, type BatteryApp } from '../battery/app.js';
import { KNOWN } from '../battery/known.js';
import { runSection, type Outcome } from '../battery/section.js';
import { SECTIONS } from '../battery/sections.js';
import { appShows, inApp, launch, release, type BrowserName } from '../support/browser.js';
import { onPath, PATH_NAMES, PathShares } from '../support/paths.js';

let app: BatteryApp;
let shares: PathShares;

beforeAll(async () => {
  app = await startBatteryApp();
  shares = await PathShares.start(app.port);
});

afterAll(async () => {
  await shares.stop();
  await app.close();
});

type Ask = (source: string) => Promise<Outcome>;

/** Runs all sections in one page. The page's own address is left out of what they give. */
async function runAll(ask: Ask, origin: string): Promise<Outcome> {
  const outcome: Outcome = {};
  for (const [name, section] of Object.entries(SECTIONS)) {
    for (const [assertion, value] of Object.entries(await ask(section.toString()))) {
      const plain = [origin, `http://localhost:${app.port}`].reduce(
        (text, own) => text.replaceAll(own, 'ORIGIN').replaceAll(new URL(own).host, 'HOST'),
        value,
      );
      outcome[`${name}: ${assertion}`] = plain;
    }
  }
  return outcome;
}

describe.each<BrowserName>(['chromium', 'firefox'])('the battery in %s', (name) => {
  let browser: Browser;
  let local: Outcome;

  beforeAll(async () => {
    browser = await launch(name);
    const page = await browser.newPage();
    const origin = `http://localhost:${app.port}`;
    await page.goto(origin);
    local = await runAll((source) => page.evaluate(runSection, source), origin);
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
      const shared = await runAll((source) => inApp(page, runSection, source), share.origin);
      await page.close();
      const keys = Object.keys(local);
      expect(Object.keys(shared)).toEqual(keys);
      const isKnown = (key: string): boolean => KNOWN[key]?.on.includes(name) === true;
      const news = keys.filter((key) => shared[key] !== local[key] && !isKnown(key));
      expect(news.map((key) => `${key}: ${local[key]} is ${shared[key]}`)).toEqual([]);
    },
    120_000,
  );
});
