import { afterEach, beforeEach, jest } from '@jest/globals';
import {
  HostPresence,
  ServerToViewer,
  create,
  createLinkKey,
  encodeLinkKey,
  encodeMessage,
} from '@wingman/protocol';
import { parseBoot } from '../../src/shared/boot.js';
import { SHELL_API, type ShellApi } from '../../src/shared/shell-api.js';
import { NO_LINK } from '../../src/shared/status.js';
import type { WorkerToShell } from '../../src/shared/worker-messages.js';
import type { EarlyStart } from '../../src/shell/early-start.js';
import { findKey } from '../../src/shell/link-key.js';
import { Shell } from '../../src/shell/shell.js';
import { closeTabs, find, openTab, setGlobal, watchConsole, type Tab } from './dom.js';
import { settle } from './fake-clock.js';
import { FakeKeyDatabase } from './fake-key-database.js';
import { FakeSocket } from './fake-socket.js';
import { FakeWorker } from './fake-worker.js';
import { FakeContainer, FakeServiceWorker } from './service-workers.js';

const KEY = createLinkKey();
export const LINK = `https://s.example/page?q#k=${encodeLinkKey(KEY)}`;
const PAGE = '<iframe id="wingman-app"></iframe><div id="wingman-cover"></div>';
export const APP = 'https://s.example/page?q';

export let tab: Tab;
export let database: FakeKeyDatabase;
export let container: FakeContainer;
export let workers: FakeWorker[];
export let sockets: FakeSocket[];
export let frameUrl: string;
export let reloads: number;
export let errors: unknown[];

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
export function arrive(url: string): void {
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
export async function until(what: string, holds: () => boolean): Promise<void> {
  const end = process.hrtime.bigint() + 20_000_000_000n;
  while (!holds()) {
    if (process.hrtime.bigint() > end) throw new Error(`it never came to this: ${what}`);
    await settle();
  }
}

/** What the page's first script has begun; without a tunnel unless this browser has started its worker. */
export function begun(hasWorker: boolean): EarlyStart {
  const tunnel = { worker: hasWorker ? startWorker() : undefined, messages: [] };
  const { worker } = tunnel;
  return {
    ...findKey(tab),
    tunnel: Promise.resolve(worker && { ...tunnel, worker, startAnother: startWorker }),
  };
}

export async function launch(boot = '{}'): Promise<Shell> {
  const shell = new Shell(parseBoot(boot), begun(true), '');
  void shell.start();
  await until('the frame loads the app', () => frameUrl !== '');
  return shell;
}

/** A shell whose link is up and whose app is shown. */
export async function running(): Promise<Shell> {
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

export const worker = (): FakeWorker => workers.at(-1) ?? new FakeWorker();
export const says = (...messages: WorkerToShell[]): void =>
  messages.forEach((message) => worker().says(message));
export const api = (): ShellApi =>
  (tab as unknown as Record<symbol, ShellApi>)[SHELL_API] as ShellApi;
export const cover = (): HTMLElement => find(tab.document, '#wingman-cover');
/** The code of the problem that covers the app, if one does. */
export const problem = (): string | undefined =>
  cover().hasAttribute('hidden')
    ? undefined
    : (cover().querySelector('.code')?.textContent ?? undefined);
export const pill = (): string | undefined =>
  tab.document.querySelector('wingman-pill')?.shadowRoot?.querySelector('.text')?.textContent ??
  undefined;
export const steps = (): string[] =>
  [...cover().querySelectorAll('li')].map(({ className }) => className);

/** The server tells of the host. */
export function presence(fields: Parameters<typeof HostPresence.fromPartial>[0]): void {
  const message = { $case: 'hostPresence' as const, value: create(HostPresence, fields) };
  sockets.at(-1)?.gives(encodeMessage(ServerToViewer, create(ServerToViewer, { message })));
}
