import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, BrowserContext, Frame, Page } from 'puppeteer-core';
import { appShows, inApp, launch, release } from '../support/browser.js';
import { startFixtureApp, type FixtureApp } from '../support/fixture-app.js';
import { expectPath, onPath, WAYS_ABOVE_THE_LINK } from '../support/paths.js';
import { eventually, Share } from '../support/processes.js';

const PASSPHRASE = 'open sesame';

let app: FixtureApp;
const shares: Share[] = [];

beforeAll(async () => {
  app = await startFixtureApp();
});

afterEach(async () => {
  for (const share of shares.splice(0)) await share.stop();
  app.requests.length = 0;
});

afterAll(() => app.close());

describe.each(WAYS_ABOVE_THE_LINK)('in %s over %s', (name, path) => {
  let browser: Browser;
  const contexts: BrowserContext[] = [];

  beforeAll(async () => {
    browser = await launch(name);
  });

  afterEach(async () => {
    for (const context of contexts.splice(0)) await context.close();
  });

  afterAll(() => release(browser));

  async function share(args: readonly string[], env = {}): Promise<Share> {
    const started = await Share.start(
      app.port,
      [...args, ...(path === 'relay' ? ['--no-p2p'] : [])],
      env,
    );
    shares.push(started);
    return started;
  }

  /** A tab of somebody who has not been there before. */
  async function visit({ ready }: Share): Promise<Page> {
    const context = await browser.createBrowserContext();
    contexts.push(context);
    const page = await context.newPage();
    await page.goto(ready.url);
    return page;
  }

  test('a passphrase is asked for, once for each browser', async () => {
    const session = await share([], { PASSPHRASE });
    const page = await visit(session);
    await appShows(page, 'This app is behind a passphrase');
    await enter(page, 'open barley');
    await appShows(page, 'That was not it.');
    expect(app.requests).toEqual([]);
    await enter(page, PASSPHRASE);
    await appShows(page, 'plain app page');
    const arrived = await onPath(page, path);
    expect(await inApp(page, async () => (await fetch('/headers')).status)).toBe(200);
    await expectPath(page, arrived, path);
    await page.reload();
    await appShows(page, 'plain app page');
    const other = await visit(session);
    await appShows(other, 'This app is behind a passphrase');
  });

  test('a viewer waits for the developer, is let in, and is removed', async () => {
    const session = await share(['--approve']);
    const page = await visit(session);
    await appShows(page, 'The developer has been asked');
    const browserName = name === 'chromium' ? /^Chrome \d+/ : /^Firefox \d+/;
    const { visitor } = await standing(session, 'waiting', browserName);
    expect(app.requests).toEqual([]);
    session.type(`a ${visitor}`);
    await appShows(page, 'plain app page');
    const arrived = await onPath(page, path);
    const ended = inApp(page, endsOf);
    await eventually('a request and a socket are open', () => app.openSockets() > 1);
    await eventually('the request has come', () => app.requests.includes('GET /endless'));
    await eventually('the page has both', () => inApp(page, () => 'hasBoth' in window));
    await expectPath(page, arrived, path);
    session.type(`r ${visitor}`);
    expect(await ended).toEqual(['the stream has failed', 'the socket has closed']);
    expect(await inApp(page, async () => (await fetch('/headers')).status)).toBe(403);
    await page.reload();
    await appShows(page, 'The developer has closed this app to you');
    const other = await visit(session);
    await appShows(other, 'The developer has been asked');
  });

  test('a read-only session shows, takes WebSockets, and changes nothing', async () => {
    const session = await share(['--read-only']);
    const page = await visit(session);
    await appShows(page, 'plain app page');
    await onPath(page, path);
    const answers = await inApp(page, async () => {
      const post = await fetch('/echo', { method: 'POST', body: 'change' });
      const socket = new WebSocket(`${location.origin.replace('http', 'ws')}/ws`);
      const opened = await new Promise((resolve) => {
        socket.onopen = () => resolve(true);
        socket.onerror = () => resolve(false);
      });
      return [post.status, post.headers.get('wingman-error'), opened];
    });
    expect(answers).toEqual([403, 'READ_ONLY', true]);
    expect(app.requests.filter((line) => line.startsWith('POST'))).toEqual([]);
  });
});

/** Types a passphrase into the form, as a person does. */
async function enter(page: Page, passphrase: string): Promise<void> {
  await eventually('the form is there', async () => {
    const field = await appFrame(page).$('#passphrase');
    await field?.type(passphrase);
    return field !== null;
  });
  await appFrame(page).evaluate(() => document.querySelector('button')?.click());
}

function appFrame(page: Page): Frame {
  const frame = page.frames().find((candidate) => candidate.parentFrame() === page.mainFrame());
  if (frame === undefined) throw new Error('the app’s frame is not there');
  return frame;
}

/** How a stream and a socket of the app end. */
async function endsOf(): Promise<string[]> {
  const { body } = await fetch('/endless');
  const reader = body?.getReader();
  await reader?.read();
  const socket = new WebSocket(`${location.origin.replace('http', 'ws')}/ws`);
  const closed = new Promise<string>((resolve) => {
    socket.onclose = () => resolve('the socket has closed');
  });
  socket.onopen = () => Object.assign(window, { hasBoth: true });
  const failed = reader?.read().then(
    () => 'the stream has ended',
    () => 'the stream has failed',
  );
  return Promise.all([failed ?? 'no stream', closed]);
}

/** The event by which a visitor got a standing. */
function standing(share: Share, wanted: string, browser: RegExp) {
  return eventually(`a visitor is ${wanted}`, () =>
    share
      .events()
      .find(
        (event) =>
          event.event === 'visitor' &&
          event.standing === wanted &&
          browser.test(event.browser ?? ''),
      ),
  );
}
