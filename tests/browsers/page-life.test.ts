import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser } from 'puppeteer-core';
import { launch, type BrowserName } from '../support/browser.js';
import { page, send, startPageApp, type PageApp, type Route } from '../support/page-app.js';
import { eventually, Share } from '../support/processes.js';
import { comparedAfresh, Side } from '../support/sides.js';

const icon = (color: string): string =>
  `data:image/svg+xml,${encodeURIComponent(`<svg xmlns="http://www.w3.org/2000/svg" fill="${color}"/>`)}`;
const LINES = Array.from({ length: 200 }, (_, line) => `<p>line ${line} of a long page</p>`).join(
  '',
);

const ROUTES: Record<string, Route> = {
  '/': (_, response) =>
    send(
      response,
      page(
        '<h1>front page</h1><a id="first" href="/long">first</a> <input id="second">',
        `<title>Front</title><meta name="theme-color" content="#111111"><link rel="icon" href="${icon('red')}">`,
      ),
    ),
  '/long': (_, response) => send(response, page(`<h1>long page</h1>${LINES}`)),
  '/focused': (_, response) =>
    send(response, page('<h1>focused page</h1><input><input id="wanted" autofocus>')),
  '/wide': (_, response) => send(response, page('<h1>wide page</h1>')),
  '/narrow': (_, response) =>
    send(
      response,
      page(
        '<h1>narrow page</h1>',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
      ),
    ),
};

let app: PageApp;
let share: Share;

beforeAll(async () => {
  app = await startPageApp(ROUTES);
  share = await Share.start(app.port);
});

afterAll(async () => {
  await share.stop();
  await app.close();
});

describe.each<BrowserName>(['chromium', 'firefox'])('in %s', (name) => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch(name);
  });
  afterAll(() => browser.close());

  test('title, icon and theme colour follow the page when it changes them', async () => {
    const side = new Side(await browser.newPage(), app, share);
    await side.open('/', 'front page');
    const shown = (): Promise<unknown> =>
      side.tab.evaluate(() => [
        document.title,
        document.querySelector<HTMLLinkElement>('link[rel="icon"]')?.href,
        document.querySelector<HTMLMetaElement>('meta[name="theme-color"]')?.content ?? null,
      ]);
    const becomes = (what: string, expected: unknown[]): Promise<unknown> =>
      eventually(what, async () => {
        const [title, link, color] = (await shown()) as string[];
        const drawn = atob(link?.split(';base64,')[1] ?? '');
        const isSame = [title, drawn.includes(String(expected[1])), color];
        return JSON.stringify(isSame) === JSON.stringify([expected[0], true, expected[2]]);
      });
    await becomes('the first', ['Front', 'red', '#111111']);
    await side.ask((href) => {
      document.title = '(1) Front';
      document.querySelector<HTMLLinkElement>('link[rel="icon"]')?.setAttribute('href', href);
      document.querySelector('meta[name="theme-color"]')?.setAttribute('content', '#222222');
    }, icon('green'));
    await becomes('the second', ['(1) Front', 'green', '#222222']);
    await side.ask(() => document.querySelector('meta[name="theme-color"]')?.remove());
    await becomes('none', ['(1) Front', 'green', null]);
    await side.tab.close();
  });

  test('the keyboard is the app’s from the start: focus, Tab, scrolling', async () => {
    const [local, shared] = await comparedAfresh({ browser, app, share }, async (side) => {
      await side.open('/', 'front page');
      await eventually('the focus', () => side.ask(() => document.hasFocus()));
      await side.tab.keyboard.press('Tab');
      const first = await side.ask(() => document.activeElement?.id);
      await side.tab.keyboard.press('Tab');
      const second = await side.ask(() => document.activeElement?.id);
      await side.tab.keyboard.type('typed');
      const typed = await side.ask(() => document.querySelector('input')?.value);
      await side.ask(() => (document.activeElement as HTMLElement).blur());
      await side.open('/long', 'long page');
      await eventually('the focus', () => side.ask(() => document.hasFocus()));
      await side.tab.keyboard.press('End');
      await eventually('the end', () => side.ask(() => scrollY > 1000));
      return [first, second, typed];
    });
    expect(local).toEqual(['first', 'second', 'typed']);
    expect(shared).toEqual(local);
  });

  test('autofocus, in the first page and in those after it', async () => {
    const [local, shared] = await comparedAfresh({ browser, app, share }, async (side) => {
      const focused = async (): Promise<string | undefined> => {
        await eventually('the focus', () =>
          side.ask(() => document.activeElement?.id === 'wanted'),
        );
        await side.tab.keyboard.type('typed');
        return side.ask(() => document.querySelector<HTMLInputElement>('#wanted')?.value);
      };
      await side.open('/focused', 'focused page');
      const values = [await focused()];
      await side.ask(() => void setTimeout(() => location.assign('/')));
      await side.shows('front page');
      await side.ask(() => void setTimeout(() => location.assign('/focused?again')));
      await side.shows('focused page');
      return [...values, await focused()];
    });
    expect(shared).toEqual(local);
  });
});

test('a phone shows a page in the width it has there', async () => {
  const browser = await launch('chromium');
  const [local, shared] = await comparedAfresh({ browser, app, share }, async (side) => {
    const { tab } = side;
    await tab.setViewport({ width: 390, height: 800, isMobile: true, hasTouch: true });
    const scales: unknown[] = [];
    for (const path of ['/wide', '/narrow', '/wide?again']) {
      const expected = path === '/narrow' ? 390 : 980;
      await side.open(path, path === '/narrow' ? 'narrow page' : 'wide page');
      await eventually(`${expected} pixels`, () =>
        side.ask((width) => innerWidth === width, expected),
      );
      scales.push(await tab.evaluate(() => visualViewport?.scale.toFixed(2)));
    }
    return scales;
  });
  expect(shared).toEqual(local);
  await browser.close();
});
