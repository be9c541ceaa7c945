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
import { eventually, Share } from '../support/processes.js';
import { startViteExample, type ViteExample } from '../support/vite-example.js';

let example: ViteExample;
let share: Share;

beforeAll(async () => {
  example = await startViteExample();
  // Compressed on a path that seems slow, files would be fewer bytes than the app has sent.
  share = await Share.start(example.port, ['--no-compression']);
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
  afterAll(() => release(browser));

  test('an unmodified Vite + React app renders, its bytes pass by the relay, and hot updates keep its state', async () => {
    const page = await browser.newPage();
    const errors = watchErrors(page);
    await page.goto(share.ready.url);
    await appShows(page, 'Get started');
    // The relay's WebSocket may come after the direct path: until then the first flight stands in for it.
    const before = await statusWhere(
      page,
      'the direct path, beside the relay',
      ({ mode, relayConnected, candidatePair }) =>
        mode === 'p2p' && relayConnected && candidatePair !== null,
    );
    expect(before).toMatchObject({
      relayConnected: true,
      directConnected: true,
      webrtcConnections: 1,
      link: { state: 'open' },
    });
    expect(before.candidatePair).not.toBeNull();

    // A machine this busy may suspect the path for a moment: one round has to hold as a whole.
    let round = 0;
    await eventually('a round of traffic over the direct path alone', async () => {
      const [relayed, start] = [
        await share.metric('wingman_relay_bytes_total'),
        await status(page),
      ];
      round += 1;
      const length = await inApp(page, fetchStyles, round);
      expect(length).toBeGreaterThan(20_000);
      const end = await status(page);
      const direct = end.bytes.p2p.in - start.bytes.p2p.in;
      const byRelay = end.bytes.relay.in - start.bytes.relay.in;
      // Heartbeats of a warm relay are all that may pass there.
      const spliced = (await share.metric('wingman_relay_bytes_total')) - relayed;
      return direct >= length && byRelay < 2_000 && spliced < 4_000;
    });

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

/** Twenty files that no earlier round has asked for: the answer store would have those. Resolves with their length. */
async function fetchStyles(round: number): Promise<number> {
  const responses = await Promise.all(
    Array.from({ length: 20 }, (_, n) => fetch(`/src/App.css?direct&round=${round}&fresh=${n}`)),
  );
  const texts = await Promise.all(responses.map((response) => response.text()));
  return texts.join('').length;
}
