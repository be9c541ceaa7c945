import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { freePort } from '../support/free-port.js';
import { get } from '../support/http.js';
import { startFixtureApp, type FixtureApp } from '../support/fixture-app.js';
import { eventually, Share, startServer } from '../support/processes.js';

/** The host's clock goes so fast that it soon has no patience with a server that is gone. Timers keep their time. */
const FAST_TIME = {
  NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(`
    const now = performance.now.bind(performance);
    performance.now = () => now() * 20;
  `)}`,
};

let app: FixtureApp;
const stops: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  app = await startFixtureApp();
  stops.push(() => app.close());
});

afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function shareAt(servers: readonly string[], env = {}): Promise<Share> {
  const share = await Share.start(app.port, ['--server', servers.join(), '--no-p2p'], env);
  stops.push(() => share.stop());
  return share;
}

async function server(): Promise<Awaited<ReturnType<typeof startServer>>> {
  const started = await startServer();
  stops.push(() => started.program.stop());
  return started;
}

test('a session goes to the next server when the first is not there', async () => {
  const { url } = await server();
  const share = await shareAt([`http://localhost:${await freePort()}`, url]);
  expect(share.ready.server).toBe(url);
  expect((await get(share.origin, '/headers', share.bearer)).status).toBe(200);
});

test('a session whose server is gone moves to another, and its new URL is told and works', async () => {
  const [first, second] = [await server(), await server()];
  const share = await shareAt([first.url, second.url], FAST_TIME);
  expect(share.ready.server).toBe(first.url);
  first.program.signal('SIGKILL');
  const moved = await eventually('the move', () =>
    share.events().find(({ event }) => event === 'moved'),
  );
  expect(moved.server).toBe(second.url);
  const [before, after] = [new URL(share.ready.url), new URL(moved.url ?? '')];
  expect(after.port).toBe(String(second.port));
  expect([after.hostname, after.hash]).toEqual([before.hostname, before.hash]);
  expect((await get(after.origin, '/headers', share.bearer)).status).toBe(200);
});
