import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'puppeteer-core';
import {
  appShows,
  inApp,
  launch,
  release,
  statusWhere,
  type BrowserName,
} from '../support/browser.js';
import { startFixtureApp, type FixtureApp } from '../support/fixture-app.js';
import { eventually, Share, startServer, type Program } from '../support/processes.js';

let app: FixtureApp;
let server: { program: Program; url: string };
const configHome = mkdtempSync(join(tmpdir(), 'wingman-closing-'));

beforeAll(async () => {
  app = await startFixtureApp();
  server = await startServer();
});

afterAll(async () => {
  await server.program.stop();
  await app.close();
  rmSync(configHome, { recursive: true, force: true });
});

function share(...args: string[]): Promise<Share> {
  const env = { XDG_CONFIG_HOME: configHome };
  return Share.start(app.port, ['--server', server.url, ...args], env);
}

async function open(browser: Browser, session: Share): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(session.ready.url);
  await appShows(page, 'plain app page');
  await statusWhere(page, 'the direct path', ({ mode }) => mode === 'p2p');
  return page;
}

function pageSays(page: Page, text: string, milliseconds = 20_000): Promise<boolean> {
  return eventually(
    `the page says “${text}”`,
    async () => (await page.evaluate(() => document.body.innerText)).includes(text),
    milliseconds,
  );
}

describe.each<BrowserName>(['chromium', 'firefox'])('in %s', (name) => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch(name);
  });
  afterAll(() => release(browser));

  test('a closed tab frees its link and the app’s sockets within seconds', async () => {
    const session = await share();
    const page = await open(browser, session);
    await inApp(page, () => void fetch('/endless'));
    await eventually('the request under way', () => app.requests.includes('GET /endless'));
    await page.close();
    const closedAt = Date.now();
    await eventually('the host has heard', () =>
      session.events().some(({ event }) => event === 'viewer-left'),
    );
    await eventually('no socket is left at the app', () => app.openSockets() === 0);
    expect(Date.now() - closedAt).toBeLessThan(5_000);
    app.requests.length = 0;
    await session.stop();
  });

  test('a session that is stopped says so, and leaves no service worker and no cache', async () => {
    const session = await share('--name', `closing-${name}`);
    const page = await open(browser, session);
    await eventually('the cache is filled', () =>
      page.evaluate(async () => (await caches.keys()).length > 0),
    );
    await session.stop();
    await pageSays(page, 'The developer has stopped sharing');
    await eventually('nothing is left', () =>
      page.evaluate(async () => {
        const registrations = await navigator.serviceWorker.getRegistrations();
        const names = await caches.keys();
        return registrations.length === 0 && names.length === 0;
      }),
    );
    expect(page.frames()).toHaveLength(1);
    expect(await page.evaluate(() => document.body.innerText)).not.toContain('plain app page');
    // Shared again under the same name, the page opens the app by itself.
    const again = await share('--name', `closing-${name}`);
    await appShows(page, 'plain app page');
    await page.close();
    await again.stop();
  });
});

test('whoever leaves is gone at once, is told so, and can come back', async () => {
  const browser = await launch('chromium');
  const session = await share('--shared-by', 'Ada');
  const page = await open(browser, session);
  const press = (selector: string): Promise<boolean> =>
    eventually(selector, () =>
      page.evaluate((wanted) => {
        const root = document.querySelector('wingman-pill')?.shadowRoot;
        const found = [...(root?.querySelectorAll<HTMLElement>(wanted) ?? [])].at(-1);
        found?.click();
        return found !== undefined;
      }, selector),
    );
  await press('.pill');
  const details = (): Promise<string> =>
    page.evaluate(() => document.querySelector('wingman-pill')?.shadowRoot?.textContent ?? '');
  expect(await details()).toMatch(/Shared by Ada\.Time left: 7 h 59 min\./);
  await press('.foot button');
  await pageSays(page, 'You have left');
  const leftAt = Date.now();
  await eventually('the host has heard', () =>
    session.events().some(({ event }) => event === 'viewer-left'),
  );
  expect(Date.now() - leftAt).toBeLessThan(5_000);
  expect(page.frames()).toHaveLength(1);
  // The button has the focus.
  await page.keyboard.press('Enter');
  await appShows(page, 'plain app page');
  await session.stop();
  await release(browser);
});

test('a session whose time is over says that', async () => {
  const browser = await launch('chromium');
  // A busy machine needs several seconds to bring the page and its direct path.
  const session = await share('--expires', '20s');
  const page = await open(browser, session);
  await pageSays(page, 'The time of this session is over', 40_000);
  expect(await session.exited).toBe(0);
  expect(session.events().find(({ event }) => event === 'stopped')).toMatchObject({
    reason: 'expired',
  });
  await release(browser);
}, 60_000);

test('a host that is killed is noticed within seconds, over the direct path too', async () => {
  const browser = await launch('chromium');
  const session = await share();
  const page = await open(browser, session);
  session.signal('SIGKILL');
  await session.exited;
  const killedAt = Date.now();
  await statusWhere(page, 'offline', ({ mode }) => mode === 'offline');
  expect(Date.now() - killedAt).toBeLessThan(6_000);
  await release(browser);
});
