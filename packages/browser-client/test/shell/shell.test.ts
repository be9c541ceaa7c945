import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import {
  CloseCode,
  EndReason,
  HostPresence,
  ServerToViewer,
  create,
  createLinkKey,
  encodeLinkKey,
  encodeMessage,
} from '@wingman/protocol';
import { parseBoot } from '../../src/shared/boot.js';
import { BROWSER_LIMITS } from '../../src/shared/limits.js';
import { SHELL_API, TUNNEL_LOST_CHANNEL, type ShellApi } from '../../src/shared/shell-api.js';
import { NO_LINK } from '../../src/shared/status.js';
import type { WorkerToShell } from '../../src/shared/worker-messages.js';
import type { EarlyStart } from '../../src/shell/early-start.js';
import { findKey } from '../../src/shell/link-key.js';
import { Shell } from '../../src/shell/shell.js';
import { closeTabs, find, openTab, setGlobal, watchConsole, type Tab } from '../support/dom.js';
import { settle } from '../support/fake-clock.js';
import { FakeKeyDatabase } from '../support/fake-key-database.js';
import { FakeSocket } from '../support/fake-socket.js';
import { FakeWorker } from '../support/fake-worker.js';
import { FakeContainer, FakeServiceWorker } from '../support/service-workers.js';

const KEY = createLinkKey();
const LINK = `https://s.example/page?q#k=${encodeLinkKey(KEY)}`;
const PAGE = '<iframe id="wingman-app"></iframe><div id="wingman-cover"></div>';
const APP = 'https://s.example/page?q';

let tab: Tab;
let database: FakeKeyDatabase;
let container: FakeContainer;
let workers: FakeWorker[];
let sockets: FakeSocket[];
let frameUrl: string;
let reloads: number;
let errors: unknown[];

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'queueMicrotask', 'nextTick', 'hrtime'] });
  errors = watchConsole();
  workers = [];
  sockets = [];
  setGlobal('WebSocket', function (url: string) {
    const socket = new FakeSocket(url);
    sockets.push(socket);
    return socket;
  });
  setGlobal('fetch', () => Promise.reject(new TypeError('no icon')));
  arrive(LINK);
});

afterEach(async () => {
  // A socket that came later would be the next test's.
  if (workers.length > 0) await until('signaling has begun', () => sockets.length > 0);
  await jest.advanceTimersByTimeAsync(500);
  jest.useRealTimers();
  jest.restoreAllMocks();
  FakeServiceWorker.closePorts();
  await closeTabs();
});

/** A tab at a URL, in a browser whose service worker is active already. */
function arrive(url: string): void {
  tab = openTab(url, PAGE);
  database = new FakeKeyDatabase();
  Object.assign(tab, { indexedDB: database.asFactory });
  reloads = 0;
  tab.location.reload = () => void (reloads += 1);
  container = new FakeContainer();
  container.controller = container.active = new FakeServiceWorker();
  container.install(tab);
  frameUrl = '';
  const frame = find<HTMLIFrameElement>(tab.document, 'iframe');
  Object.defineProperty(frame, 'src', {
    get: () => frameUrl,
    set: (to: string) => (frameUrl = to),
  });
}

function startWorker(): Worker {
  const worker = new FakeWorker();
  workers.push(worker);
  return worker.asWorker;
}

/** Waits, by a clock that is not the test's, for keys to be derived and ports to be heard. */
async function until(what: string, holds: () => boolean): Promise<void> {
  const end = process.hrtime.bigint() + 5_000_000_000n;
  while (!holds()) {
    if (process.hrtime.bigint() > end) throw new Error(`it never came to this: ${what}`);
    await settle();
  }
}

/** What the page's first script has begun; without a tunnel unless this browser has started its worker. */
function begun(hasWorker: boolean): EarlyStart {
  const tunnel = { worker: hasWorker ? startWorker() : undefined, messages: [] };
  const { worker } = tunnel;
  return {
    ...findKey(tab),
    tunnel: Promise.resolve(worker && { ...tunnel, worker, startAnother: startWorker }),
  };
}

async function launch(boot = '{}'): Promise<Shell> {
  const shell = new Shell(parseBoot(boot), begun(true), '');
  void shell.start();
  await until('the frame loads the app', () => frameUrl !== '');
  return shell;
}

/** A shell whose link is up and whose app is shown. */
async function running(): Promise<Shell> {
  const shell = await launch();
  await until('signaling is there', () => sockets.length === 1);
  sockets[0]?.opens();
  says({ kind: 'link', id: 'a'.repeat(32) }, { kind: 'connected' });
  says({ kind: 'status', status: { ...NO_LINK, mode: 'relay', rttMs: 10 } });
  api().report({
    ...{ url: APP, title: 'The app', icon: undefined, themeColor: null, viewport: undefined },
  });
  return shell;
}

