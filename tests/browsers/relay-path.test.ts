import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser } from 'puppeteer-core';
import {
  appShows,
  inApp,
  launch,
  release,
  status,
  statusWhere,
  watchErrors,
  type BrowserName,
} from '../support/browser.js';
import { get } from '../support/http.js';
import { Share, startServer, type Program } from '../support/processes.js';
import { startRecordingProxy, type RecordingProxy } from '../support/recording-proxy.js';
import { startViteExample, type ViteExample } from '../support/vite-example.js';

let example: ViteExample;
let server: { program: Program; url: string };
let proxy: RecordingProxy;
let share: Share;

beforeAll(async () => {
  example = await startViteExample();
  server = await startServer();
  proxy = await startRecordingProxy(server.url);
  share = await Share.start(example.port, ['--server', proxy.url], { P2P_ENABLED: 'false' });
});

afterAll(async () => {
  await share.stop();
  await proxy.close();
  await server.program.stop();
  await example.stop();
});

const SECRETS = [
  'Get started',
  'Edit src/App.tsx',
  'text/javascript',
  '/src/main.tsx',
  'vite/client',
];

describe.each<BrowserName>(['chromium', 'firefox'])('in %s, with p2p switched off', (name) => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch(name);
  });
  afterAll(() => release(browser));

  test('the app works alike over the relay, which can read none of it', async () => {
    const page = await browser.newPage();
    const errors = watchErrors(page);
    await page.goto(share.ready.url);
    await appShows(page, 'Get started');
    const now = await statusWhere(
      page,
      'the relay',
      ({ mode, relayConnected, rttMs }) => mode === 'relay' && relayConnected && rttMs !== null,
    );
    expect(now).toMatchObject({
      directConnected: false,
      candidatePair: null,
      bytes: { p2p: { in: 0, out: 0 } },
    });
    expect(now.bytes.relay.in).toBeGreaterThan(500_000);

    await inApp(page, () => document.querySelector<HTMLButtonElement>('button.counter')?.click());
    const marker = `Get relayed in ${name}`;
    example.edit('src/App.tsx', (text) => text.replace(/Get (started|relayed in \w+)/, marker));
    await appShows(page, marker);
    await appShows(page, 'Count is 1');
    example.edit('src/App.tsx', (text) => text.replace(marker, 'Get started'));
    await appShows(page, 'Get started');
    expect((await status(page)).bytes.p2p).toEqual({ in: 0, out: 0 });

    const relayed = proxy.recorded('relay');
    expect(relayed.byteLength).toBeGreaterThan(500_000);
    expect(SECRETS.filter((secret) => relayed.includes(secret))).toEqual([]);
    expect(errors).toEqual([]);
    await page.close();
  });

  test('code is compressed on a path with distance, and is the same', async () => {
    proxy.delay(10);
    const page = await browser.newPage();
    await page.goto(share.ready.url);
    await appShows(page, 'Get started');
    const { bytes } = await status(page);
    // Plainly the page has 3.7 million.
    expect(bytes.relay.in).toBeLessThan(1_500_000);
    const script = await inApp(page, async () => (await fetch('/@vite/client')).text());
    expect(script).toBe(
      await (await fetch(`http://localhost:${example.port}/@vite/client`)).text(),
    );
    await page.close();
    proxy.delay(0);
  });
});

test('the recorder would have seen it: the ingress, which is not sealed, shows plain text', async () => {
  const origin = server.url.replace('//', `//${share.ready.session}.`);
  expect((await get(origin, '/src/App.tsx', share.bearer)).body).toContain('Get started');
  expect(proxy.recorded('ingress').includes('Get started')).toBe(true);
});
