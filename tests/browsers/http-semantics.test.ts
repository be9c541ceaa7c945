import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'puppeteer-core';
import {
  appShows,
  inApp,
  launch,
  release,
  prefer,
  statusWhere,
  type BrowserName,
} from '../support/browser.js';
import { FETCH_PROBES } from '../support/fetch-probes.js';
import { startHttpApp, type HttpApp } from '../support/http-app.js';
import { Share } from '../support/processes.js';

let app: HttpApp;
let share: Share;

beforeAll(async () => {
  app = await startHttpApp();
  share = await Share.start(app.port, ['--ingress', 'open']);
});

afterAll(async () => {
  await share.stop();
  await app.close();
});

/** Chromium shows a synchronous XMLHttpRequest to no service worker; one on each path. */
const SYNCHRONOUS = ['POST /echo', 'POST /echo'];
const probes = Object.entries(FETCH_PROBES) as [string, () => Promise<unknown>][];

describe.each<BrowserName>(['chromium', 'firefox'])(
  'in %s a page sees what it sees on localhost',
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
      await appShows(shared, 'http app');
    });
    afterAll(() => release(browser));

    describe.each(['p2p', 'relay'] as const)('by %s', (path) => {
      beforeAll(async () => {
        await prefer(shared, path);
        await statusWhere(shared, path, ({ mode }) => mode === path);
      });

      test.each(probes)('%s', async (_, probe) => {
        const expected = await local.evaluate(probe);
        expect(expected).toBeDefined();
        expect(await inApp(shared, probe)).toEqual(expected);
      });
    });

    describe('afterwards', () => {
      test('none of it went by plain HTTP, except what Chromium keeps from service workers', async () => {
        expect(app.plain).toEqual(name === 'chromium' ? SYNCHRONOUS : []);
        app.plain.length = 0;
      });
    });
  },
);

test('a session that wants the key refuses what Chromium keeps from service workers', async () => {
  const keyed = await Share.start(app.port);
  const browser = await launch('chromium');
  const page = await browser.newPage();
  await page.goto(keyed.ready.url);
  await appShows(page, 'http app');
  const refused = await inApp(page, () => {
    const request = new XMLHttpRequest();
    request.open('GET', '/echo', false);
    request.send();
    return [request.status, request.getResponseHeader('wingman-error')];
  });
  expect(refused).toEqual([401, 'KEY_NEEDED']);
  expect(app.plain).toEqual([]);
  await release(browser);
  await keyed.stop();
});
