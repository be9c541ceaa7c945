import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'puppeteer-core';
import { appShows, inApp, launch, release, type Status } from '../support/browser.js';
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

describe.each(WAYS_ABOVE_THE_LINK)('documents in %s by %s', (name, path) => {
  let share: Share;
  let browser: Browser;
  let page: Page;
  beforeAll(async () => {
    share = shares.on(path);
    browser = await launch(name);
  });
  afterAll(() => release(browser));

  async function open(target: string, text: string): Promise<Status> {
    page = await browser.newPage();
    await page.goto(share.ready.url.replace('/#', `${target}#`));
    await appShows(page, text);
    return onPath(page, path);
  }

  const click = (selector: string): Promise<void> =>
    inApp(page, (css) => document.querySelector<HTMLElement>(css)?.click(), selector);

  test('URL, title, theme colour and icon are the app’s; back and forward are the app’s', async () => {
    const before = await open('/', 'start page');
    await eventually('the title', async () => (await page.title()) === 'Start');
    // The shell begins with an empty icon, `data:,`.
    const shown = await eventually('the icon', () =>
      page.evaluate(() => {
        const icon = document.querySelector<HTMLLinkElement>('link[rel="icon"]')?.href ?? 'data:,';
        const color = document.querySelector<HTMLMetaElement>('meta[name="theme-color"]')?.content;
        return icon === 'data:,' ? undefined : { icon: icon.slice(0, 18), color };
      }),
    );
    expect(shown).toEqual({ icon: 'data:image/svg+xml', color: '#123456' });
    await click('#next');
    await appShows(page, 'next page');
    await eventually('the URL', () => page.url() === `${share.origin}/next`);
    await expectPath(page, before, path);
    await inApp(page, () => history.pushState({}, '', '/next?step=2#deep'));
    await eventually('the pushed URL', () => page.url() === `${share.origin}/next?step=2#deep`);
    await page.goBack();
    await page.goBack();
    await appShows(page, 'start page');
    await eventually('the URL', () => page.url() === `${share.origin}/`);
    await page.goForward();
    await appShows(page, 'next page');
    await page.reload();
    await appShows(page, 'next page');
    await page.close();
  });

  test('a key that is pressed goes to the app', async () => {
    await open('/', 'start page');
    await inApp(page, () => {
      addEventListener('keydown', ({ key }) => (document.body.innerText = `pressed ${key}`));
    });
    await page.keyboard.press('k');
    await appShows(page, 'pressed k');
    await page.close();
  });

  test('a login at another site, which refuses to be framed, leaves the shell and comes back', async () => {
    await open('/', 'start page');
    await click('#login');
    await eventually('the provider', () => page.url().startsWith(app.provider));
    expect(await page.evaluate(() => [window.top === window, document.body.innerText])).toEqual([
      true,
      expect.stringContaining('identity provider'),
    ]);
    await page.evaluate((url) => location.assign(url), `${share.origin}/callback?code=42`);
    await appShows(page, 'signed in with 42');
    await eventually('the URL', () => page.url() === `${share.origin}/callback?code=42`);
    await page.close();
  });

  test('a link to another site takes the whole tab', async () => {
    await open('/', 'start page');
    await click('#away');
    await eventually('the provider', () => page.url().startsWith(app.provider));
    await page.close();
  });
});

test('a download is saved, and the page stays', async () => {
  const { mkdtempSync, readFileSync, rmSync } = await import('node:fs');
  const folder = mkdtempSync('/tmp/wingman-download-');
  const browser = await launch('chromium');
  const page = await browser.newPage();
  const session = await browser.target().createCDPSession();
  await session.send('Browser.setDownloadBehavior', { behavior: 'allow', downloadPath: folder });
  await page.goto(shares.on('p2p').ready.url);
  await appShows(page, 'start page');
  await inApp(page, () => document.querySelector<HTMLElement>('#file')?.click());
  const text = await eventually(
    'the file',
    // A browser may make the file before it has what is in it.
    () => readFileSync(`${folder}/report.txt`, 'utf8') || undefined,
  );
  expect(text).toBe('the report');
  await appShows(page, 'start page');
  await release(browser);
  rmSync(folder, { recursive: true });
});
