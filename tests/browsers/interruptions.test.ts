import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'puppeteer-core';
import {
  appShows,
  inApp,
  launch,
  status,
  statusWhere,
  type BrowserName,
} from '../support/browser.js';
import { startFixtureApp, type FixtureApp } from '../support/fixture-app.js';
import { eventually, Share, startServer } from '../support/processes.js';

let app: FixtureApp;
const configHome = mkdtempSync(join(tmpdir(), 'wingman-interruptions-'));

beforeAll(async () => {
  app = await startFixtureApp();
});

afterAll(async () => {
  await app.close();
  rmSync(configHome, { recursive: true, force: true });
});

function share(server: string, name: string): Promise<Share> {
  const args = ['--server', server, '--name', name];
  return Share.start(app.port, args, { XDG_CONFIG_HOME: configHome });
}

async function open(browser: Browser, session: Share): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(session.ready.url);
  await appShows(page, 'plain app page');
  await statusWhere(page, 'the direct path', ({ mode }) => mode === 'p2p');
  // A reload of the shell would lose this.
  await page.evaluate(() => Object.assign(window, { notReloaded: true }));
  return page;
}

function post(page: Page): Promise<string> {
  return inApp(page, async () => (await fetch('/echo', { method: 'POST', body: 'hello' })).text());
}

describe.each<BrowserName>(['chromium', 'firefox'])('in %s', (name) => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch(name);
  });
  afterAll(() => browser.close());

  test('the tunnel server is killed and comes back: nothing is lost, the relay is warm again', async () => {
    const server = await startServer();
    const session = await share(server.url, `server-${name}`);
    const page = await open(browser, session);
    const { link } = await status(page);
    server.program.signal('SIGKILL');
    await server.program.exited;
    await statusWhere(page, 'the relay is gone', ({ relayConnected }) => !relayConnected);
    expect(await post(page)).toBe('hello');
    const again = await startServer(['--port', new URL(server.url).port]);
    await statusWhere(page, 'the relay is back', ({ relayConnected }) => relayConnected);
    expect(await post(page)).toBe('hello');
    const after = await status(page);
    expect(after.link.id).toBe(link.id);
    expect(after.bytes.p2p.in).toBeGreaterThan(0);
    expect(await page.evaluate(() => 'notReloaded' in window)).toBe(true);
    await page.close();
    await session.stop();
    await again.program.stop();
  });

  test('the host is killed and started again: what is under way ends, a fresh link is made without a reload', async () => {
    const server = await startServer();
    const session = await share(server.url, `host-${name}`);
    const page = await open(browser, session);
    const { link } = await status(page);
    app.requests.length = 0;
    const lost = inApp(page, async () => {
      const response = await fetch('/endless', { method: 'POST' });
      return response.text().then(
        () => 'complete',
        () => 'broken off',
      );
    });
    await eventually('the request is at the app', () => app.requests.includes('POST /endless'));
    session.signal('SIGKILL');
    await session.exited;
    const waiting = post(page);
    const again = await share(server.url, `host-${name}`);
    expect(again.ready.url).toBe(session.ready.url);
    expect(await lost).toBe('broken off');
    await statusWhere(
      page,
      'a fresh link on the direct path',
      ({ link: { id }, mode }) => id !== link.id && mode === 'p2p',
    );
    expect(await post(page)).toBe('hello');
    await waiting;
    // Neither was run twice: the first got through, the second was answered once or not at all.
    expect(app.requests.filter((line) => line === 'POST /endless')).toHaveLength(1);
    expect(await page.evaluate(() => 'notReloaded' in window)).toBe(true);
    await page.close();
    await again.stop();
    await server.program.stop();
  });
});

test('a frozen tab resumes on its link, and what it was loading goes on', async () => {
  const browser = await launch('chromium');
  const server = await startServer();
  const session = await share(server.url, 'frozen');
  const page = await open(browser, session);
  const { link } = await status(page);
  const answer = inApp(page, async () => {
    const body = await (await fetch('/bytes?n=60000000')).arrayBuffer();
    return body.byteLength;
  });
  const devTools = await page.createCDPSession();
  const other = await browser.newPage();
  await other.bringToFront();
  await devTools.send('Page.setWebLifecycleState', { state: 'frozen' });
  await eventually(
    'the host misses the tab',
    () => session.events().some(({ path }) => path === 'offline'),
    20_000,
  );
  await devTools.send('Page.setWebLifecycleState', { state: 'active' });
  await page.bringToFront();
  expect(await answer).toBe(60_000_000);
  expect((await status(page)).link.id).toBe(link.id);
  await browser.close();
  await session.stop();
  await server.program.stop();
});
