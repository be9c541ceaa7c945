import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'puppeteer-core';
import { appShows, inApp, launch, statusWhere, type BrowserName } from '../support/browser.js';
import { eventually, Share } from '../support/processes.js';
import { startSocketApp, type SocketApp } from '../support/socket-app.js';
import { probeWebSockets } from '../support/socket-probe.js';

let app: SocketApp;
let share: Share;

beforeAll(async () => {
  app = await startSocketApp();
  share = await Share.start(app.port);
});

afterAll(async () => {
  await share.stop();
  await app.close();
});

/** Where the browsers themselves don't agree, the tunnel can't be like both. */
const DISPUTED: Record<BrowserName, readonly string[]> = {
  // Chromium throws; the standard has it send no code.
  chromium: ['a reason alone'],
  // Firefox opens; RFC 6455 lets clients refuse, and the host's does.
  firefox: ['no subprotocol to one asked'],
};

describe.each<BrowserName>(['chromium', 'firefox'])('WebSockets in %s', (name) => {
  let browser: Browser;
  let native: Record<string, unknown>;

  beforeAll(async () => {
    browser = await launch(name);
    const page = await browser.newPage();
    await page.goto(`http://localhost:${app.port}/`);
    native = await page.evaluate(probeWebSockets);
    await page.close();
  });
  afterAll(() => browser.close());

  async function open(mode: 'p2p' | 'relay'): Promise<Page> {
    const page = await browser.newPage();
    await page.goto(share.ready.url);
    await appShows(page, 'socket app');
    await statusWhere(page, 'the direct path', (status) => status.mode === 'p2p');
    if (mode === 'p2p') return page;
    await page.evaluate(() =>
      (window as unknown as { wingman: { prefer(path: string): void } }).wingman.prefer('relay'),
    );
    await statusWhere(page, 'the relay', (status) => status.mode === 'relay');
    return page;
  }

  test.each(['p2p', 'relay'] as const)('are what they are on localhost: %s', async (mode) => {
    const page = await open(mode);
    const ingress = await share.metric('wingman_ingress_requests_total');
    const before = app.opened.length;
    const tunnelled = await inApp(page, probeWebSockets);
    expect(Object.keys(tunnelled)).toEqual(Object.keys(native));
    for (const key of Object.keys(native)) {
      if (DISPUTED[name].includes(key)) continue;
      expect([key, tunnelled[key]]).toEqual([key, native[key]]);
    }
    expect(await share.metric('wingman_ingress_requests_total')).toBe(ingress);
    const headers = app.opened.slice(before).map((request) => request.headers);
    expect(new Set(headers.map(({ host, origin }) => `${host} ${origin}`))).toEqual(
      new Set([`localhost:${app.port} http://localhost:${app.port}`]),
    );
    await page.close();
  });

  test('are closed as "going away" when their page goes', async () => {
    const page = await open('relay');
    await inApp(page, async () => {
      const socket = new WebSocket('/echo?leaving');
      await new Promise((resolve) => (socket.onopen = resolve));
    });
    const before = app.closed.length;
    await inApp(page, () => location.assign('/elsewhere'));
    await eventually('the close', () => app.closed[before]);
    expect(app.closed[before]).toMatchObject({ path: '/echo', code: 1001 });
    await page.close();
  });
});
