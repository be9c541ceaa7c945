import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser } from 'puppeteer-core';
import {
  appShows,
  inApp,
  launch,
  statusWhere,
  watchErrors,
  type BrowserName,
} from '../support/browser.js';
import { eventually, Share } from '../support/processes.js';
import { startViteExample, type ViteExample } from '../support/vite-example.js';

let example: ViteExample;
let share: Share;

beforeAll(async () => {
  example = await startViteExample();
  share = await Share.start(example.port);
});

afterAll(async () => {
  await share.stop();
  await example.stop();
});

describe.each<BrowserName>(['chromium', 'firefox'])('in %s, over the direct path', (name) => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch(name);
  });
  afterAll(() => browser.close());

  test('an unmodified Vite + React app renders, its bytes pass by the relay, and hot updates keep its state', async () => {
    const page = await browser.newPage();
    const errors = watchErrors(page);
    await page.goto(share.ready.url);
    await appShows(page, 'Get started');
    const before = await statusWhere(page, 'the direct path', ({ mode }) => mode === 'p2p');
    expect(before).toMatchObject({
      relayConnected: true,
      webrtcConnections: 1,
      link: { state: 'open' },
    });
    expect(before.candidatePair).not.toBeNull();

    const relayed = await share.metric('wingman_relay_bytes_total');
    const size = 400_000;
    const length = await inApp(page, async () => {
      const responses = await Promise.all(
        Array.from({ length: 20 }, (_, n) => fetch(`/src/App.css?direct&fresh=${n}`)),
      );
      const texts = await Promise.all(responses.map((response) => response.text()));
      return texts.join('').length;
    });
    expect(length).toBeGreaterThan(20_000);
    const after = await statusWhere(
      page,
      'bytes over p2p',
      ({ bytes }) => bytes.p2p.in - before.bytes.p2p.in >= length,
    );
    expect(after.bytes.relay.in - before.bytes.relay.in).toBeLessThan(2_000);
    // Heartbeats of a warm relay are all that may pass there.
    expect((await share.metric('wingman_relay_bytes_total')) - relayed).toBeLessThan(size / 100);

    await inApp(page, () => document.querySelector<HTMLButtonElement>('button.counter')?.click());
    await appShows(page, 'Count is 1');
    await inApp(page, () => {
      (window as unknown as { notReloaded: boolean }).notReloaded = true;
    });
    const marker = `Get going in ${name}`;
    example.edit('src/App.tsx', (text) => text.replace(/Get (started|going in \w+)/, marker));
    await appShows(page, marker);
    await appShows(page, 'Count is 1');
    expect(await inApp(page, () => 'notReloaded' in window)).toBe(true);
    example.edit('src/App.tsx', (text) => text.replace(marker, 'Get started'));
    await eventually('the edit is undone', async () =>
      (await inApp(page, () => document.body.innerText)).includes('Get started'),
    );
    expect(errors).toEqual([]);
    await page.close();
  });
});
