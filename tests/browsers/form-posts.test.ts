import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'puppeteer-core';
import { appShows, inApp, launch, type BrowserName } from '../support/browser.js';
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

describe.each<BrowserName>(['chromium', 'firefox'])('forms that navigate in %s', (name) => {
  let browser: Browser;
  let page: Page;
  beforeAll(async () => {
    browser = await launch(name);
  });
  afterAll(() => browser.close());

  async function open(): Promise<void> {
    page = await browser.newPage();
    await page.goto(share.ready.url);
    await appShows(page, 'start page');
    app.posts.length = 0;
  }

  const submit = (selector: string): Promise<void> =>
    inApp(page, (css) => document.querySelector<HTMLFormElement>(css)?.requestSubmit(), selector);

  test.each([
    ['#inner', 'in frame', false],
    ['#top', 'on top', false],
    ['#blank', 'in a new tab', true],
  ])('a form (%s) is posted once, and its answer shown', async (selector, value, opensTab) => {
    await open();
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
    if (shown !== page) await shown.close();
    await page.close();
  });

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
