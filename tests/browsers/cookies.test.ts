import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { VIEWER_COOKIE } from '@wingman/protocol';
import type { Browser, BrowserContext, Page } from 'puppeteer-core';
import { appShows, inApp, launch, release } from '../support/browser.js';
import { startCookieApp, type CookieApp } from '../support/cookie-app.js';
import { get } from '../support/http.js';
import { onPath, PathShares, WAYS_ABOVE_THE_LINK } from '../support/paths.js';
import type { Share } from '../support/processes.js';

let app: CookieApp;
let shares: PathShares;

beforeAll(async () => {
  app = await startCookieApp();
  shares = await PathShares.start(app.port);
});

afterAll(async () => {
  await shares.stop();
  await app.close();
});

describe.each(WAYS_ABOVE_THE_LINK)('cookies in %s by %s', (name, way) => {
  let share: Share;
  let browser: Browser;
  let context: BrowserContext;
  beforeAll(async () => {
    share = shares.on(way);
    browser = await launch(name);
    context = await browser.createBrowserContext();
  });
  afterAll(() => release(browser));

  async function open(text: string, path = '/', where = context): Promise<Page> {
    const page = await where.newPage();
    await page.goto(share.ready.url.replace('/#', `${path}#`));
    await appShows(page, text);
    await onPath(page, way);
    return page;
  }

  async function logIn(page: Page): Promise<string> {
    await inApp(page, () => document.querySelector('button')?.click());
    await appShows(page, 'members only');
    return app.sessions.at(-1) ?? '';
  }

  test('a login lasts over reloads and tabs, is refreshed, and ends with the logout', async () => {
    const page = await open('log in');
    const session = await logIn(page);
    await page.reload();
    await appShows(page, 'members only');
    const second = await open('members only', '/private');
    const refreshed = await inApp(second, async () => {
      await fetch('/refresh', { method: 'POST' });
      return fetch('/private').then((response) => response.text());
    });
    expect(refreshed).toContain('members only');
    expect(app.sessions).not.toContain(session);
    expect(await inApp(page, async () => (await fetch('/private')).redirected)).toBe(false);
    await inApp(page, () => fetch('/logout', { method: 'POST' }).then(() => undefined));
    await inApp(page, () => location.assign('/private'));
    await appShows(page, 'log in');
    expect(await inApp(page, () => document.cookie)).toBe('');
    await second.close();
    await page.close();
  });

  test('no script finds an HttpOnly cookie: not in the app, not in the shell', async () => {
    const page = await open('log in');
    const session = await logIn(page);
    const reading = async (): Promise<string> => {
      const { cookieStore } = window as unknown as {
        cookieStore?: { getAll(): Promise<object[]> };
      };
      const stored = (await cookieStore?.getAll()) ?? [];
      return JSON.stringify([document.cookie, stored, { ...localStorage }, { ...sessionStorage }]);
    };
    const found = [await page.evaluate(reading), await inApp(page, reading)];
    const ids = (await context.cookies()).filter(({ name }) => name === VIEWER_COOKIE);
    expect([session.length, ids.length]).toEqual([32, 1]);
    for (const text of found) {
      expect(text).toContain('csrf');
      expect(text).not.toContain(session);
      expect(text).not.toContain(ids[0]?.value);
    }
    await page.close();
  });

  test('a token that scripts send back is the one the app has set', async () => {
    const page = await open('log in');
    await logIn(page);
    const transfer = (): Promise<number[]> => {
      const token = /(?:^|; )csrf=(\w+)/.exec(document.cookie)?.[1] ?? '';
      const post = async (csrf: string): Promise<number> =>
        (await fetch('/transfer', { method: 'POST', headers: { 'x-csrf': csrf } })).status;
      return Promise.all([post(token), post('guessed')]);
    };
    expect(await inApp(page, transfer)).toEqual([200, 403]);
    await page.close();
  });

  test('what a script writes is in its very next request, 200 times over', async () => {
    const page = await open('log in');
    const missed = await inApp(page, async () => {
      const missed: number[] = [];
      for (let round = 0; round < 200; round += 1) {
        document.cookie = `round=${round}`;
        const seen = (await (await fetch('/seen')).json()) as Record<string, string>;
        if (seen['round'] !== String(round)) missed.push(round);
      }
      return missed;
    });
    expect(missed).toEqual([]);
    const seen = await inApp(page, async () => {
      const { cookieStore } = window as unknown as {
        cookieStore: {
          set(name: string, value: string): Promise<void>;
          delete(n: string): Promise<void>;
        };
      };
      const ask = async (): Promise<unknown> => (await fetch('/seen')).json();
      document.cookie = 'round=; Max-Age=0';
      await cookieStore.set('stored', '1');
      document.cookie = 'grüß=wörld';
      const before = await ask();
      await cookieStore.delete('stored');
      document.cookie = 'grüß=; Max-Age=0';
      return [before, await ask()];
    });
    const utf8 = (text: string): string => Buffer.from(text).toString('latin1');
    expect(seen[0]).toMatchObject({ stored: '1', [utf8('grüß')]: utf8('wörld') });
    expect(Object.keys(seen[1] as object)).not.toContain('stored');
    expect(Object.keys(seen[1] as object)).not.toContain('round');
    await page.close();
  });

  test('what the app sets is there for the script that asked, and paths are kept', async () => {
    const page = await open('log in');
    const result = await inApp(page, async () => {
      const json = async (path: string, init?: RequestInit): Promise<Record<string, string>> =>
        (await fetch(path, init)).json() as Promise<Record<string, string>>;
      await fetch('/many', { credentials: 'omit' });
      const omitted = document.cookie;
      await fetch('/many');
      const visible = document.cookie;
      const area = await json('/area/seen');
      const elsewhere = await json('/seen');
      const none = await json('/area/seen', { credentials: 'omit' });
      const names = Object.keys;
      return { omitted, visible, area: names(area), elsewhere: names(elsewhere), none };
    });
    expect(result.omitted).not.toContain('one=');
    expect(result.visible).toMatch(/(^|; )one=1; two=zw%C3%B6lf; __Host-five=5($|;)/);
    expect(result.area).toEqual(expect.arrayContaining(['one', 'two', 'three', 'four']));
    expect(result.elsewhere).toEqual(expect.arrayContaining(['one', 'two', '__Host-five']));
    expect(result.elsewhere).not.toEqual(expect.arrayContaining(['three']));
    expect(result.elsewhere).not.toEqual(expect.arrayContaining(['four']));
    expect(result.none).toEqual({});
    await page.close();
  });

  test('Clear-Site-Data takes both kinds, and the browser stays the same viewer', async () => {
    const page = await open('log in');
    await logIn(page);
    const left = await inApp(page, async () => {
      await fetch('/clear', { method: 'POST' });
      return [document.cookie, await (await fetch('/seen')).text()];
    });
    expect(left).toEqual(['', '{}']);
    await inApp(page, () => location.assign('/'));
    await appShows(page, 'log in');
    await logIn(page);
    await page.close();
  });

  test('a WebSocket carries both kinds', async () => {
    const page = await open('log in');
    const session = await logIn(page);
    const cookies = await inApp(page, () => {
      const socket = new WebSocket('/socket');
      return new Promise<string>((resolve, reject) => {
        socket.onmessage = ({ data }) => resolve(String(data));
        socket.onerror = () => reject(new Error('no WebSocket'));
      });
    });
    const seen = JSON.parse(cookies) as Record<string, string>;
    expect(seen['sid']).toBe(session);
    expect(Object.keys(seen).filter((key) => key !== 'sid')).toContain('csrf');
    expect(cookies).not.toContain('wingman');
    await page.close();
  });

  test('two viewers share nothing', async () => {
    const page = await open('log in');
    await logIn(page);
    const other = await browser.createBrowserContext();
    const stranger = await open('log in', '/private', other);
    expect(await inApp(stranger, () => document.cookie)).toBe('');
    await other.close();
    await page.close();
  });

  test('plain HTTP of the same browser finds the same login; that of another does not', async () => {
    const page = await open('log in');
    await logIn(page);
    const kept = await context.cookies();
    const cookie = kept.map(({ name: field, value }) => `${field}=${value}`).join('; ');
    const mine = await get(share.origin, '/private', { cookie, ...share.bearer });
    expect(mine.body).toContain('members only');
    const refresh = await get(share.origin, '/many', { cookie, ...share.bearer });
    expect(refresh.headers['set-cookie']?.map((line) => line.split('=')[0])).toEqual([
      ...['one', 'two', 'three', '__Host-five'],
    ]);
    expect((await get(share.origin, '/private', share.bearer)).status).toBe(302);
    await page.close();
  });
});

test('a client without a browser keeps its own cookies', async () => {
  const { bearer, origin } = shares.on('p2p');
  const { headers } = await get(origin, '/many', bearer);
  expect(headers['set-cookie']).toHaveLength(5);
  const { body } = await get(origin, '/seen', { cookie: 'sid=mine; other=2', ...bearer });
  expect(JSON.parse(body)).toEqual({ sid: 'mine', other: '2' });
});
