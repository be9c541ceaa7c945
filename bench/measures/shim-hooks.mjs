// What the shim's hooks add to a call of what they replace: the same page on localhost and in a session, by turns.
import { appFrame, chromium, firefox } from '../lib/browser.mjs';
import { app, share } from '../lib/programs.mjs';
import { median, round } from '../lib/stats.mjs';

const TARGET_US = 1;

/** What is called, and how often in a run: clocks in pages are coarse. */
const CALLS = {
  'iframe.contentWindow': 100_000,
  'iframe.contentDocument': 100_000,
  'MessageEvent.source': 100_000,
  'window.parent': 100_000,
  'window.name': 100_000,
  'window.opener': 100_000,
  'document.cookie, read': 5_000,
  'document.cookie, written': 1_000,
  'nextHopProtocol of an entry': 20_000,
  'navigator.serviceWorker': 100_000,
  'URL.createObjectURL': 2_000,
  'new XMLHttpRequest': 5_000,
  'XMLHttpRequest.open': 2_000,
  'new Request': 2_000,
  addEventListener: 20_000,
};

/** Runs in the page: microseconds for a call, over so many. */
function timeCalls(name, count) {
  const frame = document.querySelector('iframe') ?? document.createElement('iframe');
  if (!frame.isConnected) document.body.append(frame);
  const message = new MessageEvent('message', { source: window });
  const [entry] = performance.getEntriesByType('navigation');
  const blob = new Blob(['x']);
  const xhr = new XMLHttpRequest();
  const call = {
    'iframe.contentWindow': () => frame.contentWindow,
    'iframe.contentDocument': () => frame.contentDocument,
    'MessageEvent.source': () => message.source,
    'window.parent': () => window.parent,
    'window.name': () => window.name,
    'window.opener': () => window.opener,
    'document.cookie, read': () => document.cookie,
    'document.cookie, written': () => (document.cookie = 'bench=1'),
    'nextHopProtocol of an entry': () => entry.nextHopProtocol,
    'navigator.serviceWorker': () => navigator.serviceWorker,
    'URL.createObjectURL': () => URL.revokeObjectURL(URL.createObjectURL(blob)),
    'new XMLHttpRequest': () => new XMLHttpRequest(),
    'XMLHttpRequest.open': () => xhr.open('GET', '/bytes?n=1'),
    'new Request': () => new Request('/bytes?n=1', { method: 'POST', body: 'short' }),
    addEventListener: () => frame.addEventListener('click', timeCalls),
  }[name];
  let last;
  const start = performance.now();
  for (let index = 0; index < count; index += 1) last = call();
  const end = performance.now();
  // Without a use the calls could be left out.
  window.last = last;
  return ((end - start) * 1000) / count;
}

async function compare(browser, name, tabs, runs) {
  const count = CALLS[name];
  const times = { local: [], shared: [] };
  // The first run is for the compiler.
  for (let run = -1; run < runs; run += 1) {
    for (const side of ['local', 'shared']) {
      const { page, frame } = tabs[side];
      await page.bringToFront();
      const time = await frame.evaluate(timeCalls, name, count);
      if (run >= 0) times[side].push(time);
    }
  }
  const [native, hooked] = [median(times.local), median(times.shared)];
  const more = hooked - native;
  return {
    figure: `${name} costs more than on localhost by, ${browser}`,
    value: `${round(more)} µs`,
    target: `<= ${TARGET_US} µs`,
    met: more <= TARGET_US,
    detail: `${round(hooked)} instead of ${round(native)} µs, medians of ${runs} runs of ${count}`,
  };
}

/** Compares each call in both browsers. */
export async function shimHooks(runs) {
  const local = await app();
  const session = await share(local.value);
  const rows = [];
  try {
    for (const [name, start] of Object.entries({ chromium, firefox })) {
      const browser = await start();
      try {
        const here = await browser.newPage();
        await here.goto(`http://localhost:${local.value}/`);
        const there = await browser.newPage();
        await there.goto(session.value.url);
        const tabs = {
          local: { page: here, frame: here.mainFrame() },
          shared: { page: there, frame: await appFrame(there) },
        };
        for (const call of Object.keys(CALLS)) rows.push(await compare(name, call, tabs, runs));
      } finally {
        await browser.close();
      }
    }
  } finally {
    await session.stop();
    await local.stop();
  }
  return rows;
}