const worker = (): FakeWorker => workers.at(-1) ?? new FakeWorker();
const says = (...messages: WorkerToShell[]): void =>
  messages.forEach((message) => worker().says(message));
const api = (): ShellApi => (tab as unknown as Record<symbol, ShellApi>)[SHELL_API] as ShellApi;
const cover = (): HTMLElement => find(tab.document, '#wingman-cover');
/** The code of the problem that covers the app, if one does. */
const problem = (): string | undefined =>
  cover().hasAttribute('hidden')
    ? undefined
    : (cover().querySelector('.code')?.textContent ?? undefined);
const pill = (): string | undefined =>
  tab.document.querySelector('wingman-pill')?.shadowRoot?.querySelector('.text')?.textContent ??
  undefined;
const steps = (): string[] => [...cover().querySelectorAll('li')].map(({ className }) => className);

/** The server tells of the host. */
function presence(fields: Parameters<typeof HostPresence.fromPartial>[0]): void {
  const message = { $case: 'hostPresence' as const, value: create(HostPresence, fields) };
  sockets.at(-1)?.gives(encodeMessage(ServerToViewer, create(ServerToViewer, { message })));
}

describe('the start', () => {
  test('gives the service worker a way to the tunnel before the frame loads the app', async () => {
    const shell = await launch();
    expect(container.controller?.heard[0]).toMatchObject({
      ...{ kind: 'shell', tab: shell.tab, expects: APP },
    });
    await until('the worker has its port', () => worker().kinds().includes('service-worker'));
    expect(worker().posted[0]).toEqual({ kind: 'tab', tab: shell.tab });
    expect(frameUrl).toBe(APP);
  });

  test('takes the key out of the address bar and keeps it; the app’s fragment stays', async () => {
    arrive(`${LINK}#part`);
    await launch();
    expect(tab.location.href).toBe(`${APP}#part`);
    expect([...database.records.values()]).toEqual([expect.any(CryptoKey)]);
    expect(Object.keys(tab.localStorage)).toEqual([]);
    expect(frameUrl).toBe(`${APP}#part`);
  });

  test('shows progress when it takes long enough to be noticed', async () => {
    await launch();
    expect(steps()).toEqual([]);
    await jest.advanceTimersByTimeAsync(BROWSER_LIMITS.progressDelayMs);
    expect(steps()).toEqual(['done', 'now', '']);
    says({ kind: 'connected' });
    expect(steps()).toEqual(['done', 'done', 'now']);
  });

  test('ends when a document of the app reports: it is mirrored, and the pill shows the path', async () => {
    await running();
    expect(cover().hasAttribute('hidden')).toBe(true);
    expect(tab.document.title).toBe('The app');
    expect(pill()).toBe('Relayed10 ms');
  });

  test('says that it takes too long when the host was not heard in time', async () => {
    await launch();
    await jest.advanceTimersByTimeAsync(BROWSER_LIMITS.connectMs);
    expect(problem()).toBe('TIMEOUT');
    says({ kind: 'connected' });
    expect(problem()).toBeUndefined();
  });

  test('waits for an app that takes its time, when the host was heard', async () => {
    await launch();
    says({ kind: 'connected' });
    await jest.advanceTimersByTimeAsync(BROWSER_LIMITS.connectMs);
    expect(problem()).toBeUndefined();
  });

  test('connects to signaling with a pass and the tab’s name', async () => {
    const shell = await launch();
    await until('signaling is there', () => sockets.length === 1);
    const url = new URL(sockets[0]?.url ?? '');
    expect(url.origin + url.pathname).toBe('wss://s.example/__wingman/signal');
    expect(url.searchParams.get('tab')).toBe(shell.tab);
    expect(url.searchParams.get('pass')).toBeTruthy();
  });
});

