import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'puppeteer-core';
import { appShows, inApp, launch, release, status, type BrowserName } from '../support/browser.js';
import { residentBytes } from '../support/memory.js';
import { expectPath, onPath, PathShares, type PathName } from '../support/paths.js';
import { eventually } from '../support/processes.js';
import { startSocketApp, type SocketApp } from '../support/socket-app.js';
import { probeWebSockets } from '../support/socket-probe.js';

const MIB = 1024 * 1024;

let app: SocketApp;
let shares: PathShares;

beforeAll(async () => {
  app = await startSocketApp();
  shares = await PathShares.start(app.port);
});

afterAll(async () => {
  await shares.stop();
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
  afterAll(async () => {
    await release(browser);
    await app.noneOpen();
  });

  async function open(path: PathName): Promise<Page> {
    const page = await browser.newPage();
    await page.goto(shares.on(path).ready.url);
    await appShows(page, 'socket app');
    await onPath(page, path);
    return page;
  }

  test.each(['p2p', 'relay'] as const)('are what they are on localhost: %s', async (path) => {
    const share = shares.on(path);
    const page = await open(path);
    const opened = await status(page);
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
    await expectPath(page, opened, path);
    await page.close();
  });

  test('are closed as "going away" when their page goes', async () => {
    const page = await open('relay');
    await app.noneOpen();
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

  test('an app that does not read leaves what is sent with the page', async () => {
    const page = await open('p2p');
    const before = residentBytes(shares.on('p2p').pid);
    const query = `in-${name}`;
    const total = 48 * MIB;
    await page.frames()[1]?.evaluate(async (query) => {
      const socket = new WebSocket(`/deaf?${query}`);
      await new Promise((resolve) => (socket.onopen = resolve));
      const message = new Uint8Array(1024 * 1024);
      for (let index = 0; index < 48; index += 1) socket.send(message);
      Object.assign(window, { socket });
    }, query);
    const buffered = (): Promise<number> =>
      inApp(page, () => (window as unknown as { socket: WebSocket }).socket.bufferedAmount);
    let last = -1;
    await eventually('the queue stands still', async () => {
      const now = await buffered();
      if (now === last && now < total) return true;
      last = now;
      await new Promise((resolve) => setTimeout(resolve, 300));
      return false;
    });
    expect(last).toBeGreaterThan(total / 3);
    expect(residentBytes(shares.on('p2p').pid) - before).toBeLessThan(64 * MIB);
    expect(app.heard(query)).toBe(0);
    app.listen();
    await eventually('all of it', () => app.heard(query) === total, 30_000);
    await eventually('an empty queue', async () => (await buffered()) === 0);
    await page.close();
  }, 90_000);

  test('more than the page may keep fails the socket', async () => {
    const page = await open('p2p');
    const story = await inApp(page, async () => {
      const socket = new WebSocket('/deaf');
      await new Promise((resolve) => (socket.onopen = resolve));
      const seen: unknown[] = [];
      const closed = new Promise((resolve) => (socket.onclose = resolve));
      socket.onerror = () => seen.push('error');
      const message = new Uint8Array(1024 * 1024);
      for (let index = 0; index < 70; index += 1) socket.send(message);
      seen.push(socket.readyState, socket.bufferedAmount);
      const { code, wasClean } = (await closed) as CloseEvent;
      return [...seen, code, wasClean];
    });
    expect(story).toEqual([2, 70 * MIB, 'error', 1006, false]);
    await page.close();
  });
});
