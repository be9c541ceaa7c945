import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'puppeteer-core';
import { appShows, inApp, launch, release, type Status } from '../support/browser.js';
import { startDocumentApp, type DocumentApp } from '../support/document-app.js';
import { expectPath, onPath, PathShares, WAYS_ABOVE_THE_LINK } from '../support/paths.js';
import { eventually, Share } from '../support/processes.js';

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

describe.each(WAYS_ABOVE_THE_LINK)('policies in %s by %s', (name, carrying) => {
  let share: Share;
  let browser: Browser;
  let page: Page;
  beforeAll(async () => {
    share = shares.on(carrying);
    browser = await launch(name);
  });
  afterAll(() => release(browser));

  async function open(path: string, text: string): Promise<Status> {
    page = await browser.newPage();
    await page.goto(share.ready.url.replace('/#', `${path}#`));
    await appShows(page, text);
    return onPath(page, carrying);
  }

  test.each([
    ['nonces and strict-dynamic', '/strict', "'nonce-own' 'strict-dynamic'"],
    ['a list of addresses', '/strict', "'self'"],
    ['a hash', '/strict', "'sha256-7zb5CHuOx9n/xv6pnxJPzia+uDD2phI9/I79LwdaFbw='"],
  ])('%s: its own scripts run, and the shim, and no other', async (_, path, sources) => {
    const policy = `default-src 'none'; script-src ${sources}`;
    const query = `?${new URLSearchParams({ policy })}`;
    const opened = await open(path + query, 'strict page');
    const here = await runScripts(page);
    const there = await browser.newPage();
    await there.goto(`http://localhost:${app.port}${path}${query}`);
    expect(here).toEqual(await there.evaluate(() => ({ ...document.documentElement.dataset })));
    await there.close();
    // pushState has no event: only the shim can have told.
    await inApp(page, () => history.pushState({}, '', '?told'));
    await eventually('the URL', () => page.url() === `${share.origin}${path}?told`);
    await inApp(page, () => location.assign('/next'));
    await appShows(page, 'next page');
    await expectPath(page, opened, carrying);
    await page.close();
  });

  test('a page that is never to be framed is shown, for its author knows no frame', async () => {
    await open('/unframeable', 'top level only');
    await page.close();
  });

  // No link is asked for these: other sites' frames have no shell, and no cookie of the session.
  if (carrying === 'relay') return;

  test('other sites may frame what they may frame on localhost, and nothing else', async () => {
    page = await browser.newPage();
    const open = await Share.start(app.port, ['--ingress', 'open']);
    const framed = async (path: string): Promise<string> => {
      const target = encodeURIComponent(open.origin + path);
      await page.goto(`${app.provider}/embed?url=${target}`);
      await eventually('the frame', () => page.evaluate(() => document.title === 'framed'));
      const [frame] = page.mainFrame().childFrames();
      // Firefox shows an error page, which no script may look into.
      return frame?.evaluate(() => document.body.innerText).catch(() => '') ?? '';
    };
    expect(await framed('/next')).toContain('next page');
    expect(await framed('/unframeable')).not.toContain('top level only');
    expect(await framed('/denied')).not.toContain('denied page');
    await page.close();
    await open.stop();
  });
});

/** Which scripts of the page have run, once it has loaded: its text may be there before them. */
function runScripts(page: Page): Promise<Record<string, string>> {
  return eventually('the page has loaded', () =>
    inApp(page, () => {
      if (document.readyState !== 'complete') return undefined;
      return { ...document.documentElement.dataset } as Record<string, string>;
    }),
  );
}
