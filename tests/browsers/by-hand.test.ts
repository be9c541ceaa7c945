import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser } from 'puppeteer-core';
import {
  appShows,
  inApp,
  launch,
  release,
  prefer,
  statusWhere,
  type BrowserName,
} from '../support/browser.js';
import { patternHash, startFixtureApp, type FixtureApp } from '../support/fixture-app.js';
import { Share } from '../support/processes.js';

let app: FixtureApp;
let share: Share;

beforeAll(async () => {
  app = await startFixtureApp();
  share = await Share.start(app.port);
});

afterAll(async () => {
  await share.stop();
  await app.close();
});

describe.each<BrowserName>(['chromium', 'firefox'])('in %s, prefer()', (name) => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch(name);
  });
  afterAll(() => release(browser));

  test('moves a running download between the paths without losing a byte', async () => {
    const page = await browser.newPage();
    await page.goto(share.ready.url);
    await appShows(page, 'plain app page');
    const before = await statusWhere(page, 'the direct path', ({ mode }) => mode === 'p2p');
    const size = 24 * 1024 * 1024;
    const download = inApp(page, async () => {
      const response = await fetch(`/bytes?n=${24 * 1024 * 1024}`);
      const digest = await crypto.subtle.digest('SHA-256', await response.arrayBuffer());
      return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join(
        '',
      );
    });
    for (const mode of ['relay', 'p2p', 'relay', 'auto'] as const) {
      await prefer(page, mode);
      await statusWhere(page, mode, (now) => now.mode === (mode === 'auto' ? 'p2p' : mode));
    }
    expect(await download).toBe(patternHash(size));
    const after = await statusWhere(
      page,
      'the counters',
      ({ switches }) => switches >= before.switches + 4,
    );
    expect(after.bytes.p2p.in + after.bytes.relay.in).toBeGreaterThan(size);
    await page.close();
  });
});
