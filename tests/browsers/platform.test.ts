import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { Browser, Page } from 'puppeteer-core';
import {
  appShows,
  inApp,
  launch,
  release,
  type BrowserName,
  type Status,
} from '../support/browser.js';
import { expectPath, onPath, pathsOf, PathShares } from '../support/paths.js';
import { startPlatformApp, type PlatformApp } from '../support/platform-app.js';
import { PLATFORM_PROBES } from '../support/platform-probes.js';
import { eventually } from '../support/processes.js';

/** What a page sends as it leaves is tried several times, for 3 s each, on localhost and in the session. */
jest.setTimeout(60_000);

let app: PlatformApp;
let shares: PathShares;

beforeAll(async () => {
  app = await startPlatformApp();
  // What a browser shows to no service worker goes by plain HTTP, where the session allows it.
  shares = await PathShares.start(app.port, ['--ingress', 'open']);
});

afterAll(async () => {
  await shares.stop();
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
    const expected = new Map<string, unknown>();

    beforeAll(async () => {
      browser = await launch(name);
      local = await browser.newPage();
      await local.goto(app.origin);
    });
    afterAll(() => release(browser));

    /** What it is on localhost, where each is tried once. */
    async function onLocalhost(what: string, probe: () => Promise<unknown>): Promise<unknown> {
      if (!expected.has(what)) {
        // Hidden tabs load no media.
        await local.bringToFront();
        expected.set(what, await local.evaluate(probe));
      }
      return expected.get(what);
    }

    describe.each(pathsOf(name))('by %s', (path) => {
      let shared: Page;
      let before: Status;

      beforeAll(async () => {
        shared = await browser.newPage();
        await shared.goto(shares.on(path).ready.url);
        await appShows(shared, 'platform app');
        before = await onPath(shared, path);
      });

      test.each(probes)('%s', async (what, probe) => {
        const own = await onLocalhost(what, probe);
        expect(own).toBeDefined();
        await shared.bringToFront();
        app.ranges.length = 0;
        expect(await inApp(shared, probe)).toEqual(own);
        if (/^(?:audio|video)/.test(what)) expect(app.ranges).not.toEqual([]);
      });

      test('all of it took that path', () => expectPath(shared, before, path));
    });

    describe('afterwards', () => {
      test('nothing of what was given up is left at the app', async () => {
        await local.close();
        await eventually('no open request', () => app.openRequests().length === 0).catch(() =>
          expect(app.openRequests()).toEqual([]),
        );
      });

      test('none of it went by plain HTTP, except what Firefox shows no service worker', () => {
        const leaving = name === 'firefox' ? AS_IT_LEAVES : '';
        expect(app.plain.filter((target) => target !== leaving)).toEqual([]);
      });
    });
  },
);