describe('without a tunnel', () => {
  const start = async (boot: string, early: boolean): Promise<void> => {
    await new Shell(parseBoot(boot), begun(early), '').start();
  };
  const ALLOWED = '{"ingressAllowed":true}';

  test('the page says that the key is missing', async () => {
    arrive(APP);
    await start('{}', false);
    expect(problem()).toBe('KEY_MISSING');
    expect(frameUrl).toBe('');
    expect(api().tunnels).toBe(false);
  });

  test('the app comes through the server where the developer allows it, and the pill says so', async () => {
    arrive(APP);
    await start(ALLOWED, false);
    expect(frameUrl).toBe(APP);
    expect(container.controller?.heard).toMatchObject([{ kind: 'shell', port: null }]);
    api().report({
      ...{ url: APP, title: '', icon: undefined, themeColor: null, viewport: undefined },
    });
    expect(pill()).toBe('Through the server, readable by it');
  });

  test('a browser that runs no service workers is told so', async () => {
    setGlobal('navigator', { languages: [], userAgent: '' });
    await start('{}', false);
    expect(problem()).toBe('UNSUPPORTED');
  });

  test('a browser whose first script has failed is told so', async () => {
    await new Shell(parseBoot('{}'), undefined, '').start();
    expect(problem()).toBe('UNSUPPORTED');
  });

  test('a registration that is refused ends the worker that was started for it', async () => {
    container.controller = null;
    container.active = undefined;
    await start('{}', true);
    expect(worker().isTerminated).toBe(true);
    expect(problem()).toBe('UNSUPPORTED');
    expect(api().tunnels).toBe(false);
  });
});

describe('trouble', () => {
  test('on the way is shown until it is over, while there is no app to see', async () => {
    await launch();
    says({ kind: 'trouble', code: 'HANDSHAKE_FAILED' });
    expect(problem()).toBe('HANDSHAKE_FAILED');
    says({ kind: 'trouble', code: null });
    expect(problem()).toBeUndefined();
  });

  test('with the server is over when signaling is open again', async () => {
    await launch();
    await until('signaling is there', () => sockets.length === 1);
    for (let failure = 0; failure < BROWSER_LIMITS.unreachableAfter; failure += 1) {
      sockets.at(-1)?.ends(1006);
      await jest.advanceTimersByTimeAsync(BROWSER_LIMITS.reconnectMaxMs);
    }
    expect(problem()).toBe('SERVER_UNREACHABLE');
    sockets.at(-1)?.opens();
    expect(problem()).toBeUndefined();
    expect(worker().kinds().at(-1)).toBe('wake');
  });

  test('with the host is over when it is back, and the paths have to prove that they live', async () => {
    await launch();
    await until('signaling is there', () => sockets.length === 1);
    sockets[0]?.opens();
    presence({ online: false });
    expect(problem()).toBe('HOST_OFFLINE');
    const wakes = worker()
      .kinds()
      .filter((kind) => kind === 'wake').length;
    presence({ online: true });
    expect(problem()).toBeUndefined();
    expect(
      worker()
        .kinds()
        .filter((kind) => kind === 'wake'),
    ).toHaveLength(wakes + 1);
  });

  test('is tried away by a click', async () => {
    await launch();
    says({ kind: 'trouble', code: 'HOST_OFFLINE' });
    find(cover(), 'button').click();
    expect(worker().kinds().at(-1)).toBe('wake');
  });
});

describe('the end of the session', () => {
  test('takes the app, the tunnel and the service worker, and says why', async () => {
    await running();
    presence({ sessionEnded: true, endReason: EndReason.STOPPED });
    expect(problem()).toBe('SESSION_STOPPED');
    expect(worker().isTerminated).toBe(true);
    expect(tab.document.querySelector('iframe')).toBeNull();
    container.says({ kind: 'wingman-app-worker-state' });
    await until('it is unregistered', () => container.unregistered === 1);
  });

  test('is told once: what fails afterwards is no news', async () => {
    await running();
    presence({ sessionEnded: true, endReason: EndReason.EXPIRED });
    presence({ online: false });
    sockets.at(-1)?.ends(CloseCode.SESSION_ENDED);
    expect(problem()).toBe('SESSION_EXPIRED');
  });

  test('is over when the session is back under its name: the tab is loaded anew', async () => {
    await running();
    sockets.at(-1)?.ends(CloseCode.SESSION_ENDED);
    expect(problem()).toBe('SESSION_ENDED');
    await jest.advanceTimersByTimeAsync(BROWSER_LIMITS.reconnectMaxMs);
    sockets.at(-1)?.opens();
    expect(reloads).toBe(0);
    presence({ online: true });
    expect(reloads).toBe(1);
  });
});

