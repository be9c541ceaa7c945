import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'puppeteer-core';
import { appShows, inApp, launch, statusWhere, type BrowserName } from '../support/browser.js';
import { startPlatformApp, type PlatformApp } from '../support/platform-app.js';
import { PLATFORM_PROBES } from '../support/platform-probes.js';
import { eventually, Share } from '../support/processes.js';

let app: PlatformApp;
let share: Share;

beforeAll(async () => {
  app = await startPlatformApp();
  share = await Share.start(app.port);
});

afterAll(async () => {
  await share.stop();
  await app.close();
});

/** Firefox shows a service worker not everything of a page that is going. */
const AS_IT_LEAVES = '/sent';
const probes = Object.entries(PLATFORM_PROBES) as [string, () => Promise<unknown>][];

describe.each<BrowserName>(['chromium', 'firefox'])(
  'in %s a page loads what it loads on localhost',
  (name) => {
    let browser: Browser;
    let local: Page;
    let shared: Page;

    beforeAll(async () => {
      browser = await launch(name);
      local = await browser.newPage();
      await local.goto(app.origin);
      shared = await browser.newPage();
      await shared.goto(share.ready.url);
      await appShows(shared, 'platform app');
      await statusWhere(shared, 'the direct path', ({ mode }) => mode === 'p2p');
    });
    afterAll(() => browser.close());

    test.each(probes)('%s', async (what, probe) => {
      // Hidden tabs load no media.
      await local.bringToFront();
      const expected = await local.evaluate(probe);
      await shared.bringToFront();
      expect(expected).toBeDefined();
      app.ranges.length = 0;
      expect(await inApp(shared, probe)).toEqual(expected);
      if (what.startsWith('audio')) expect(app.ranges).not.toEqual([]);
    });

    test('nothing of what was given up is left at the app', async () => {
      await local.close();
      await eventually('no open request', () => app.openRequests().length === 0).catch(() =>
        expect(app.openRequests()).toEqual([]),
      );
    });

    test('all of it went by the tunnel, except what Firefox shows no service worker', () => {
      const leaving = name === 'firefox' ? AS_IT_LEAVES : '';
      expect(app.plain.filter((target) => target !== leaving)).toEqual([]);
    });
  },
);
