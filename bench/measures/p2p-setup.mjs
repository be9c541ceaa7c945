// From opening the session URL to the app on the direct path, on loopback, in a fresh Chromium each time.
import { chromium, until } from '../lib/browser.mjs';
import { app, share } from '../lib/programs.mjs';
import { median, round, spread } from '../lib/stats.mjs';

async function openOnce(url) {
  const browser = await chromium();
  try {
    const page = await browser.newPage();
    await page.goto(url, { waitUntil: 'commit' }).catch(() => page.goto(url));
    return await until('the direct path', async () => {
      const [mode, now] = await page.evaluate(async () => [
        (await window.wingman.status()).mode,
        performance.now(),
      ]);
      return mode === 'p2p' ? now : undefined;
    });
  } finally {
    await browser.close();
  }
}

export async function p2pSetup(runs) {
  const local = await app();
  const session = await share(local.value);
  const times = [];
  for (let run = 0; run < runs; run += 1) times.push(await openOnce(session.value.url));
  await session.stop();
  await local.stop();
  return [
    {
      figure: 'direct path up after opening the URL, loopback',
      value: `${round(median(times), 0)} ms`,
      target: '<= 1000 ms',
      met: median(times) <= 1000,
      detail: `${spread(times, 0)} ms`,
    },
  ];
}
