import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { Browser } from 'puppeteer-core';
import { startBatteryApp, type BatteryApp } from '../battery/app.js';
import { news, outdated, runAll } from '../battery/run.js';
import { runSection, type Outcome } from '../battery/section.js';
import { release, type BrowserName } from '../support/browser.js';
import {
  INSECURE_DOMAIN,
  launchInsecure,
  startInsecureServer,
  type InsecureServer,
} from '../support/insecure-server.js';
import { Share } from '../support/processes.js';

/** Two runs of several hundred assertions, some of which wait until nothing has come. */
jest.setTimeout(240_000);

let app: BatteryApp;
let server: InsecureServer;
let share: Share;

beforeAll(async () => {
  app = await startBatteryApp();
  server = await startInsecureServer();
  share = await Share.start(app.port, [...server.address, '--ingress', 'open']);
});

afterAll(async () => {
  await share.stop();
  await server.stop();
  await app.close();
});

describe.each<BrowserName>(['chromium', 'firefox'])('the battery by plain HTTP in %s', (name) => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await launchInsecure(name);
  });
  afterAll(() => release(browser));

  async function run(origin: string): Promise<Outcome> {
    const page = await browser.newPage();
    await page.goto(origin);
    expect(await page.evaluate(() => [isSecureContext, 'wingman' in window])).toEqual([
      false,
      false,
    ]);
    const outcome = await runAll((source) => page.evaluate(runSection, source), origin, app.port);
    await page.close();
    return outcome;
  }

  // On localhost a page is a secure context: what it is to be like is the app on another name.
  test('is that of the app itself on a name of its own, but for what is known', async () => {
    const local = await run(`http://app.${INSECURE_DOMAIN}:${app.port}`);
    const shared = await run(share.origin);
    expect(Object.keys(local).length).toBeGreaterThanOrEqual(400);
    expect(Object.keys(shared)).toEqual(Object.keys(local));
    expect(news('plain', local, shared)).toEqual([]);
    expect(outdated('plain', local, [shared])).toEqual([]);
  });
});
