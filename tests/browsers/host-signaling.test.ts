import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { appShows, inApp, launch, release, statusWhere } from '../support/browser.js';
import { startCuttableProxy, type CuttableProxy } from '../support/cuttable-proxy.js';
import { startFixtureApp, type FixtureApp } from '../support/fixture-app.js';
import { eventually, Share, startServer, type Program } from '../support/processes.js';

const SIGNALING = '/__wingman/host';
/** Relays, in use or kept ready. */
const DIALED = '/__wingman/dial';
/** Well below the time after which the host asks by itself whether the server lives (HOST_LIMITS.serverPingMs). */
const SOON_MS = 10_000;

let app: FixtureApp;
let proxy: CuttableProxy;
let server: { program: Program; port: number };
let share: Share;

beforeAll(async () => {
  app = await startFixtureApp();
  server = await startServer();
  // Only the host's way to the server is the network that changes.
  proxy = await startCuttableProxy(() => server.port);
  share = await Share.start(app.port, ['--server', `http://127.0.0.1:${proxy.port}`]);
});

afterAll(async () => {
  await share.stop();
  await server.program.stop();
  await proxy.close();
  await app.close();
});

test('a host whose signaling connection has died without a word finds out when a relay breaks', async () => {
  const browser = await launch('chromium');
  const page = await browser.newPage();
  await page.goto(share.ready.url);
  await appShows(page, 'plain app page');
  await statusWhere(page, 'both paths', (now) => now.mode === 'p2p' && now.relayConnected);
  const signalings = (): number => proxy.paths.filter((path) => path === SIGNALING).length;
  expect(signalings()).toBe(1);

  // Both halves of one connection.
  expect(proxy.silence(SIGNALING)).toBe(2);
  expect(proxy.reset(DIALED)).toBeGreaterThanOrEqual(2);
  await eventually('the host connects again', () => signalings() === 2, SOON_MS);
  await statusWhere(page, 'a relay again', (now) => now.mode === 'p2p' && now.relayConnected);
  const echo = inApp(page, async () =>
    (await fetch('/echo', { method: 'POST', body: 'still here' })).text(),
  );
  expect(await echo).toBe('still here');
  await release(browser);
});
