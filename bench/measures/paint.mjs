// From opening the URL to the app's first contentful paint: with nothing cached, and on a second visit of the same browser.
import { until } from '../lib/browser.mjs';
import { Comparison } from '../lib/comparison.mjs';
import { firstPaint } from '../lib/in-page.mjs';

/** Milliseconds from the start of the tab's navigation to the paint of the app, which the shell may have in a frame. */
async function paintOf({ browser, peer }) {
  const page = await browser.newPage();
  await page.goto(peer.url);
  const painted = await until('the first paint', async () => {
    const frame = peer.path === undefined ? page.mainFrame() : page.frames()[1];
    return frame.evaluate(firstPaint);
  });
  const opened = await page.evaluate(() => performance.timeOrigin);
  await page.close();
  return painted - opened;
}

export const paint = new Comparison({
  settings: 'loopback',
  peers: ['localhost', 'tcp', 'ssh', 'caddy', 'localtunnel', 'wingman'],
  figures: {
    cold: { unit: 'ms', digits: 0, against: 'localhost' },
    second: { unit: 'ms', digits: 0, against: 'localhost' },
  },
  targets: [
    { figure: 'cold', peers: ['wingman'], atMost: 400, holdsIn: ({ links }) => !links },
    { figure: 'second', peers: ['wingman'], atMost: 200, holdsIn: ({ links }) => !links },
  ],
  async sample(visit) {
    const cold = await visit.watch('cold', () => paintOf(visit));
    const second = await visit.watch('second', () => paintOf(visit));
    return { cold, second };
  },
});
