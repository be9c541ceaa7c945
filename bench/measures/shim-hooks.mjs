// What the shim's hooks add to a call of what they replace: in one page of a session, by turns with the browser's own.
import { appFrame, chromium, firefox } from '../lib/browser.mjs';
import { app, share } from '../lib/programs.mjs';
import { round } from '../lib/stats.mjs';

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
  'document.cookie, written, beside a write that is read back,': 1_000,
  'nextHopProtocol of an entry': 20_000,
  'navigator.serviceWorker': 100_000,
  'URL.createObjectURL': 2_000,
  'new XMLHttpRequest': 5_000,
  'XMLHttpRequest.open': 2_000,
  'new Request': 2_000,
  addEventListener: 20_000,
};

/**
 * Runs in the app's page: microseconds for a call, over so many, as the page has it and by the browser's own function,
 * which the page around the app still has. One pair for each run.
 */
function timeCalls(name, count, runs) {
  const frame = document.querySelector('iframe') ?? document.createElement('iframe');
  if (!frame.isConnected) document.body.append(frame);
  const message = new MessageEvent('message', { source: window });
  const [entry] = performance.getEntriesByType('navigation');
  const blob = new Blob(['x']);
  const [xhr, ownXhr] = [new XMLHttpRequest(), new top.XMLHttpRequest()];
  const post = { method: 'POST', body: 'short' };
  const url = `${location.origin}/bytes?n=1`;
  const field = (holder, key) => Object.getOwnPropertyDescriptor(holder, key);
  const read = (holder, key, self) => {
    const { get } = field(holder, key);
    return () => get.call(self);
  };
  const cookie = field(top.Document.prototype, 'cookie');
  const write = () => cookie.set.call(document, 'bench=1');
  const frames = top.HTMLIFrameElement.prototype;
  const { addEventListener } = top.EventTarget.prototype;
  const [hooked, native] = {
    'iframe.contentWindow': [() => frame.contentWindow, read(frames, 'contentWindow', frame)],
    'iframe.contentDocument': [() => frame.contentDocument, read(frames, 'contentDocument', frame)],
    'MessageEvent.source': [
      () => message.source,
      read(top.MessageEvent.prototype, 'source', message),
    ],
    'window.parent': [() => window.parent, read(top, 'parent', window)],
    'window.name': [() => window.name, read(top, 'name', window)],
    'window.opener': [() => window.opener, read(top, 'opener', window)],
    'document.cookie, read': [() => document.cookie, () => cookie.get.call(document)],
    'document.cookie, written': [() => (document.cookie = 'bench=1'), write],
    'document.cookie, written, beside a write that is read back,': [
      () => (document.cookie = 'bench=1'),
      () => [write(), cookie.get.call(document)],
    ],
    'nextHopProtocol of an entry': [
      () => entry.nextHopProtocol,
      read(top.PerformanceResourceTiming.prototype, 'nextHopProtocol', entry),
    ],
    'navigator.serviceWorker': [
      () => navigator.serviceWorker,
      read(top.Navigator.prototype, 'serviceWorker', navigator),
    ],
    'URL.createObjectURL': [
      () => URL.revokeObjectURL(URL.createObjectURL(blob)),
      () => top.URL.revokeObjectURL(top.URL.createObjectURL(blob)),
    ],
    'new XMLHttpRequest': [() => new XMLHttpRequest(), () => new top.XMLHttpRequest()],
    'XMLHttpRequest.open': [() => xhr.open('GET', url), () => ownXhr.open('GET', url)],
    'new Request': [() => new Request(url, post), () => new top.Request(url, post)],
    addEventListener: [
      () => frame.addEventListener('click', timeCalls),
      () => addEventListener.call(frame, 'click', timeCalls),
    ],
  }[name];
  const time = (call) => {
    let last;
    const start = performance.now();
    for (let index = 0; index < count; index += 1) last = call();
    const end = performance.now();
    // Without a use the calls could be left out.
    window.last = last;
    return ((end - start) * 1000) / count;
  };
  // The first run is for the compiler.
  const pairs = Array.from({ length: runs + 1 }, (_, run) => {
    if (run % 2 === 0) return { hooked: time(hooked), native: time(native) };
    const [own, ours] = [time(native), time(hooked)];
    return { hooked: ours, native: own };
  });
  return pairs.slice(1);
}

async function compare(browser, name, frame, runs) {
  const count = CALLS[name];
  const pairs = await frame.evaluate(timeCalls, name, count, runs);
  // Whatever else the machine does only adds.
  const least = (key) => Math.min(...pairs.map((pair) => pair[key]));
  const [hooked, native] = [least('hooked'), least('native')];
  const more = hooked - native;
  return {
    figure: `${name} costs more than the browser's own in the same page by, ${browser}`,
    value: `${round(more)} µs`,
    target: `<= ${TARGET_US} µs`,
    met: more <= TARGET_US,
    detail: `${round(hooked)} instead of ${round(native)} µs, the least of ${runs} runs of ${count}`,
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
        const page = await browser.newPage();
        await page.goto(session.value.url);
        const frame = await appFrame(page);
        for (const call of Object.keys(CALLS)) rows.push(await compare(name, call, frame, runs));
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
