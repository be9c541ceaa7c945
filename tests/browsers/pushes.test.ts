import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser } from 'puppeteer-core';
import {
  appShows,
  inApp,
  launch,
  release,
  statusWhere,
  watchErrors,
  type BrowserName,
} from '../support/browser.js';
import { page, send, startPageApp, type PageApp, type Route } from '../support/page-app.js';
import { Share, startServer, type Program } from '../support/processes.js';
import { startRecordingProxy, type RecordingProxy } from '../support/recording-proxy.js';

/** Between host and server; the page is a round trip of 300 ms away from the app. */
const ONE_WAY_MS = 150;
const DEPTH = 12;

/** When the app was asked for each module, and how it has answered. */
const heard: { path: string; status: number; at: number }[] = [];
let text = 'as it was';
/** When the app has answered with its page. */
const pagesAt: number[] = [];

/** A module that imports the next of its chain. */
const module: Route = (request, response, { pathname }) => {
  const index = Number(/(\d+)\.js/.exec(pathname)?.[1]);
  const next = index + 1 < DEPTH ? `import '/${index + 1}.js';` : '';
  const end = index === DEPTH - 1 ? "document.body.append('last on ' + location.search)" : '';
  const body = `${next} ${end} // ${text}`;
  const etag = `"${body.length}-${text}"`;
  const status = request.headers['if-none-match'] === etag ? 304 : 200;
  heard.push({ path: pathname, status, at: performance.now() });
  response.writeHead(status, {
    'content-type': 'text/javascript',
    'cache-control': 'no-cache',
    etag,
  });
  response.end(status === 304 ? undefined : body);
};

const ROUTES: Record<string, Route> = {
  '/': (_, response) => {
    pagesAt.push(performance.now());
    send(response, page('<h1>page</h1>', '<script type="module" src="/0.js"></script>'));
  },
  '/favicon.ico': (_, response) => send(response, ''),
  ...Object.fromEntries(Array.from({ length: DEPTH }, (_, index) => [`/${index}.js`, module])),
};
const ALL = Array.from({ length: DEPTH }, (_, index) => `/${index}.js`);

let app: PageApp;
let server: { program: Program; url: string };
let proxy: RecordingProxy;
let share: Share;

beforeAll(async () => {
  app = await startPageApp(ROUTES);
  server = await startServer();
  proxy = await startRecordingProxy(server.url);
  proxy.delay(ONE_WAY_MS);
  share = await Share.start(app.port, ['--server', proxy.url], { P2P_ENABLED: 'false' });
});

afterAll(async () => {
  await share.stop();
  await proxy.close();
  await server.program.stop();
  await app.close();
});

/** How many modules were asked for sooner after their importer than a page so far away can ask. */
function askedAhead(): number {
  const times = heard.map(({ at }) => at);
  return times.filter((at, index) => at - (times[index - 1] ?? -Infinity) < 2 * ONE_WAY_MS).length;
}

describe.each<BrowserName>(['chromium', 'firefox'])('in %s, a chain of modules', (name) => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch(name);
  });
  afterAll(() => release(browser));

  test('is asked for by the host before the page can ask, each module once, and again on a reload', async () => {
    const tab = await browser.newPage();
    const errors = watchErrors(tab);
    pagesAt.length = 0;
    await tab.goto(share.ready.url);
    await appShows(tab, 'last on');
    // The host asks for what the first document names as it passes: no page so far away asks so soon after it.
    expect(heard[0]?.path).toBe('/0.js');
    expect(pagesAt).toHaveLength(1);
    expect((heard[0]?.at ?? Infinity) - (pagesAt[0] ?? 0)).toBeLessThan(2 * ONE_WAY_MS);
    expect(askedAhead()).toBeGreaterThan(DEPTH / 2);
    heard.length = 0;
    await statusWhere(tab, 'the round trip', ({ rttMs }) => rttMs !== null && rttMs > ONE_WAY_MS);
    const load = async (query: string) => {
      await inApp(tab, (search) => location.assign(`/${search}`), query);
      await appShows(tab, `last on ${query}`);
      const ahead = askedAhead();
      return { ahead, asked: heard.splice(0).map(({ path, status }) => `${status} ${path}`) };
    };
    await load('?first');

    text = `as ${name} sees it`;
    const changed = await load('?changed');
    expect(changed.asked).toEqual(ALL.map((path) => `200 ${path}`));
    const unchanged = await load('?unchanged');
    expect(unchanged.asked).toEqual(ALL.map((path) => `304 ${path}`));
    for (const { ahead } of [changed, unchanged]) expect(ahead).toBeGreaterThan(DEPTH / 2);
    expect(errors).toEqual([]);
    await tab.close();
  });
});
