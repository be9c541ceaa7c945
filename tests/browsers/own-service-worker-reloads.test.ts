import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { Browser, Page } from 'puppeteer-core';
import { appShows, inApp, launch, release } from '../support/browser.js';
import { within } from '../support/program.js';
import { eventually, Share } from '../support/processes.js';
import { startStaticApp, type StaticApp, type StaticFile } from '../support/static-app.js';

/** Well below everything a worker's life has a deadline for, the shortest of which is half a minute. */
const PATIENCE_MS = 20_000;
/** For several waits of that kind. */
jest.setTimeout(120_000);

const script = (body: string): StaticFile => ({ type: 'text/javascript', body });

/** `part` is what the version does besides. */
const version = (name: string, part = ''): StaticFile =>
  script(`self.addEventListener('fetch', (event) => {
  if (event.request.url.endsWith('/version')) event.respondWith(new Response('${name}'));
});
${part}`);

const stuck = (event: string): string => `
self.addEventListener('${event}', (event) => event.waitUntil(fetch('/reached/${event}').then(() => new Promise(() => {}))));
self.addEventListener('install', () => self.skipWaiting());
`;

const FILES: [string, StaticFile][] = [
  [
    '/',
    {
      type: 'text/html',
      body: '<!doctype html><link rel="icon" href="data:,"><h1>reloaded often</h1>',
    },
  ],
  ['/version', { type: 'text/plain', body: 'none' }],
  ['/reached/install', { type: 'text/plain', body: '' }],
  ['/reached/activate', { type: 'text/plain', body: '' }],
];

describe.each(['chromium', 'firefox'] as const)('a tab reloaded while in %s', (name) => {
  let app: StaticApp;
  let share: Share;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    app = await startStaticApp(FILES);
    share = await Share.start(app.port);
    browser = await launch(name);
    page = await browser.newPage();
    await page.goto(share.ready.url);
    await appShows(page, 'reloaded often');
  });
  afterAll(async () => {
    await release(browser);
    await share.stop();
    await app.close();
  });

  const serve = (file: StaticFile): unknown => app.files.set('/sw.js', file);
  const register = (): Promise<void> =>
    inApp(page, async () => void (await navigator.serviceWorker.register('/sw.js')));
  const answering = (): Promise<string> =>
    inApp(page, async () => (await fetch('/version')).text());
  const asked = (url: string): Promise<unknown> => {
    const moment = app.seen.length;
    return eventually(`${url} is asked for`, () =>
      app.seen.slice(moment).find((request) => request.url === url),
    );
  };

  async function reload(): Promise<void> {
    await page.reload();
    await within(PATIENCE_MS, 'the page is there', appShows(page, 'reloaded often'));
  }

  /** Whatever was under way when the tab was reloaded, the next job has its turn. */
  async function unregister(): Promise<void> {
    const isDone = inApp(page, async () => {
      const registrations = await navigator.serviceWorker.getRegistrations();
      return Promise.all(registrations.map((each) => each.unregister()));
    });
    await within(PATIENCE_MS, 'it is unregistered', isDone);
    await reload();
    expect(await answering()).toBe('none');
  }

  test('a version is looked for: the next job does not wait for the answer', async () => {
    serve(version('one'));
    await register();
    await inApp(page, async () => void (await navigator.serviceWorker.ready));
    await reload();
    expect(await answering()).toBe('one');
    serve({ ...version('never'), hangs: true });
    const isAsked = asked('/sw.js');
    await inApp(page, async () => {
      const registration = await navigator.serviceWorker.ready;
      void registration.update().catch(() => undefined);
    });
    await isAsked;
    // The page that is loaded next looks for one too.
    serve(version('one'));
    await reload();
    expect(await answering()).toBe('one');
    await unregister();
  });

  test('one is installed: it can be registered again', async () => {
    serve(version('one', stuck('install')));
    const isReached = asked('/reached/install');
    await register();
    await isReached;
    serve(version('two'));
    await reload();
    await within(PATIENCE_MS, 'it is registered', register());
    await inApp(page, async () => void (await navigator.serviceWorker.ready));
    await reload();
    expect(await answering()).toBe('two');
    await unregister();
  });

  test('one is activated: the page does not wait for it', async () => {
    serve(version('one', stuck('activate')));
    const isReached = asked('/reached/activate');
    await register();
    await isReached;
    await reload();
    expect(await answering()).toBe('one');
    await unregister();
  });

  test('one waits: it takes over', async () => {
    serve(version('one'));
    await register();
    await inApp(page, async () => void (await navigator.serviceWorker.ready));
    await reload();
    serve(version('two'));
    await inApp(page, async () => {
      const registration = await navigator.serviceWorker.ready;
      await registration.update();
      const { installing } = registration;
      await new Promise<void>((resolve) => {
        if (installing === null) return resolve();
        installing.addEventListener('statechange', () => resolve());
      });
    });
    expect(await answering()).toBe('one');
    await reload();
    expect(await answering()).toBe('two');
  });
});
