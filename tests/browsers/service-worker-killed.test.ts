import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { Browser, Page } from 'puppeteer-core';
import { appShows, inApp, launch, release, statusWhere } from '../support/browser.js';
import { startFixtureApp, type FixtureApp } from '../support/fixture-app.js';
import { eventually, Share } from '../support/processes.js';

/** Programs, a page and its direct path have 30 s, 25 s and 15 s. */
jest.setTimeout(90_000);

let app: FixtureApp;
let share: Share;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  app = await startFixtureApp();
  share = await Share.start(app.port);
  browser = await launch('chromium');
  page = await browser.newPage();
  await page.goto(share.ready.url);
  await appShows(page, 'plain app page');
  await statusWhere(page, 'the direct path', ({ mode }) => mode === 'p2p');
});

afterAll(async () => {
  await release(browser);
  await share.stop();
  await app.close();
});

async function killServiceWorker(): Promise<void> {
  const session = await page.createCDPSession();
  await session.send('ServiceWorker.enable');
  await session.send('ServiceWorker.stopAllWorkers');
  await session.detach();
}

test('killed within a response: the app sees an error and no clean end, and its server is freed', async () => {
  const outcome = inApp(page, async () => {
    const response = await fetch('/endless');
    Object.assign(window, { hasHead: true });
    return response.text().then(
      () => 'complete',
      () => 'broken off',
    );
  });
  await eventually('the head is there', () => inApp(page, () => 'hasHead' in window));
  await killServiceWorker();
  expect(await outcome).toBe('broken off');
  await inApp(page, async () => void (await fetch('/headers')));
  await eventually('the app’s request has ended', () => app.openRequests() === 0);
});

test('killed while a POST waits for its answer: it gets it, and the app runs it once', async () => {
  app.requests.length = 0;
  const outcome = inApp(page, async () =>
    (await fetch('/held', { method: 'POST', body: 'once' })).text(),
  );
  await eventually('it is at the app', () => app.requests.includes('POST /held'));
  await killServiceWorker();
  // The browser has asked another service worker the same when that one answers.
  expect(await inApp(page, async () => (await fetch('/headers')).status)).toBe(200);
  app.release();
  expect(await outcome).toBe('released');
  expect(app.requests.filter((line) => line === 'POST /held')).toHaveLength(1);
});

test('killed between two requests: a WebSocket and the next request go on', async () => {
  await inApp(page, async () => {
    const socket = new WebSocket(`ws://${location.host}/ws`);
    await new Promise((resolve) => (socket.onopen = resolve));
    Object.assign(window, { socket });
  });
  await killServiceWorker();
  const echo = await inApp(page, () => {
    const { socket } = window as unknown as { socket: WebSocket };
    return new Promise((resolve) => {
      socket.onmessage = ({ data }) => resolve(data);
      socket.send('still here');
    });
  });
  expect(echo).toBe('still here');
  expect(await inApp(page, async () => (await fetch('/headers')).status)).toBe(200);
});
