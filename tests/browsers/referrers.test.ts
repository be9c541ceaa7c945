import { beforeAll, describe, expect, test } from '@jest/globals';
import { besideLocalhost, expectSame, ONE_PATH, type Sides } from '../support/beside-localhost.js';
import { page, send, type Route, type Seen } from '../support/page-app.js';
import { PATH_NAMES } from '../support/paths.js';
import { eventually } from '../support/processes.js';
import type { Side } from '../support/side.js';

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

/** One cuts it down and one doesn't; what carries it to the app makes no difference between others. */
const RELAYED = ['', 'no-referrer'];
const POLICIES = [...RELAYED, 'origin', 'same-origin', 'unsafe-url', 'strict-origin'];

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

besideLocalhost({ routes: ROUTES }, (stage) => {
  const referrer = (side: Side): Promise<string> =>
    side.ask(() => document.referrer.replace(location.origin, 'ORIGIN'));
  const seenOf = (prefix: string): unknown[] =>
    stage.app.seen
      .filter(({ target }) => target.startsWith(prefix))
      // Without a referrer nobody can say who has started a navigation.
      .map((seen) => (isNamelessNavigation(seen) ? { ...seen, site: '' } : seen))
      .sort((left, right) => left.target.localeCompare(right.target));

  test.each(['for the first time', 'again'])(
    'another site that leads to the app is its referrer, %s',
    async () => {
      const { elsewhere, seen } = stage.app;
      const local = await stage.expectSameAfresh(async (side) => {
        seen.length = 0;
        await side.tab.goto(`${elsewhere}/?to=${encodeURIComponent(side.url())}`);
        await side.tab.evaluate(() => document.querySelector('a')?.click());
        await side.shows('front page');
        await side.arrive();
        const [first] = seen.filter(({ target }) => target === '/');
        return [await referrer(side), first?.referer, first?.site];
      });
      expect(local).toEqual([`${elsewhere}/`, `${elsewhere}/`, 'cross-site']);
    },
  );

  describe('from page to page', () => {
    let sides: Sides;
    beforeAll(async () => {
      sides = await stage.newSides(PATH_NAMES);
      for (const side of sides) await side.open('/', 'front page');
    });

    test.each(POLICIES)('Referer and document.referrer under the policy “%s”', async (policy) => {
      const run = async (side: Side): Promise<unknown[]> => {
        await side.arrive();
        stage.app.seen.length = 0;
        await side.go('/', 'front page');
        await side.go(`/from?policy=${policy}`, 'asked');
        await side.ask(() => document.querySelector('a')?.click());
        await side.shows('to page');
        await eventually('the image', () => seenOf('/seen/of-a-style').length > 0);
        const first = await referrer(side);
        await side.expectPath();
        await side.reload('to page');
        return [first, await referrer(side), ...seenOf('/seen'), ...seenOf('/to')];
      };
      const local = await expectSame(sides, run, RELAYED.includes(policy) ? PATH_NAMES : ONE_PATH);
      expect(local.length).toBeGreaterThan(12);
    });
  });
});
