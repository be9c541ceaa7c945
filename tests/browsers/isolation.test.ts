import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { Browser } from 'puppeteer-core';
import { launch, release } from '../support/browser.js';
import { startDocumentApp, type DocumentApp } from '../support/document-app.js';
import { PathShares, WAYS_ABOVE_THE_LINK } from '../support/paths.js';
import { eventually } from '../support/processes.js';

/** Longer than what it waits for. */
jest.setTimeout(60_000);

let app: DocumentApp;
let shares: PathShares;

beforeAll(async () => {
  app = await startDocumentApp();
  shares = await PathShares.start(app.port);
});

afterAll(async () => {
  await shares.stop();
  await app.close();
});

describe.each(WAYS_ABOVE_THE_LINK)('cross-origin isolation in %s by %s', (name, carrying) => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch(name);
  });
  afterAll(() => release(browser));

  /** Opens a page and waits for what it, and those it leads on to, report. */
  async function reports(path: string, hash: string, count: number): Promise<unknown[]> {
    app.posts.length = 0;
    const page = await browser.newPage();
    await page.goto(shares.on(carrying).ready.url.replace('/#', `${path}#`) + hash);
    await eventually('the reports', () => app.posts.length >= count, 30_000);
    await page.close();
    return app.posts.map((post) => JSON.parse(post.replace('POST ', '')) as unknown);
  }

  const report = (path: string, isolated: boolean): unknown => {
    const shared = isolated && [42, true];
    const hadDirect = carrying === 'p2p';
    return { here: path, shown: path, isolated, shared, mode: carrying, hadDirect };
  };

  test.each(['require-corp', 'credentialless'])(
    'an app that asks for it (%s) has it from its first script on, and its path',
    async (embedder) => {
      const path = `/isolated?embedder=${embedder}&path=${carrying}`;
      expect(await reports(path, '', 1)).toEqual([report(path, true)]);
    },
  );

  // A tab that changes begins anew on the relay in any case.
  if (carrying === 'relay') return;

  test('each page has it or not, as it asks for', async () => {
    expect(await reports('/plain', '#/isolated#/plain', 3)).toEqual([
      report('/plain', false),
      report('/isolated', true),
      report('/plain', false),
    ]);
  });
});
