import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'puppeteer-core';
import { inApp, launch, release, status, type BrowserName } from '../support/browser.js';
import { page, send, startPageApp, type PageApp, type Route } from '../support/page-app.js';
import { eventually, Share } from '../support/processes.js';

const ROUTES: Record<string, Route> = {
  '/': (_, response) => send(response, page('<h1>front page</h1>')),
  '/from': (_, response) =>
    send(response, page('<h1>from page</h1>'), { 'referrer-policy': 'origin' }),
  '/restricted': (_, response) =>
    send(response, page('<h1>restricted page</h1>'), {
      'permissions-policy': 'geolocation=(), fullscreen=(self)',
    }),
  '/sources': ({ headers }, response) => {
    const own = `http://${headers.host}`;
    const policy = `default-src 'none'; script-src ${own}/marks/ 'nonce-own'; connect-src ${own}`;
    const script = '<script nonce="own">globalThis.own = 1</script>';
    send(response, page('<h1>sources page</h1>', script), { 'content-security-policy': policy });
  },
  '/clear': (_, response) => send(response, '', { 'clear-site-data': '"cookies", "storage"' }),
};

/** Where a tab begins, 404: a page that is asked for ahead, before its tunnel is given up, may come late. */
const AHEAD = '/ahead';

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

/** What the app's document says, in the tab itself or within our page. */
type Ask = <T>(run: (path: string) => T | Promise<T>, path?: string) => Promise<T>;

async function visit(ask: Ask): Promise<unknown[]> {
  const results: unknown[] = [];
  const go = async (path: string): Promise<void> => {
    await ask((target) => void setTimeout(() => location.assign(target)), path);
    await eventually(path, () => ask((target) => location.pathname === target, path));
    await eventually(`${path} is there`, () => ask(() => document.readyState === 'complete'));
  };
  app.seen.length = 0;
  for (const path of ['/from', '/restricted', '/sources', '/']) {
    await go(path);
    results.push(
      await ask(async () => {
        type WithFeatures = Document & { featurePolicy?: { allowedFeatures(): string[] } };
        const { featurePolicy } = document as WithFeatures;
        return {
          referrer: document.referrer.replace(location.origin, 'ORIGIN'),
          features: featurePolicy?.allowedFeatures().sort(),
          ran: 'own' in globalThis,
          reached: await fetch('/seen').then(Boolean, () => false),
        };
      }),
    );
  }
  const cleared = await ask(async () => {
    localStorage.setItem('kept', 'x');
    document.cookie = 'kept=x';
    await fetch('/clear');
    return [document.cookie, localStorage.getItem('kept')];
  });
  return [...results, cleared, ...app.seen.filter(({ target }) => target in ROUTES)];
}

describe.each<BrowserName>(['chromium', 'firefox'])('in %s without service workers', (name) => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch(name, [], { prefs: { 'dom.serviceWorkers.enabled': false } });
  });
  afterAll(() => release(browser));

  async function open(url: string): Promise<Page> {
    const tab = await browser.newPage();
    await tab.evaluateOnNewDocument(() => {
      const { serviceWorker } = navigator as { serviceWorker?: ServiceWorkerContainer };
      if (serviceWorker === undefined) return;
      serviceWorker.register = () => Promise.reject(new DOMException('refused', 'SecurityError'));
    });
    await tab.goto(url);
    return tab;
  }

  test('referrers, policies and Clear-Site-Data are those of localhost', async () => {
    app.plain.length = 0;
    const local = await open(app.origin + AHEAD);
    const expected = await visit((run, path = '') => local.evaluate(run, path));
    expect(app.plain).toEqual([]);
    const shared = await open(share.ready.url.replace('/#', `${AHEAD}#`));
    await eventually('the app', () => inApp(shared, () => document.body.innerText !== ''));
    expect(await visit((run, path = '') => inApp(shared, run, path))).toEqual(expected);
    expect(await status(shared)).toMatchObject({ mode: 'offline', webrtcConnections: 0 });
    expect(app.plain).toEqual(expect.arrayContaining(Object.keys(ROUTES)));
  });
});
