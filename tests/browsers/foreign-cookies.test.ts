import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'puppeteer-core';
import { appShows, inApp, launch, release, type BrowserName } from '../support/browser.js';
import { get } from '../support/http.js';
import { startPageApp, page, send, type PageApp, type Route } from '../support/page-app.js';
import { Share, startServer } from '../support/processes.js';

/** Browsers let pages below it set cookies for it, as they do for the domain of a server with a name of its own. */
const DOMAIN = 'tunnel.localhost';

const ROUTES: Record<string, Route> = {
  '/': (_, response) => send(response, page('<h1>front page</h1>')),
  '/set': (_, response) => send(response, '', { 'set-cookie': 'token=real; Path=/' }),
  '/seen': (request, response) => send(response, request.headers.cookie ?? ''),
};

let app: PageApp;
let server: Awaited<ReturnType<typeof startServer>>;

beforeAll(async () => {
  app = await startPageApp(ROUTES);
  server = await startServer(['--domain', DOMAIN]);
});

afterAll(async () => {
  await server.program.stop();
  await app.close();
});

describe.each<BrowserName>(['chromium', 'firefox'])('in %s', (name) => {
  let browser: Browser;
  let shares: Share[];

  beforeAll(async () => {
    browser = await launch(name);
    const args = ['--server', `http://127.0.0.1:${server.port}`, '--no-p2p'];
    shares = await Promise.all([Share.start(app.port, args), Share.start(app.port, args)]);
  });
  afterAll(async () => {
    await release(browser);
    await Promise.all(shares.map((share) => share.stop()));
  });

  async function open(share: Share | undefined): Promise<Page> {
    const tab = await browser.newPage();
    await tab.goto(share?.ready.url ?? '');
    await appShows(tab, 'front page');
    return tab;
  }

  const seenByApp = (tab: Page): Promise<string> =>
    inApp(tab, async () => (await fetch('/seen')).text());

  test('a cookie that another session’s page sets for all of them reaches the app by no way', async () => {
    const [attacker, victim] = shares;
    const evil = await open(attacker);
    await inApp(
      evil,
      (domain) => {
        for (const pair of ['sid=fixed', 'token=fixed']) {
          document.cookie = `${pair}; Domain=${domain}; Path=/; Max-Age=600`;
        }
      },
      DOMAIN,
    );
    const tab = await open(victim);
    // The attack itself works: the browser does show the page these cookies.
    expect(await inApp(tab, () => document.cookie)).toBe('sid=fixed; token=fixed');
    expect(await seenByApp(tab)).toBe('');
    await inApp(tab, async () => {
      await fetch('/set');
      document.cookie = 'theme=dark';
    });
    expect((await seenByApp(tab)).split('; ').sort()).toEqual(['theme=dark', 'token=real']);
    // What the browser itself sends, past the service worker.
    const { hostname, origin } = new URL(victim?.ready.url ?? '');
    const sent = (await browser.cookies())
      .filter(({ domain }) => domain === hostname || domain === `.${DOMAIN}`)
      .map((cookie) => `${cookie.name}=${cookie.value}`);
    expect(sent).toContain('sid=fixed');
    const headers = { ...victim?.bearer, cookie: sent.join('; ') };
    const { body } = await get(origin, '/seen', headers);
    expect(body.split('; ').sort()).toEqual(['theme=dark', 'token=real']);
    await tab.reload();
    await appShows(tab, 'front page');
    expect((await seenByApp(tab)).split('; ').sort()).toEqual(['theme=dark', 'token=real']);
  });

  test('a cookie without a value counts as the script’s that writes it, and scripts see nothing of ours', async () => {
    const tab = await open(shares[1]);
    const before = await seenByApp(tab);
    await inApp(tab, async () => {
      document.cookie = 'sid=; Max-Age=0';
      document.cookie = 'empty=';
      await cookieStore.set('another', '');
    });
    expect(await seenByApp(tab)).toBe(`${before}; empty=; another=`);
    const seen = await inApp(tab, async () => {
      const changes: (string | undefined)[] = [];
      const changed = new Promise((resolve) => {
        cookieStore.addEventListener('change', ({ changed, deleted }) => {
          changes.push(...[...changed, ...deleted].map(({ name }) => name));
          if (changes.includes('last')) resolve(undefined);
        });
      });
      document.cookie = 'first=1';
      document.cookie = 'last=1';
      await changed;
      const own = await cookieStore.get('__Host-wingman-scripted');
      const all = (await cookieStore.getAll()).map(({ name }) => name);
      return {
        own,
        all: [...all, ...changes].filter((name) => name?.includes('wingman')),
        changes,
      };
    });
    expect(seen).toEqual({ own: null, all: [], changes: ['first', 'last'] });
    await tab.close();
  });
});
