import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'puppeteer-core';
import { appShows, inApp, launch, release } from '../support/browser.js';
import { startDocumentApp, type DocumentApp } from '../support/document-app.js';
import { onPath, PathShares, WAYS_ABOVE_THE_LINK } from '../support/paths.js';
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

describe.each(WAYS_ABOVE_THE_LINK)('windows in %s by %s', (name, path) => {
  let share: Share;
  let browser: Browser;
  let page: Page;
  beforeAll(async () => {
    share = shares.on(path);
    browser = await launch(name);
  });
  afterAll(() => release(browser));

  async function open(target: string, text: string): Promise<void> {
    page = await browser.newPage();
    await page.goto(share.ready.url.replace('/#', `${target}#`));
    await appShows(page, text);
    await eventually('its scripts', () => inApp(page, () => document.readyState === 'complete'));
    await onPath(page, path);
  }

  test('a popup and its opener talk, look into each other, and close', async () => {
    await open('/opener', 'opener page');
    const before = (await browser.pages()).length;
    await inApp(page, () => document.querySelector('button')?.click());
    const popup = await eventually('the popup', async () => {
      const pages = await browser.pages();
      return pages.length > before ? pages.at(-1) : undefined;
    });
    await appShows(popup, 'popup page named popup');

    await eventually('the end of the talk', async () => (await log(popup)).length === 1);
    // What the popup sees, then what the opener sees.
    expect(await log(popup)).toEqual(['hello back from opener: true, to me: true']);
    await eventually('the opener’s log', async () => (await log(page)).length === 3);
    expect(await log(page)).toEqual([
      'called by /popup',
      'hello from popup: true',
      'thanks from popup: true',
    ]);
    await inApp(popup, () => window.close());
    await eventually('the popup’s end', async () => (await browser.pages()).length === before);
    await eventually('closed', () =>
      inApp(page, () => (window as { popup?: Window }).popup?.closed),
    );
    await page.close();
  });

  test('a popup of another site and the app talk', async () => {
    await open('/opener?provider', 'opener page');
    const before = (await browser.pages()).length;
    await inApp(page, () => document.querySelector('button')?.click());
    // The popup may have come and gone before anybody looks: what it has said shows that it was there.
    await eventually('the code', async () => (await log(page)).includes('code from popup: true'));
    await eventually('the popup’s end', async () => (await browser.pages()).length === before);
    await page.close();
  });

  test('another site opens the app and talks with it', async () => {
    page = await browser.newPage();
    await page.goto(`${app.provider}/opens?url=${encodeURIComponent(`${share.origin}/answers`)}`);
    const first = await browser.newPage();
    await first.goto(share.ready.url);
    await appShows(first, 'start page');
    const before = (await browser.pages()).length;
    await page.evaluate(() => document.querySelector('button')?.click());
    await eventually('the answer', () => page.evaluate(() => document.title === 'pong'));
    const pages = await browser.pages();
    expect(pages.length).toBe(before + 1);
    await pages.at(-1)?.close();
    await first.close();
    await page.close();
  });

  test('the app has itself as parent, and no frame around it', async () => {
    await open('/next', 'next page');
    const seen = await inApp(page, () => [
      parent === window,
      window.parent === window.self,
      frameElement,
      opener as unknown,
      window.name,
    ]);
    expect(seen).toEqual([true, true, null, null, '']);
    const inner = await inApp(page, async () => {
      const frame = document.createElement('iframe');
      frame.src = '/inner-frame';
      document.body.append(frame);
      return new Promise((resolve) =>
        addEventListener('message', ({ data, source, isTrusted }) =>
          resolve([data, source === frame.contentWindow, isTrusted]),
        ),
      );
    });
    expect(inner).toEqual(['to top, whose parent is mine: true', true, false]);
    await page.close();
  });

  test('a page that breaks out of frames is shown, and loaded once', async () => {
    app.views.clear();
    await open('/buster', 'frame buster');
    // Time enough for the next round, were there one.
    await inApp(page, () => fetch('/next').then(() => fetch('/next')));
    await appShows(page, 'frame buster');
    expect(app.views.get('/buster')).toBe(1);
    await page.close();
  });

  test.each(['_top', '_parent'])('a link to %s leads on in the app', async (target) => {
    await open('/', 'start page');
    const linkId = await id(page);
    await inApp(
      page,
      (frame) => {
        const link = document.querySelector<HTMLAnchorElement>('#next');
        if (link) link.target = frame;
        link?.click();
      },
      target,
    );
    await appShows(page, 'next page');
    await eventually('the URL', () => page.url() === `${share.origin}/next`);
    // The same link still: the tab itself has gone nowhere.
    expect(await id(page)).toBe(linkId);
    await page.goBack();
    await appShows(page, 'start page');
    await page.close();
  });
});

/** What a page has written down, in order. */
function log(page: Page): Promise<string[]> {
  return inApp(page, () => [...document.querySelectorAll('li')].map((line) => line.innerText));
}

async function id(page: Page): Promise<string> {
  return page.evaluate(async () => {
    const { wingman } = window as unknown as {
      wingman: { status(): Promise<{ link: { id: string } }> };
    };
    return (await wingman.status()).link.id;
  });
}
