import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser } from 'puppeteer-core';
import {
  appShows,
  inApp,
  launch,
  release,
  prefer,
  status,
  statusWhere,
  type BrowserName,
} from '../support/browser.js';
import { patternHash, startFixtureApp, type FixtureApp } from '../support/fixture-app.js';
import { eventually, Share } from '../support/processes.js';

let app: FixtureApp;
let share: Share;
let sparing: Share;

beforeAll(async () => {
  app = await startFixtureApp();
  share = await Share.start(app.port);
  sparing = await Share.start(app.port, ['--spare-relay']);
});

afterAll(async () => {
  await Promise.all([share.stop(), sparing.stop()]);
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

  test('leaves a relay alone that is to be spared', async () => {
    const page = await browser.newPage();
    await page.goto(sparing.ready.url);
    await appShows(page, 'plain app page');
    await statusWhere(page, 'the direct path', ({ mode }) => mode === 'p2p');
    await prefer(page, 'relay');
    // A busy machine may suspect the path for a moment, and the relay then helps out: one download has to hold as a whole.
    await eventually('a download over the direct path alone', async () => {
      const before = (await status(page)).bytes;
      const size = await inApp(page, async () => {
        const response = await fetch(`/bytes?n=${1024 * 1024}`);
        return (await response.arrayBuffer()).byteLength;
      });
      expect(size).toBe(1024 * 1024);
      const { p2p, relay } = (await status(page)).bytes;
      return p2p.in - before.p2p.in >= size && relay.in - before.relay.in < size;
    });
    await page.close();
  });
});
