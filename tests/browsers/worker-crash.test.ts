import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { TargetType, type Browser, type Page } from 'puppeteer-core';
import { appShows, inApp, launch, statusWhere, watchErrors } from '../support/browser.js';
import { startFixtureApp, type FixtureApp } from '../support/fixture-app.js';
import { eventually, Share } from '../support/processes.js';
import { within } from '../support/program.js';

const STANDSTILL_MS = 30_000;

let app: FixtureApp;
let share: Share;

beforeAll(async () => {
  app = await startFixtureApp();
  share = await Share.start(app.port);
});

afterAll(async () => {
  await share.stop();
  await app.close();
});

/** Ways to end a worker, by what it is sent; its code is given an ear for them. */
const ENDS = {
  throw: "throw new Error('injected')",
  // It waits for what nobody will tell it: as deaf as an endless loop, which would take a core from the other tests.
  hang: 'Atomics.wait(new Int32Array(new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer), 0, 0);',
} as const;
type End = keyof typeof ENDS;

/** Has the page's dedicated worker listen for its end, and keeps hold of it. */
function armWorkers(ends: Record<End, string>): void {
  const cases = Object.entries(ends).map(([end, code]) => `if (data === '${end}') { ${code} }`);
  const ear = `addEventListener('message', ({ data }) => { ${cases.join('\n')} });`;
  const workers: Worker[] = [];
  const { Blob: OwnBlob, Worker: OwnWorker } = window;
  window.Blob = class extends OwnBlob {
    constructor(parts: BlobPart[] = [], options?: BlobPropertyBag) {
      super(options?.type === 'text/javascript' ? [...parts, ear] : parts, options);
    }
  };
  window.Worker = class extends OwnWorker {
    constructor(url: string | URL, options?: WorkerOptions) {
      super(url, options);
      if (options?.name === 'wingman-tunnel') workers.push(this);
    }
  };
  Object.assign(window, { tunnelWorkers: workers });
}

/** Sends the tab's tunnel worker its end; the number of tunnel workers so far. */
function endWorker(page: Page, end: End): Promise<number> {
  return page.evaluate((how) => {
    const { tunnelWorkers } = window as unknown as { tunnelWorkers: Worker[] };
    tunnelWorkers.at(-1)?.postMessage(how);
    return tunnelWorkers.length;
  }, end);
}

interface UnderWay {
  held?: string;
  stream?: string;
  socket?: number;
}

/** Starts a request, a response and a socket that go on until somebody ends them; their ends are kept. */
async function startAll(page: Page): Promise<void> {
  await inApp(page, async () => {
    const ends: UnderWay = {};
    Object.assign(window, { ends });
    void fetch('/held', { method: 'POST', body: 'x' }).then(
      ({ status, headers }) => (ends.held = `${status} ${headers.get('wingman-error')}`),
      () => (ends.held = 'failed'),
    );
    const response = await fetch('/endless');
    void response.text().then(
      () => (ends.stream = 'complete'),
      () => (ends.stream = 'broken off'),
    );
    const socket = new WebSocket(`ws://${location.host}/ws`);
    await new Promise((resolve) => (socket.onopen = resolve));
    socket.onclose = ({ code }) => (ends.socket = code);
  });
  await eventually('the request is at the app', () =>
    Promise.resolve(app.requests.includes('POST /held')),
  );
}

function allEnds(page: Page): Promise<UnderWay | undefined> {
  return inApp(page, () => {
    const { ends } = window as unknown as { ends: UnderWay };
    return Object.keys(ends).length === 3 ? ends : undefined;
  });
}

describe.each(['chromium', 'firefox'] as const)('the tunnel worker in %s', (name) => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await launch(name, [], { own: true });
  });

  afterAll(() => browser.close());

  test.each([
    ['throws', 'throw', 30_000],
    ['hangs', 'hang', 60_000],
  ] as const)(
    'that %s is replaced: what was under way ends, and what follows goes through',
    async (_what, end, deadlineMs) => {
      const page = await browser.newPage();
      await page.evaluateOnNewDocument(armWorkers, ENDS);
      const errors = watchErrors(page);
      await page.goto(share.ready.url);
      await appShows(page, 'plain app page');
      const before = await statusWhere(page, 'the relay', ({ mode }) => mode !== 'offline');
      app.requests.length = 0;
      await startAll(page);
      const ingress = await share.metric('wingman_ingress_requests_total');
      expect(await endWorker(page, end)).toBe(1);
      const ends = await eventually('all that was under way ends', () => allEnds(page), deadlineMs);
      expect(ends).toEqual({ held: '502 LINK_LOST', stream: 'broken off', socket: 1006 });
      const echo = await inApp(page, async () => {
        const response = await fetch('/echo', { method: 'POST', body: 'again' });
        const socket = new WebSocket(`ws://${location.host}/ws`);
        await new Promise((resolve) => (socket.onopen = resolve));
        const answer = new Promise((resolve) => (socket.onmessage = ({ data }) => resolve(data)));
        socket.send('by the new one');
        return [await response.text(), await answer];
      });
      expect(echo).toEqual(['again', 'by the new one']);
      const after = await statusWhere(page, 'a new link', ({ mode }) => mode !== 'offline');
      expect(after.link.id).not.toBe(before.link.id);
      expect(await share.metric('wingman_ingress_requests_total')).toBe(ingress);
      expect(app.requests.filter((line) => line === 'POST /held')).toHaveLength(1);
      expect(errors.filter((text) => text.includes('The tunnel worker has ended'))).toHaveLength(1);
      await page.close();
    },
    120_000,
  );
});

test('a service worker that hangs is taken out of service, and the tab loaded anew without it', async () => {
  const browser = await launch('chromium', [], { own: true });
  const page = await browser.newPage();
  const errors = watchErrors(page);
  await page.goto(share.ready.url);
  await appShows(page, 'plain app page');
  await inApp(page, () => void Object.assign(window, { isOld: true }));
  const target = await browser.waitForTarget((one) => one.type() === TargetType.SERVICE_WORKER);
  const debug = await target.createCDPSession();
  await debug.send('Debugger.enable');
  const paused = new Promise((resolve) => debug.once('Debugger.paused', resolve));
  // It stands where it is: as deaf as in an endless loop, which would take a core from the other tests. `Debugger.pause`
  // waits for the next statement, and misses it now and then.
  void debug.send('Runtime.evaluate', { expression: 'debugger' }).catch(() => undefined);
  await within(STANDSTILL_MS, 'a standstill of the service worker', paused);
  const isNew = (): Promise<boolean> =>
    inApp(page, () => !('isOld' in window) && document.body.innerText !== '');
  await eventually('the app’s page is another', () => isNew().catch(() => false), 90_000);
  expect(await inApp(page, async () => (await fetch('/headers')).status)).toBe(200);
  expect(errors.filter((text) => text.includes('service worker does not answer'))).toHaveLength(1);
  await browser.close();
}, 150_000);
