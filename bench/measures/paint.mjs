// From opening the URL to the app's first contentful paint: with nothing cached, and on a second visit of the same browser.
// Of Wingman the steps on that way are shown, too.
import { until } from '../lib/browser.mjs';
import { Comparison } from '../lib/comparison.mjs';
import { firstPaint, openingTimes } from '../lib/in-page.mjs';

/**
 * In their order: the shell has come, its service worker is ready, the app's frame asks, the host has been heard, the
 * app has answered, its document has begun. The shell notes the second, the fourth and the last as marks.
 */
const STEPS = ['shell', 'browser', 'asked', 'host', 'answered', 'app'];

/** Milliseconds from the start of the tab's navigation to the paint of the app, which the shell may have in a frame, and to each step. */
async function paintOf({ browser, peer }, visit) {
  const page = await browser.newPage();
  await page.goto(peer.url);
  const isTunnelled = peer.path !== undefined;
  const frame = () => (isTunnelled ? page.frames()[1] : page.mainFrame());
  const painted = await until('the first paint', () => frame().evaluate(firstPaint));
  const opened = await page.evaluate(() => performance.timeOrigin);
  const times = isTunnelled
    ? { ...(await frame().evaluate(openingTimes)), ...(await page.evaluate(openingTimes)) }
    : {};
  await page.close();
  const steps = Object.keys(times).map((step) => [`${visit}: ${step}`, times[step] - opened]);
  return { [visit]: painted - opened, ...Object.fromEntries(steps) };
}

const stepsOf = (visit) => STEPS.map((step) => [`${visit}: ${step}`, { unit: 'ms', digits: 0 }]);

export const paint = new Comparison({
  settings: 'loopback',
  peers: ['localhost', 'tcp', 'ssh', 'caddy', 'localtunnel', 'wingman'],
  figures: {
    cold: { unit: 'ms', digits: 0, against: 'localhost' },
    second: { unit: 'ms', digits: 0, against: 'localhost' },
    ...Object.fromEntries(['cold', 'second'].flatMap(stepsOf)),
  },
  targets: [
    { figure: 'cold', peers: ['wingman'], atMost: 400, holdsIn: ({ links }) => !links },
    { figure: 'second', peers: ['wingman'], atMost: 200, holdsIn: ({ links }) => !links },
  ],
  async sample(visit) {
    const cold = await visit.watch('cold', () => paintOf(visit, 'cold'));
    const second = await visit.watch('second', () => paintOf(visit, 'second'));
    return { ...cold, ...second };
  },
});
