import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'puppeteer-core';
import { appShows, inApp, launch, release, status, type Status } from '../support/browser.js';
import { startDocumentApp, type DocumentApp } from '../support/document-app.js';
import { expectPath, onPath, PathShares, WAYS_ABOVE_THE_LINK } from '../support/paths.js';
import { eventually, type Share } from '../support/processes.js';

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

describe.each(WAYS_ABOVE_THE_LINK)('forms that navigate in %s by %s', (name, path) => {
  let share: Share;
  let browser: Browser;
  let page: Page;
  beforeAll(async () => {
    share = shares.on(path);
    browser = await launch(name);
  });
  afterAll(() => release(browser));

  async function open(): Promise<Status> {
    page = await browser.newPage();
    await page.goto(share.ready.url);
    await appShows(page, 'start page');
    app.posts.length = 0;
    return onPath(page, path);
  }

  async function expectSentByRelay(from: Page, least: number): Promise<void> {
    const { bytes } = await status(from);
    expect(bytes.p2p).toEqual({ in: 0, out: 0 });
    expect(bytes.relay.out).toBeGreaterThan(least);
  }

  const submit = (selector: string): Promise<void> =>
    inApp(page, (css) => document.querySelector<HTMLFormElement>(css)?.requestSubmit(), selector);

  /** One that stays in its frame stays on its link; the others begin another. */
  test.each([
    ['#inner', 'in frame', false],
    ['#top', 'on top', false],
    ['#blank', 'in a new tab', true],
  ])('a form (%s) is posted once, and its answer shown', async (selector, value, opensTab) => {
    const opened = await open();
    const before = (await browser.pages()).length;
    await submit(selector);
    const shown = await eventually('the tab', async () => {
      const pages = await browser.pages();
      return pages.length === before + (opensTab ? 1 : 0) ? pages.at(-1) : undefined;
    });
    const received = `POST a=${value.replaceAll(' ', '+')}`;
    await appShows(shown, `received ${received}`);
    expect(app.posts).toEqual([received]);
    await eventually('the URL', () => shown.url() === `${share.origin}/submit`);
    if (selector === '#inner') await expectPath(page, opened, path);
    if (shown !== page) await shown.close();
    await page.close();
  });

  test('a file is posted to the top whole', async () => {
    await open();
    await inApp(page, () => {
      const bytes = new Uint8Array(3_000_000).map((_, index) => index % 251);
      const files = new DataTransfer();
      files.items.add(new File([bytes], 'big.bin'));
      const form = document.querySelector<HTMLFormElement>('#upload');
      const input = form?.querySelector('input');
      if (input) input.files = files.files;
      form?.requestSubmit();
    });
    await appShows(page, 'received a file of 3000000 bytes');
    expect(app.posts).toHaveLength(1);
    // The tab has another shell by now, whose link begins on the relay: only there the path is known.
    if (path === 'relay') await expectSentByRelay(page, 3_000_000);
    await page.close();
  });

  // What follows leaves the link in any case, and begins another.
  if (path === 'relay') return;

  test('an answer that leads on is followed, and a reload posts nothing', async () => {
    await open();
    await submit('#leading');
    await appShows(page, 'next page');
    await eventually('the URL', () => page.url() === `${share.origin}/next`);
    await page.reload();
    await appShows(page, 'next page');
    expect(app.posts).toEqual(['POST a=leading']);
    await page.close();
  });

  test('another site posts to the app (OAuth, form_post), which sees whence it comes', async () => {
    await open();
    await page.goto(`${app.provider}/post?url=${encodeURIComponent(`${share.origin}/submit`)}`);
    await appShows(page, 'received POST code=42');
    expect(app.posts).toEqual(['POST code=42']);
    expect(app.origins.at(-1)).toBe(app.provider);
    await page.close();
  });
});