describe('a tunnel worker that ends', () => {
  const crash = (): void => worker().onerror?.({ message: 'injected' });

  test('is told to all who wait for something of it, and followed by another', async () => {
    const shell = await running();
    const channel = new BroadcastChannel(TUNNEL_LOST_CHANNEL);
    const told = new Promise((resolve) => (channel.onmessage = ({ data }) => resolve(data)));
    crash();
    expect(await told).toBe(shell.tab);
    channel.close();
    expect(workers.map(({ isTerminated }) => isTerminated)).toEqual([true, false]);
    expect(container.controller?.kinds()).toContain('tunnel-lost');
    await until('the new one has its port', () => worker().kinds().includes('service-worker'));
    await jest.advanceTimersByTimeAsync(100);
    expect(pill()).toBe('Connection lost');
    expect(problem()).toBeUndefined();
  });

  test('is said once in the console, with the reason', async () => {
    await running();
    crash();
    expect(errors).toHaveLength(1);
    expect(errors[0]).toContain('injected');
  });

  test('has a successor whose link is a new one for the server, too', async () => {
    await running();
    crash();
    says({ kind: 'link', id: 'b'.repeat(32) });
    expect(sockets[0]?.closedWith).toBe(CloseCode.LEAVING);
    expect(sockets).toHaveLength(2);
  });

  test('leaves a shell that goes on, and hears of the end of the session', async () => {
    await running();
    crash();
    says({ kind: 'trouble', code: 'SESSION_ENDED' });
    expect(problem()).toBe('SESSION_ENDED');
  });

  test('too often covers the app for good', async () => {
    await running();
    for (let count = 0; count <= BROWSER_LIMITS.maxWorkerRestarts; count += 1) crash();
    expect(problem()).toBe('TUNNEL_CRASHED');
    presence({ online: false });
    expect(problem()).toBe('TUNNEL_CRASHED');
    expect(workers.every(({ isTerminated }) => isTerminated)).toBe(true);
    expect(api().tunnels).toBe(true);
  });
});

describe('a service worker that hangs', () => {
  const HANG_MS =
    BROWSER_LIMITS.serviceWorkerQuestionMs * (BROWSER_LIMITS.serviceWorkerUnanswered + 2);

  async function hang(): Promise<void> {
    const { controller } = container;
    if (controller !== null) controller.instance = undefined;
    // The tunnel worker goes on.
    for (let passed = 0; passed < HANG_MS; passed += BROWSER_LIMITS.workerQuestionMs) {
      says({ kind: 'status', status: NO_LINK });
      await jest.advanceTimersByTimeAsync(BROWSER_LIMITS.workerQuestionMs);
    }
  }

  test('has the tab loaded anew without it', async () => {
    await running();
    await hang();
    expect([container.unregistered, reloads]).toEqual([1, 1]);
    expect(errors).toHaveLength(1);
  });

  test('once more is a problem that only a person can solve', async () => {
    tab.sessionStorage.setItem('wingman.hung', String(Date.now()));
    await running();
    await hang();
    expect(reloads).toBe(0);
    expect(problem()).toBe('TUNNEL_CRASHED');
  });
});

describe('what the workers ask of the shell', () => {
  test('is to write cookies, and to keep the service worker alive', async () => {
    await running();
    const { port1, port2 } = new MessageChannel();
    says({ kind: 'site-data', change: { lines: ['a=1'], clears: false }, reply: port2 });
    expect(tab.document.cookie).toBe('a=1');
    port1.close();
    says({ kind: 'keep-alive' });
    await until('the instance is known', () => worker().kinds().includes('service-worker-alive'));
  });

  test('is to show that the tab has nothing but a file in it', async () => {
    let isClosed = false;
    setGlobal('close', () => (isClosed = true));
    await launch();
    container.says({ kind: 'wingman-file', isSaved: false });
    expect(find(cover(), 'h1').textContent).toBe('A file is on its way');
    container.says({ kind: 'wingman-file', isSaved: true });
    expect(find(cover(), 'h1').textContent).toBe('The file is here');
    expect(isClosed).toBe(true);
  });

  test('is nothing about files in a tab that shows an app', async () => {
    await running();
    container.says({ kind: 'wingman-file', isSaved: true });
    expect(cover().hasAttribute('hidden')).toBe(true);
  });
});

describe('what happens to the tab', () => {
  const pageEvent = (type: string, persisted: boolean): Event =>
    Object.assign(new tab.Event(type), { persisted });

  test('wakes the paths when somebody looks at it again', async () => {
    await running();
    const before = worker().kinds().length;
    tab.dispatchEvent(new tab.Event('online'));
    expect(worker().kinds().slice(before)).toContain('wake');
  });

  test('is told to the server when it is closed for good, and not when it may come back', async () => {
    await running();
    tab.dispatchEvent(pageEvent('pagehide', true));
    expect(sockets[0]?.closedWith).toBeUndefined();
    tab.dispatchEvent(pageEvent('pagehide', false));
    expect(sockets[0]?.closedWith).toBe(CloseCode.LEAVING);
  });

  test('is told to the server when the browser is about to freeze it', async () => {
    await running();
    const before = sockets[0]?.sent.length ?? 0;
    tab.document.dispatchEvent(new tab.Event('freeze'));
    expect(sockets[0]?.sent).toHaveLength(before + 1);
  });
});
