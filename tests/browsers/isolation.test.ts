import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser } from 'puppeteer-core';
import { launch, type BrowserName } from '../support/browser.js';
import { startDocumentApp, type DocumentApp } from '../support/document-app.js';
import { eventually, Share } from '../support/processes.js';

let app: DocumentApp;
let share: Share;

beforeAll(async () => {
  app = await startDocumentApp();
  share = await Share.start(app.port);
});

afterAll(async () => {
  await share.stop();
  await app.close();
});

describe.each<BrowserName>(['chromium', 'firefox'])('cross-origin isolation in %s', (name) => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch(name);
  });
  afterAll(() => browser.close());

  /** Opens a page and waits for what it, and those it leads on to, report. */
  async function reports(path: string, hash: string, count: number): Promise<unknown[]> {
    app.posts.length = 0;
    const page = await browser.newPage();
    await page.goto(share.ready.url.replace('/#', `${path}#`) + hash);
    await eventually('the reports', () => app.posts.length >= count, 30_000);
    await page.close();
    return app.posts.map((post) => JSON.parse(post.replace('POST ', '')) as unknown);
  }

  const report = (path: string, isolated: boolean): unknown => {
    const shared = isolated && [42, true];
    return { here: path, shown: path, isolated, shared, mode: 'p2p' };
  };

  test.each(['require-corp', 'credentialless'])(
    'an app that asks for it (%s) has it from its first script on, and a direct path',
    async (embedder) => {
      const path = `/isolated?embedder=${embedder}`;
      expect(await reports(path, '', 1)).toEqual([report(path, true)]);
    },
  );

  test('each page has it or not, as it asks for', async () => {
    expect(await reports('/plain', '#/isolated#/plain', 3)).toEqual([
      report('/plain', false),
      report('/isolated', true),
      report('/plain', false),
    ]);
  });
});
