import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { createServer } from 'node:http';
import type { Browser, Page } from 'puppeteer-core';
import { appShows, inApp, launch, release, statusWhere } from '../support/browser.js';
import { startFixtureApp, type FixtureApp } from '../support/fixture-app.js';
import { freePort } from '../support/free-port.js';
import { eventually, Share, startServer, type Program } from '../support/processes.js';

/** Several waits, the longest of which is 30 s. */
jest.setTimeout(90_000);

let app: FixtureApp;
let server: { program: Program; url: string };
let share: Share;
let browser: Browser;

beforeAll(async () => {
  app = await startFixtureApp();
  server = await startServer();
  share = await Share.start(app.port, ['--server', server.url]);
  browser = await launch('chromium');
});

afterAll(async () => {
  await release(browser);
  await share.stop();
  await server.program.stop();
  await app.close();
});

/** What the page says over the app. */
function bar(page: Page): Promise<string> {
  return page.evaluate(
    () =>
      document.querySelector('wingman-pill')?.shadowRoot?.querySelector('.bar')?.textContent ?? '',
  );
}

test('a request made while no carrier is there waits, and is executed once when one is back', async () => {
  const page = await browser.newPage();
  await page.goto(share.ready.url);
  await appShows(page, 'plain app page');
  await statusWhere(page, 'the direct path', ({ mode }) => mode === 'p2p');
  // The tab asks for the icon when it has the time. It is not to be the request that waits.
  await eventually('the icon is asked for', () => app.requests.includes('GET /favicon.ico'));
  await inApp(page, async () => void (await fetch('/headers')));
  share.signal('SIGSTOP');
  const answer = inApp(page, async () =>
    (await fetch('/echo?once', { method: 'POST', body: 'patience' })).text(),
  );
  await statusWhere(page, 'both carriers are gone', ({ mode }) => mode === 'offline');
  await eventually('the page says what waits', async () =>
    /^Offline since .*One request waits/.test(await bar(page)),
  );
  share.signal('SIGCONT');
  expect(await answer).toBe('patience');
  await eventually('the bar is gone', async () => (await bar(page)) === '');
  expect(app.requests.filter((line) => line === 'POST /echo?once')).toHaveLength(1);
  await page.close();
});

test('a host that was killed is named as the cause, in an open tab and in one that comes then', async () => {
  const gone = await Share.start(app.port, ['--server', server.url]);
  const page = await browser.newPage();
  await page.goto(gone.ready.url);
  await appShows(page, 'plain app page');
  gone.signal('SIGKILL');
  await gone.exited;
  await eventually('the open tab names the cause', async () =>
    /^Offline since [^.]*\. The developer’s machine can’t be reached/.test(await bar(page)),
  );
  await page.goto(gone.ready.url);
  await eventually(
    'the new one names it',
    async () => {
      const said = await page.evaluate(() => document.body.innerText);
      return /^HOST_OFFLINE\s+The developer’s machine can’t be reached/.test(said);
    },
    30_000,
  );
  await page.close();
});

test('an app that starts late comes by itself, also under an address with a fragment', async () => {
  const port = await freePort();
  const early = await Share.start(port, ['--server', server.url]);
  const page = await browser.newPage();
  await page.goto(`${early.ready.url}#/route`);
  await appShows(page, 'This page tries again by itself.');
  const late = createServer((_, response) => response.end('late app'));
  await new Promise<void>((resolve) => late.listen(port, '127.0.0.1', resolve));
  await appShows(page, 'late app');
  expect(await inApp(page, () => location.hash)).toBe('#/route');
  await early.stop();
  late.close();
  await page.close();
});

test('a URL without its key says what is missing', async () => {
  const closed = await Share.start(app.port, ['--server', server.url]);
  const page = await browser.newPage();
  await page.goto(`${closed.origin}/`);
  await eventually('the page names the cause', async () =>
    /link is (incomplete|not complete)|incomplete|key/i.test(
      await page.evaluate(() => document.body.innerText),
    ),
  );
  await closed.stop();
  await page.close();
});
