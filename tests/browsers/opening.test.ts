import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  jest,
  test,
} from '@jest/globals';
import type { ServerResponse } from 'node:http';
import type { Browser, Page } from 'puppeteer-core';
import { PHONE } from '../support/accessible.js';
import { appShows, release } from '../support/browser.js';
import { IN_EACH_SCHEME, launchIn } from '../support/colour-schemes.js';
import { page, send, startPageApp, type PageApp } from '../support/page-app.js';
import { eventually, Share, startServer, type Program } from '../support/processes.js';

/** Two programs and a browser are started. */
jest.setTimeout(90_000);

/**
 * What is in sight, each once, in order, and how far it has moved what was there (Layout Instability; Chromium alone). The pill
 * doesn't count, which is as wide as what it says: it stands alone in a shadow tree, whose nodes are not told.
 */
interface Sights {
  seen: string[];
  shift: number;
}

interface LayoutShift extends PerformanceEntry {
  readonly value: number;
  readonly sources: readonly { readonly node: Node | null }[];
}

let app: PageApp;
let server: { program: Program; url: string };
let share: Share;
const held: ServerResponse[] = [];

beforeAll(async () => {
  const front = page('<h1>front page</h1>', '<title>An app</title>');
  app = await startPageApp({
    '/': (_, response) => send(response, front),
    '/slow': (_, response) => void held.push(response),
  });
  server = await startServer();
  share = await Share.start(app.port, ['--server', server.url]);
});

afterAll(async () => {
  await share.stop();
  await server.program.stop();
  await app.close();
});

/** Runs before the page's own code: looks at it once a frame. */
function watch(): void {
  if (self !== top) return;
  const sights: Sights = { seen: [], shift: 0 };
  Object.assign(self, { sights });
  if (PerformanceObserver.supportedEntryTypes.includes('layout-shift')) {
    new PerformanceObserver((list) => {
      for (const { sources, value } of list.getEntries() as LayoutShift[])
        if (sources.some(({ node }) => node !== null)) sights.shift += value;
    }).observe({ type: 'layout-shift', buffered: true });
  }
  const backgroundOf = (element: Element): string => getComputedStyle(element).backgroundColor;
  const inSight = (): string => {
    const cover = document.querySelector<HTMLElement>('#wingman-cover');
    if (cover === null) return backgroundOf(document.body);
    if (cover.hidden) return 'the app';
    return cover.querySelector('h1')?.textContent ?? backgroundOf(cover);
  };
  const look = (): void => {
    // Nothing is drawn of a page without a body.
    const now = document.body === null ? undefined : inSight();
    if (now !== undefined && sights.seen.at(-1) !== now) sights.seen.push(now);
    requestAnimationFrame(look);
  };
  look();
}

function sightsOf(tab: Page): Promise<Sights> {
  return tab.evaluate(() => (self as unknown as { sights: Sights }).sights);
}

/** What the browser draws where a page says nothing of its background. */
function canvasOf(tab: Page): Promise<string> {
  return tab.evaluate(() => {
    const probe = document.createElement('div');
    probe.style.background = 'Canvas';
    document.body.append(probe);
    return getComputedStyle(probe).backgroundColor;
  });
}

describe.each(IN_EACH_SCHEME)('in %s, %s', (name, scheme) => {
  let browser: Browser;
  let tab: Page;
  beforeAll(async () => {
    browser = await launchIn(scheme, name);
  });
  beforeEach(async () => {
    tab = await browser.newPage();
    await tab.setViewport(PHONE);
    await tab.evaluateOnNewDocument(watch);
  });
  afterEach(() => tab.close());
  afterAll(() => release(browser));

  test('the page’s own background is in sight, then the app, and nothing else', async () => {
    await tab.goto(share.ready.url);
    await appShows(tab, 'front page');
    const { seen, shift } = await sightsOf(tab);
    // A busy machine takes so long that the steps are shown.
    const short = seen.filter((sight) => !sight.endsWith('…'));
    expect([short, shift]).toEqual([[await canvasOf(tab), 'the app'], 0]);
  });

  test('the steps that a slow start shows don’t move', async () => {
    const url = new URL('/slow', share.ready.url);
    url.hash = new URL(share.ready.url).hash;
    share.signal('SIGSTOP');
    const opened = tab.goto(url.href);
    const shows = (text: string) =>
      eventually(text, async () => (await sightsOf(tab)).seen.includes(text));
    await shows('Connecting…');
    share.signal('SIGCONT');
    await shows('Waiting for the app…');
    // The page knows that the relay is up before the app has been asked.
    const response = await eventually('the app is asked', () => held.pop());
    send(response, page('<h1>slow page</h1>', '<title>An app</title>'));
    await opened;
    await appShows(tab, 'slow page');
    const { seen, shift } = await sightsOf(tab);
    expect(seen.at(-1)).toBe('the app');
    expect(shift).toBe(0);
  });
});
