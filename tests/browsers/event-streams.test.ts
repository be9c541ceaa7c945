import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'puppeteer-core';
import { appShows, launch, release, prefer, statusWhere } from '../support/browser.js';
import { startEventApp, type EventApp } from '../support/event-app.js';
import { eventually, Share } from '../support/processes.js';

/** Firefox ends a service worker, and with it what passes through it, after 30 s; Chromium likewise. */
const OPEN_MS = 45_000;
const TICK_MS = 1_000;
const PAGES = [
  ['chromium', 'p2p'],
  ['chromium', 'relay'],
  ['firefox', 'p2p'],
  ['firefox', 'relay'],
] as const;

let app: EventApp;
let share: Share;
let browsers: Record<'chromium' | 'firefox', Browser>;

beforeAll(async () => {
  app = await startEventApp();
  share = await Share.start(app.port);
  browsers = { chromium: await launch('chromium'), firefox: await launch('firefox') };
});

afterAll(async () => {
  await Promise.all(Object.values(browsers).map((browser) => release(browser)));
  await share.stop();
  await app.close();
});

test(
  'event streams, streamed bodies and long polls outlive the service worker, and nothing is held back',
  () => Promise.all(PAGES.map(([browser, path]) => listens(browser, path))),
  OPEN_MS * 2,
);

async function listens(browser: 'chromium' | 'firefox', path: 'p2p' | 'relay'): Promise<void> {
  const name = `${browser}-${path}`;
  const page = await browsers[browser].newPage();
  await page.goto(share.ready.url.replace('/#', `/?page=${name}#`));
  await appShows(page, 'events');
  await prefer(page, path);
  await statusWhere(page, path, ({ mode }) => mode === path);
  await eventually('both streams', () => Object.keys(app.connections(name)).length === 3);
  // Each event has to be shown before the next is sent.
  for (const start = Date.now(); Date.now() - start < OPEN_MS;) {
    await app.tick(name);
    await new Promise((resolve) => setTimeout(resolve, TICK_MS));
  }
  app.answerPoll(name);
  await eventually('the poll', () => app.seen(name).includes('poll-answer'));
  expect(app.seen(name)).not.toContain('stream-end');
  expect(new Set(app.seen(name)).size).toBe(app.seen(name).length);
  expect(app.connections(name)).toEqual({ '/events': 1, '/stream': 1, '/poll': 1 });
  await page.close();
}
