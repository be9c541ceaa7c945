import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser } from 'puppeteer-core';
import { launch, type BrowserName } from '../support/browser.js';
import {
  page,
  send,
  startPageApp,
  type PageApp,
  type Route,
  type Seen,
} from '../support/page-app.js';
import { eventually, Share } from '../support/processes.js';
import { compared, newSides, type Side, type Sides } from '../support/sides.js';

/** Asks for something in each way there is, and then says so. */
const ASK = `(async () => {
  const done = (element) => new Promise((resolve) => (element.onload = element.onerror = resolve));
  const add = (name, fields) => {
    const element = Object.assign(document.createElement(name), fields);
    const loaded = done(element);
    document.head.append(element);
    return loaded;
  };
  await Promise.all([
    fetch('/seen/fetch'), fetch('/seen/post', { method: 'POST', body: 'x' }),
    fetch('/seen/own', { referrerPolicy: 'origin' }), fetch('/seen/said', { referrer: '/said' }),
    add('img', { src: '/seen/image' }), add('script', { src: '/seen/script' }),
    add('link', { rel: 'stylesheet', href: '/style.css' }),
    add('img', { src: '/seen/no-referrer', referrerPolicy: 'no-referrer' }),
    (async () => {
      const frame = document.createElement('iframe');
      frame.src = '/seen/frame';
      const loaded = done(frame);
      document.body.append(frame);
      await loaded;
    })(),
    import('/seen/module').catch(() => {}),
  ]);
  document.body.append('asked');
})()`;

const POLICIES = ['', 'no-referrer', 'origin', 'same-origin', 'unsafe-url', 'strict-origin'];

const ROUTES: Record<string, Route> = {
  '/': (_, response) => send(response, page('<h1>front page</h1><a href="/to">on</a>')),
  '/from': (_, response, url) => {
    const policy = url.searchParams.get('policy') ?? '';
    const script = `<script>${ASK}</script>`;
    send(
      response,
      page(`<h1>from page</h1><a href="/to?q=1">on</a>${script}`),
      policy === '' ? {} : { 'referrer-policy': policy },
    );
  },
  '/style.css': (_, response) =>
    send(response, 'html { background-image: url("/seen/of-a-style") }', {
      'content-type': 'text/css',
    }),
  '/to': (_, response) => send(response, page('<h1>to page</h1>')),
  ...Object.fromEntries(
    [
      ...['fetch', 'post', 'own', 'said', 'image', 'script', 'no-referrer', 'frame', 'module'],
      'of-a-style',
    ].map((name): [string, Route] => [
      `/seen/${name}`,
      (_, response) => send(response, '', { 'content-type': 'text/html' }),
    ]),
  ),
};

function isNamelessNavigation({ referer, target }: Seen): boolean {
  return referer === '' && /^\/(?:to|seen\/frame)/.test(target);
}

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
  /** Localhost and the session, asked the same. */
  let sides: Sides;

  beforeAll(async () => {
    browser = await launch(name);
    sides = await newSides(browser, app, share);
  });
  afterAll(() => browser.close());

  const referrer = (side: Side): Promise<string> =>
    side.ask(() => document.referrer.replace(location.origin, 'ORIGIN'));
  const seenOf = (prefix: string): unknown[] =>
    app.seen
      .filter(({ target }) => target.startsWith(prefix))
      // Without a referrer nobody can say who has started a navigation.
      .map((seen) => (isNamelessNavigation(seen) ? { ...seen, site: '' } : seen))
      .sort((left, right) => left.target.localeCompare(right.target));

  test.each(['for the first time', 'again'])(
    'another site that leads to the app is its referrer, %s',
    async () => {
      const [local, shared] = await compared(sides, async (side) => {
        app.seen.length = 0;
        await side.tab.goto(`${app.elsewhere}/?to=${encodeURIComponent(side.url())}`);
        await side.tab.evaluate(() => document.querySelector('a')?.click());
        await side.shows('front page');
        const [first] = app.seen.filter(({ target }) => target === '/');
        return [await referrer(side), first?.referer, first?.site];
      });
      expect(local).toEqual([`${app.elsewhere}/`, `${app.elsewhere}/`, 'cross-site']);
      expect(shared).toEqual(local);
    },
  );

  test.each(POLICIES)('Referer and document.referrer under the policy “%s”', async (policy) => {
    const [local, shared] = await compared(sides, async (side) => {
      app.seen.length = 0;
      await side.go('/', 'front page');
      await side.go(`/from?policy=${policy}`, 'asked');
      await side.ask(() => document.querySelector('a')?.click());
      await side.shows('to page');
      await eventually('the image', () => seenOf('/seen/of-a-style').length > 0);
      const first = await referrer(side);
      await side.tab.reload();
      await side.shows('to page');
      return [first, await referrer(side), ...seenOf('/seen'), ...seenOf('/to')];
    });
    expect(shared).toEqual(local);
    expect(local.length).toBeGreaterThan(12);
  });

  test('all of it went by the tunnel', () => {
    expect(app.plain).toEqual([]);
  });
});
