// How much later than on localhost a server-sent event is in the page, over many minutes, in both browsers and on both paths.
import { chromium, firefox, until } from '../lib/browser.mjs';
import { app, share } from '../lib/programs.mjs';
import { median, round } from '../lib/stats.mjs';

const TARGET_MS = 50;

/** Runs in the page: notes for each event when it came. Both clocks are this machine's. */
function listen() {
  window.events = [];
  window.opened = 0;
  const source = new EventSource('/events');
  source.onopen = () => (window.opened += 1);
  source.onmessage = ({ data }) => {
    const [number, sentAt] = data.split(' ').map(Number);
    window.events.push([number, performance.timeOrigin + performance.now() - sentAt]);
  };
}

async function open(browser, url, path) {
  const page = await browser.newPage();
  await page.goto(url);
  if (path === undefined) return { page, frame: page.mainFrame() };
  const frame = await until('the app', async () => {
    const inner = page.frames().find((candidate) => candidate.parentFrame() !== null);
    return (await inner?.evaluate(() => document.body.innerText)) === 'bench' ? inner : undefined;
  });
  await page.evaluate((way) => void window.wingman.prefer(way), path);
  await until(path, () =>
    page.evaluate(async (way) => (await window.wingman.status()).mode === way, path),
  );
  return { page, frame };
}

/** Lateness of all events seen, by number, and how often the stream was opened. */
const collected = ({ frame }) =>
  frame.evaluate(() => ({ events: window.events, opened: window.opened }));

function compare(name, path, local, tunnel, minutes) {
  const base = new Map(local.events);
  const extra = tunnel.events
    .filter(([number]) => base.has(number))
    .map(([number, late]) => late - base.get(number));
  extra.sort((a, b) => a - b);
  const at = (share) => round(extra[Math.floor((extra.length - 1) * share)] ?? NaN, 1);
  const numbers = tunnel.events.map(([number]) => number);
  const lost =
    numbers.length === 0 ? 'all' : numbers.at(-1) - numbers[0] + 1 - new Set(numbers).size;
  const within = extra.filter((late) => late <= TARGET_MS).length;
  return {
    figure: `a server-sent event is later than on localhost by, ${name}, ${path}, ${minutes} min`,
    value: `${round(median(extra), 1)} ms`,
    target: `<= ${TARGET_MS} ms for each, none lost, one connection`,
    met: within === extra.length && lost === 0 && tunnel.opened === 1,
    detail: `${extra.length} events, p95 ${at(0.95)} ms, max ${at(1)} ms, ${extra.length - within} above ${TARGET_MS} ms, lost ${lost}, connections ${tunnel.opened}`,
  };
}

/** `runs` is not used: the median is over thousands of events. */
export async function eventLateness(_runs, minutes) {
  const local = await app();
  const session = await share(local.value);
  const rows = [];
  const browsers = { chromium: await chromium(), firefox: await firefox() };
  try {
    const tabs = [];
    for (const [name, browser] of Object.entries(browsers)) {
      const control = await open(browser, `http://127.0.0.1:${local.value}/`);
      for (const path of ['p2p', 'relay'])
        tabs.push({ name, path, control, tab: await open(browser, session.value.url, path) });
    }
    for (const { control, tab } of tabs) {
      await tab.frame.evaluate(listen);
      if (!control.isListening) await control.frame.evaluate(listen);
      control.isListening = true;
    }
    for (let minute = 1; minute <= minutes; minute++) {
      await new Promise((resolve) => setTimeout(resolve, 60_000));
      console.error(`  ${minute} of ${minutes} min`);
    }
    for (const { name, path, control, tab } of tabs) {
      rows.push(compare(name, path, await collected(control), await collected(tab), minutes));
    }
  } finally {
    await Promise.all(Object.values(browsers).map((browser) => browser.close()));
    await session.stop();
    await local.stop();
  }
  return rows;
}
