import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'puppeteer-core';
import {
  appShows,
  inApp,
  launch,
  release,
  status,
  statusWhere,
  type BrowserName,
} from '../support/browser.js';
import { startCuttableProxy, type CuttableProxy } from '../support/cuttable-proxy.js';
import { startFixtureApp, type FixtureApp } from '../support/fixture-app.js';
import { eventually, Share, startServer, type Program } from '../support/processes.js';

const GRACE_MS = 4_000;
const ENV = { LINK_GRACE: '4s' };

/** How each thing that was under way in the app has ended, and how long that took. */
interface Ends {
  post?: { outcome: string; ms: number };
  download?: { outcome: string; ms: number };
  socket?: { outcome: string; ms: number };
}

let app: FixtureApp;
let proxy: CuttableProxy;
let server: { program: Program; port: number };
let share: Share;

beforeAll(async () => {
  app = await startFixtureApp();
  proxy = await startCuttableProxy(() => server.port);
  server = await startServer(['--public-url', `http://localhost:${proxy.port}`], ENV);
  // The host's own way to the server is never cut: only the viewer's network goes.
  share = await Share.start(app.port, ['--server', `http://127.0.0.1:${server.port}`], ENV);
});

afterAll(async () => {
  await share.stop();
  await server.program.stop();
  await proxy.close();
  await app.close();
});

async function open(browser: Browser): Promise<Page> {
  const page = await browser.newPage();
  await page.evaluateOnNewDocument(() => {
    const Original = window.RTCPeerConnection;
    const peers: RTCPeerConnection[] = [];
    class Recorded extends Original {
      constructor(configuration?: RTCConfiguration) {
        super(configuration);
        peers.push(this);
      }
    }
    Object.assign(window, { RTCPeerConnection: Recorded, peers });
  });
  await page.goto(share.ready.url);
  await appShows(page, 'plain app page');
  await statusWhere(page, 'both paths', (now) => now.mode === 'p2p' && now.relayConnected);
  // A reload of the shell would lose this.
  await page.evaluate(() => Object.assign(window, { notReloaded: true }));
  return page;
}

/** A POST that waits for its answer, a body that never ends, and a WebSocket. */
async function beginThree(page: Page): Promise<void> {
  app.requests.length = 0;
  await inApp(page, async () => {
    const ends: Ends = {};
    const start = performance.now();
    const told = (what: keyof Ends) => (outcome: string) => {
      ends[what] = { outcome, ms: performance.now() - start };
    };
    Object.assign(window, { ends });
    const socket = new WebSocket(`ws://${location.host}/ws`);
    await new Promise((resolve) => (socket.onopen = resolve));
    socket.onclose = ({ code }) => told('socket')(`closed with ${code}`);
    const { body } = await fetch('/endless');
    const reader = body?.getReader();
    await reader?.read();
    reader?.read().then(
      ({ done }) => told('download')(done ? 'ended as if complete' : 'more'),
      (error: Error) => told('download')(error.name),
    );
    fetch('/held', { method: 'POST', body: 'once' }).then(
      (response) => told('post')(`${response.status} ${response.headers.get('wingman-error')}`),
      (error: Error) => told('post')(error.name),
    );
  });
  await eventually('the POST is at the app', () => app.requests.includes('POST /held'));
}

const endsOf = (page: Page): Promise<Ends> =>
  inApp(page, () => (window as unknown as { ends: Ends }).ends);

const pillText = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const pill = document.querySelector('wingman-pill');
    return pill?.shadowRoot?.querySelector('button.pill')?.ariaLabel ?? '';
  });

async function cutEverything(page: Page): Promise<void> {
  expect(proxy.cut()).toBeGreaterThan(0);
  const closed = await page.evaluate(() => {
    const { peers } = window as unknown as { peers: RTCPeerConnection[] };
    for (const peer of peers) peer.close();
    return peers.length;
  });
  expect(closed).toBeGreaterThan(0);
}

describe.each<BrowserName>(['chromium', 'firefox'])('in %s', (name) => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch(name);
  });
  afterAll(() => release(browser));

  test('within the grace time nothing ends; past it all does with one clear error, and a fresh link is made without a reload', async () => {
    const page = await open(browser);
    const { link } = await status(page);
    await beginThree(page);
    const start = performance.now();
    await cutEverything(page);
    await statusWhere(page, 'nothing carries', ({ mode }) => mode === 'offline');
    const early = await endsOf(page);
    // Before the time is over, whatever the machine's load.
    if (performance.now() - start < GRACE_MS) expect(early).toEqual({});
    const ends = await eventually('all three have ended', async () => {
      const now = await endsOf(page);
      return Object.keys(now).length === 3 && now;
    });
    expect(ends).toMatchObject({
      post: { outcome: '502 LINK_LOST' },
      download: { outcome: expect.stringMatching(/^(TypeError|AbortError)$/) },
      socket: { outcome: 'closed with 1006' },
    });
    for (const end of [ends.post, ends.download, ends.socket]) {
      expect(end?.ms).toBeGreaterThanOrEqual(GRACE_MS - 50);
    }
    await eventually('the pill says so', async () =>
      (await pillText(page)).includes('Connection lost'),
    );
    await eventually('the host has freed them too', () => app.openRequests() === 0);
    expect(app.requests.filter((line) => line === 'POST /held')).toHaveLength(1);

    proxy.mend();
    const again = await statusWhere(
      page,
      'a fresh link on the direct path',
      (now) => now.link.id !== link.id && now.mode === 'p2p',
    );
    expect(again.link.state).toBe('open');
    const answer = inApp(page, async () =>
      (await fetch('/echo', { method: 'POST', body: 'hello' })).text(),
    );
    expect(await answer).toBe('hello');
    await eventually('the pill says “Direct”', async () =>
      (await pillText(page)).includes('Direct'),
    );
    expect(await page.evaluate(() => 'notReloaded' in window)).toBe(true);
    await page.close();
  }, 90_000);
});
