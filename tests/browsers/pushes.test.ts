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

/** Between host and server: the host pushes to viewers that are far away. */
const ONE_WAY_MS = 150;
const DEPTH = 12;
/** How long a page waits at most for its modules to be asked for. */
const AHEAD_MS = 10_000;

/** What the app was asked for, and how it has answered. */
const heard: { path: string; status: number }[] = [];
let text = 'as it was';
/** How many modules the app had been asked for when its page went on to the viewer: no page can have asked for any. */
const askedAhead: number[] = [];
let passOn = (): void => undefined;

/** A module that imports the next of its chain. */
const module: Route = (request, response, { pathname }) => {
  const index = Number(/(\d+)\.js/.exec(pathname)?.[1]);
  const next = index + 1 < DEPTH ? `import '/${index + 1}.js';` : '';
  const end = index === DEPTH - 1 ? "document.body.append('last on ' + location.search)" : '';
  const body = `${next} ${end} // ${text}`;
  const etag = `"${body.length}-${text}"`;
  const status = request.headers['if-none-match'] === etag ? 304 : 200;
  heard.push({ path: pathname, status });
  if (heard.length === DEPTH) passOn();
  response.writeHead(status, {
    'content-type': 'text/javascript',
    'cache-control': 'no-cache',
    etag,
  });
  response.end(status === 304 ? undefined : body);
};

const MAP = '<script type="importmap">{"imports":{"/named.js":"/meant.js"}}</script>';
const script =
  (code: string): Route =>
  (_, response) => {
    response.writeHead(200, { 'content-type': 'text/javascript' }).end(code);
  };

const ROUTES: Record<string, Route> = {
  '/': (_, response) => {
    holdPage();
    send(response, page('<h1>page</h1>', '<script type="module" src="/0.js"></script>'));
  },
  // The map has the page ask for another module than its code names, which the host doesn't read.
  '/mapped': (_, response) =>
    send(response, page('', `${MAP}<script type="module" src="/m.js"></script>`)),
  '/m.js': script("import '/named.js'; document.body.append('mapped ' + location.search)"),
  '/named.js': script(''),
  '/meant.js': script(''),
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

/** Keeps the page from the viewer until the app has been asked for all modules, or for a while. */
function holdPage(): void {
  const release = proxy.hold();
  const timer = setTimeout(() => passOn(), AHEAD_MS);
  passOn = () => {
    clearTimeout(timer);
    askedAhead.push(heard.length);
    release();
    passOn = () => undefined;
  };
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
    askedAhead.length = 0;
    await tab.goto(share.ready.url);
    await appShows(tab, 'last on');
    // The host asks for what the first document names as it passes.
    expect(askedAhead).toEqual([DEPTH]);
    heard.length = 0;
    await statusWhere(tab, 'the round trip', ({ rttMs }) => rttMs !== null && rttMs > ONE_WAY_MS);
    const load = async (query: string) => {
      await inApp(tab, (search) => location.assign(`/${search}`), query);
      await appShows(tab, `last on ${query}`);
      return heard.splice(0).map(({ path, status }) => `${status} ${path}`);
    };
    await load('?first');

    text = `as ${name} sees it`;
    askedAhead.length = 0;
    expect(await load('?changed')).toEqual(ALL.map((path) => `200 ${path}`));
    expect(await load('?unchanged')).toEqual(ALL.map((path) => `304 ${path}`));
    expect(askedAhead).toEqual([DEPTH, DEPTH]);
    expect(errors).toEqual([]);
    await tab.close();
  });

  test('is pushed in vain where the page means another one, and the end of the share says so', async () => {
    const own = await Share.start(app.port, ['--server', proxy.url], { P2P_ENABLED: 'false' });
    const tab = await browser.newPage();
    await tab.goto(Object.assign(new URL(own.ready.url), { pathname: '/mapped' }).href);
    await appShows(tab, 'mapped');
    await inApp(tab, () => location.assign('/mapped?again'));
    await appShows(tab, 'mapped ?again');
    await tab.close();
    await own.stop();
    const { event, pushed } = own.events().at(-1) ?? {};
    // Both modules of each document; nobody is left to say what became of the second document's.
    expect({ event, pushed }).toEqual({ event: 'stopped', pushed: { sent: 4, unclaimed: 1 } });
  });
});
