import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, Frame, Page } from 'puppeteer-core';
import {
  appShows,
  inApp,
  launch,
  prefer,
  release,
  statusWhere,
  type BrowserName,
} from '../support/browser.js';
import { eventually, Share } from '../support/processes.js';
import {
  startTwoPortApp,
  type AppWindow,
  type Facts,
  type TwoPortApp,
} from '../support/two-port-app.js';

let app: TwoPortApp;
let share: Share;
/** The origin of the other port. */
let other: string;

beforeAll(async () => {
  app = await startTwoPortApp();
  share = await Share.start(app.port, ['--also', String(app.other)]);
  other = share.origin.replace(share.ready.session, `${share.ready.session}-${app.other}`);
});

afterAll(async () => {
  await share.stop();
  await app.close();
});

describe.each<[BrowserName, 'p2p' | 'relay']>([
  ['chromium', 'relay'],
  ['firefox', 'p2p'],
])('pages of another port, in %s', (name, path) => {
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    browser = await launch(name);
    page = await (await browser.createBrowserContext()).newPage();
  });
  afterAll(() => release(browser));

  /** Each time another target: a browser that is there already would only change the fragment. */
  async function openMain(target: string): Promise<void> {
    const url = new URL(share.ready.url);
    await page.goto(`${url.origin}${target}${url.hash}`);
    await appShows(page, `main${target}`);
  }

  const click = (selector: string): Promise<void> =>
    inApp(page, (chosen) => document.querySelector<HTMLElement>(chosen)?.click(), selector);

  /** What the app was asked, and what the page's scripts can see. */
  const factsIn = async (frame: Page | Frame): Promise<Facts> =>
    JSON.parse(
      await frame.evaluate(() => document.querySelector('pre')?.textContent ?? ''),
    ) as Facts;
  const facts = (): Promise<Facts> =>
    inApp(page, () => JSON.parse(document.querySelector('pre')?.textContent ?? '') as Facts);

  const shows = async (which: string, target: string): Promise<void> => {
    await appShows(page, `${which}${target}`);
    const origin = which === 'main' ? share.origin : other;
    await eventually('the address', () => page.url().replace(/#.*/, '') === origin + target);
  };

  test(`a link leads to an origin of its own, over a link of its own: ${path}`, async () => {
    await openMain('/login');
    await click('#link');
    await shows('other', '/linked?a=1');
    expect(new URL(page.url()).hash).toBe('#part');
    await prefer(page, path);
    await statusWhere(page, path, ({ mode }) => mode === path);
    expect(await facts()).toMatchObject({ host: `localhost:${app.other}`, isTunnelled: true });
  });

  test('the visitor is the same there: who has logged in on one port has on both', async () => {
    expect((await facts()).cookie).toBe('id=secret; theme=dark');
    expect(await inApp(page, () => document.cookie)).toBe('theme=dark');
  });

  test('a link leads back, and forth again, and each says where it comes from', async () => {
    await click('#link');
    await shows('main', '/linked?a=1');
    expect((await facts()).referer).toBe(`http://localhost:${app.other}/`);
    await click('#link');
    await shows('other', '/linked?a=1');
    expect((await facts()).referer).toBe(`http://localhost:${app.port}/`);
  });

  test('forms, redirects, and scripts lead there too', async () => {
    await openMain('/forms');
    await click('#form button');
    await shows('other', '/asked?q=1');
    await openMain('/redirects');
    await click('#redirect');
    await shows('other', '/redirected');
    await openMain('/posts');
    await click('#post button');
    await shows('other', '/posted');
    expect(await facts()).toMatchObject({ origin: `http://localhost:${app.port}` });
    await openMain('/scripts');
    await inApp(page, () => (window as unknown as AppWindow).go('/gone'));
    await shows('other', '/gone');
  });

  test('a tab that the app opens talks with the page that has opened it', async () => {
    await openMain('/tabs');
    const before = (await browser.pages()).length;
    await inApp(page, () => (window as unknown as AppWindow).openTab('/tab'));
    const tab = await eventually('the tab', async () => {
      const pages = await browser.pages();
      return pages.length > before ? pages.at(-1) : undefined;
    });
    await appShows(tab, 'other/tab');
    await inApp(tab, () => (window.opener as Window).postMessage('ping', '*'));
    const heard = (where: Page): Promise<unknown> =>
      inApp(where, () => (window as unknown as AppWindow).heard);
    await eventually('the answer', async () => ((await heard(tab)) as unknown[]).length === 1);
    expect(await heard(page)).toEqual([['ping', other, 'tab']]);
    expect(await heard(tab)).toEqual([['pong', share.origin, 'opener']]);
    await tab.close();
  });

  test('a frame shows such a page, and talks with the page around it', async () => {
    await openMain('/frames');
    await inApp(page, () => (window as unknown as AppWindow).embed('/framed'));
    const frame = await eventually('the frame', async () => {
      const found = page.frames().find((one) => one.url() === `${other}/framed`);
      const text = await found?.evaluate(() => document.body.innerText);
      return text?.includes('other/framed') === true ? found : undefined;
    });
    expect(await factsIn(frame)).toMatchObject({ host: `localhost:${app.other}` });
    await frame.evaluate(() => window.parent.postMessage('ping', '*'));
    await eventually('the answer', () =>
      frame.evaluate(() => (window as unknown as AppWindow).heard.length === 1),
    );
    const heard = await inApp(page, () => (window as unknown as AppWindow).heard);
    expect(heard).toEqual([['ping', other, 'frame']]);
  });

  test('the key is in no address that a page can see, and in no Referer', async () => {
    await openMain('/secrets');
    await click('#link');
    await shows('other', '/linked?a=1');
    const { href, referrer } = await inApp(page, () => ({
      href: window.top?.location.href ?? '',
      referrer: document.referrer,
    }));
    const secrets = /#k=|[?&]k=/;
    expect(
      [href, referrer, ...app.seen.map((one) => JSON.stringify(one))].filter((text) =>
        secrets.test(text),
      ),
    ).toEqual([]);
  });

  test('a port that is not shared has no pages, and the key of one port opens no other', async () => {
    const secret = new URL(share.ready.url).hash;
    const stranger = other.replace(String(app.other), '9');
    await page.goto(`${stranger}/${secret}`);
    expect(await page.evaluate(() => document.body.innerText)).toContain(
      'There is no such session',
    );
    const fresh = await (await browser.createBrowserContext()).newPage();
    await fresh.goto(`${other}/${secret}`);
    await eventually('the refusal', async () =>
      (await fresh.evaluate(() => document.body.innerText)).includes('HANDSHAKE_FAILED'),
    );
    await fresh.browserContext().close();
  });
});
