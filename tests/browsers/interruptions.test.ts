import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, encodeMessage, ViewerMessage } from '@wingman/protocol';
import type { Browser, CDPSession, Page } from 'puppeteer-core';
import {
  appShows,
  inApp,
  launch,
  release,
  status,
  statusWhere,
  type BrowserName,
} from '../support/browser.js';
import { startFixtureApp, type FixtureApp } from '../support/fixture-app.js';
import { freePort } from '../support/free-port.js';
import { eventually, Share, startServer } from '../support/processes.js';

/** Several waits of 15 s each, one after the other, none of which is long on a machine that does nothing else. */
jest.setTimeout(90_000);

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
  afterAll(() => release(browser));

  test('a direct path that breaks off is made anew, and a download and a WebSocket go on meanwhile', async () => {
    const server = await startServer();
    const session = await share(server.url, `anew-${name}`);
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
    await page.goto(session.ready.url);
    await appShows(page, 'plain app page');
    const before = await statusWhere(page, 'the direct path', ({ mode }) => mode === 'p2p');
    await inApp(page, async () => {
      const socket = new WebSocket(`ws://${location.host}/ws`);
      await new Promise((resolve) => (socket.onopen = resolve));
      Object.assign(window, { socket });
    });
    const download = inApp(page, async () => {
      const { body } = await fetch('/bytes?n=40000000');
      const reader = body?.getReader();
      let bytes = 0;
      for (;;) {
        const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
        if (done || value === undefined) return bytes;
        bytes += value.byteLength;
        // Long enough for what happens meanwhile.
        if (bytes < 20_000_000) await new Promise((resolve) => setTimeout(resolve, 20));
      }
    });
    await page.evaluate(() => {
      for (const peer of (window as unknown as { peers: RTCPeerConnection[] }).peers) peer.close();
    });
    // It may be over before anybody looks: the count of switches stays.
    await statusWhere(page, 'the relay carries', ({ switches }) => switches > before.switches);
    const after = await statusWhere(
      page,
      'direct again, on one connection',
      ({ mode, webrtcConnections }) => mode === 'p2p' && webrtcConnections === 1,
    );
    expect(after.link.id).toBe(before.link.id);
    expect(after.bytes.relay.in).toBeGreaterThan(before.bytes.relay.in);
    expect(await download).toBe(40_000_000);
    const echo = await inApp(page, () => {
      const { socket } = window as unknown as { socket: WebSocket };
      return new Promise<unknown>((resolve) => {
        socket.onmessage = ({ data }: MessageEvent<unknown>) => resolve(data);
        socket.send('still here');
      });
    });
    expect(echo).toBe('still here');
    await page.close();
    await session.stop();
    await server.program.stop();
  });

  test('the tunnel server is killed and comes back: nothing is lost, the relay is warm again', async () => {
    const args = ['--port', String(await freePort())];
    const server = await startServer(args);
    const session = await share(server.url, `server-${name}`);
    const page = await open(browser, session);
    const { link } = await status(page);
    server.program.signal('SIGKILL');
    await server.program.exited;
    await statusWhere(page, 'the relay is gone', ({ relayConnected }) => !relayConnected);
    expect(await post(page)).toBe('hello');
    const again = await startServer(args);
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
      Object.assign(window, { hasHead: true });
      return response.text().then(
        () => 'complete',
        () => 'broken off',
      );
    });
    // Before that the host's end would be an answer of ours, which is complete.
    await eventually('the answer has begun', () => inApp(page, () => 'hasHead' in window));
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

// Chromium forgets the body of a response that arrives while a tab is frozen, on localhost too, so none does: the app
// reads the upload, and answers, when the tab goes on.
test('a frozen tab resumes on its link: a WebSocket, an upload and a request that waits go on', async () => {
  const browser = await launch('chromium');
  const server = await startServer();
  const session = await share(server.url, 'frozen');
  const page = await open(browser, session);
  const { link } = await status(page);
  app.requests.length = 0;
  await inApp(page, async () => {
    const socket = new WebSocket(`ws://${location.host}/ws`);
    const echoes: string[] = [];
    socket.onmessage = ({ data }) => echoes.push(String(data));
    await new Promise((resolve) => (socket.onopen = resolve));
    setInterval(() => socket.send(String(performance.now())), 20);
    Object.assign(window, { socket, echoes });
  });
  const waiting = inApp(page, async () => (await fetch('/held', { method: 'POST' })).text());
  await eventually('the request is at the app', () => app.requests.includes('POST /held'));
  const upload = inApp(page, async () => {
    const body = new Blob([new Uint8Array(60_000_000)]);
    return (await fetch('/held-hash', { method: 'POST', body })).text();
  });
  await eventually('the upload is at the app', () => app.requests.includes('POST /held-hash'));
  const devTools = await page.createCDPSession();
  const sent = await webSocketFrames(devTools);
  const other = await browser.newPage();
  await other.bringToFront();
  await devTools.send('Page.setWebLifecycleState', { state: 'frozen' });
  await eventually(
    'the host misses the tab',
    () => session.events().some(({ path }) => path === 'offline'),
    20_000,
  );
  // The server waits longer for the return of a tab that has said this.
  await eventually('the tab has said that it is frozen', () => sent.includes(TAB_FROZEN));
  await devTools.send('Page.setWebLifecycleState', { state: 'active' });
  await page.bringToFront();
  await statusWhere(page, 'a path carries again', ({ mode }) => mode !== 'offline');
  app.release();
  expect(await waiting).toBe('released');
  expect(await upload).toBe(zeroHash(60_000_000));
  const isInOrder = inApp(page, async () => {
    const { socket, echoes } = window as unknown as { socket: WebSocket; echoes: string[] };
    const before = echoes.length;
    while (echoes.length < before + 5) await new Promise((resolve) => setTimeout(resolve, 20));
    const numbers = echoes.map(Number);
    const isRising = numbers.every(
      (value, index) => index === 0 || value >= (numbers[index - 1] ?? 0),
    );
    return isRising && socket.readyState === WebSocket.OPEN;
  });
  expect(await isInOrder).toBe(true);
  expect((await status(page)).link.id).toBe(link.id);
  expect(await page.evaluate(() => 'notReloaded' in window)).toBe(true);
  await release(browser);
  await session.stop();
  await server.program.stop();
});

const TAB_FROZEN = Buffer.from(
  encodeMessage(
    ViewerMessage,
    create(ViewerMessage, { message: { $case: 'tabFrozen', value: {} } }),
  ),
).toString('base64');

/** What the page's WebSockets send from now on, in base64. */
async function webSocketFrames(devTools: CDPSession): Promise<readonly string[]> {
  const sent: string[] = [];
  devTools.on('Network.webSocketFrameSent', ({ response }) => sent.push(response.payloadData));
  await devTools.send('Network.enable');
  return sent;
}

function zeroHash(length: number): string {
  return createHash('sha256').update(Buffer.alloc(length)).digest('hex');
}
