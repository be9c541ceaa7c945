import { jest } from '@jest/globals';
import { WingmanError } from '@wingman/protocol';
import { SNAPSHOT_NAME, type FromPage, type PageSnapshot } from '../../src/messages.js';
import { AppWorkers } from '../../src/service-worker/app-workers.js';
import { offerPart } from '../../src/service-worker/late-part.js';
import type { Viewer } from '../../src/service-worker/part.js';
import { AppWorkerHost } from '../../src/shell/app-worker-host.js';
import { cacheStorageClass, type Kept } from './fake-caches.js';
import { FakeClient, FakePage, type Fetched } from './fake-page.js';
import { FakeWorker, requestOf } from './fake-worker.js';

export const ORIGIN = 'https://session.example';

/** What the app's server answers with. */
export interface File {
  text: string;
  status?: number;
  headers?: Record<string, string>;
}

/** A tab: its shell, and the workers that the real host of the package has started in it. */
export interface FakeTab {
  tab: string;
  shell: FakeClient;
  host: AppWorkerHost;
  workers: FakeWorker[];
}

interface Event {
  waited: Promise<unknown>[];
}

/**
 * A session with all parts of the package as they are: pages, service worker, shells, emulation. The
 * browser around them is made here, and so is the app's server. Time stands still: see `until`.
 */
export class World {
  readonly origin = ORIGIN;
  readonly kept: Kept = new Map();
  readonly caches = new (cacheStorageClass(ORIGIN, this.kept))();
  readonly clients = new Map<string, FakeClient>();
  readonly tabs = new Map<string, FakeTab>();
  readonly files = new Map<string, File>();
  /** Scripts asked for through the tunnel, as `destination path`. */
  readonly asked: string[] = [];
  /** Requests that went on to the network. */
  readonly sent: Request[] = [];
  readonly imported: string[] = [];
  readonly preludes: string[] = [];
  readonly inner = new Map<string, true>();
  readonly events: Event[] = [];
  /** All that were handed over to a page, shell or worker. */
  readonly ports: MessagePort[] = [];
  refusesWorkers = false;
  answersNetwork: (request: Request) => Response = () => new Response('network');
  door: AppWorkers;
  readonly #owners = new Map<string, string>();
  #ids = 0;

  constructor() {
    Object.assign(globalThis, { WINGMAN_VERSION: 'test', offerPart });
    this.door = new AppWorkers(this.#viewer());
    this.openTab('tab');
  }

  /** The service worker is killed, and started anew by the next event. */
  restart(): void {
    this.door = new AppWorkers(this.#viewer());
  }

  /** Closes all that a test has opened. */
  close(): void {
    for (const { workers } of this.tabs.values()) workers.forEach((worker) => worker.terminate());
    // An open port keeps the process alive.
    this.ports.forEach((port) => port.close());
  }

  openTab(tab: string): FakeTab {
    const shell = new FakeClient(this, `shell-${tab}`, `${ORIGIN}/`, 'window', 'top-level');
    this.clients.set(shell.id, shell);
    const workers: FakeWorker[] = [];
    const start = (url: string): Worker => {
      const worker = new FakeWorker(this, url, tab);
      workers.push(worker);
      // The parts of a Worker that the host uses.
      return worker as unknown as Worker;
    };
    const container = { controller: {} } as ServiceWorkerContainer;
    const host = new AppWorkerHost(container, start);
    shell.onMessage = (data, ports) => host.heard({ data, ports } as never);
    const opened = { tab, shell, host, workers };
    this.tabs.set(tab, opened);
    return opened;
  }

  /** Closes the tab with all its pages and workers; nobody tells the service worker. */
  closeTab(tab: string): void {
    const { shell, workers } = this.tab(tab);
    workers.forEach((worker) => worker.terminate());
    for (const [client, owner] of this.#owners) if (owner === tab) this.clients.delete(client);
    this.clients.delete(shell.id);
    this.tabs.delete(tab);
  }

  tab(tab = 'tab'): FakeTab {
    const found = this.tabs.get(tab);
    if (found === undefined) throw new Error(`no tab ${tab}`);
    return found;
  }

  /** The worker that runs in a tab now. */
  running(tab = 'tab'): FakeWorker {
    const worker = this.tab(tab).workers.findLast(({ isTerminated }) => !isTerminated);
    if (worker === undefined) throw new Error('no worker runs');
    return worker;
  }

  /** What the app's script has put on the scope of the worker that runs now. */
  value(name: string, tab = 'tab'): unknown {
    return this.running(tab).scope?.[name];
  }

  script(path: string, text: string, headers: Record<string, string> = {}, status = 200): void {
    this.files.set(path, {
      text,
      status,
      headers: { 'content-type': 'text/javascript', ...headers },
    });
  }

  /** The text that a version runs. */
  textOf(script: string, version: string): string {
    const key = `${ORIGIN}/__wingman/app-script?${new URLSearchParams({ script }).toString()}`;
    const isKept = this.kept.get(`wingman-app-${version}`)?.has(key) === true;
    const text = isKept ? this.#texts.get(`${version} ${script}`) : undefined;
    const found = text ?? this.files.get(new URL(script).pathname)?.text;
    if (found === undefined) throw new TypeError(`no script at ${script}`);
    this.#texts.set(`${version} ${script}`, found);
    return found;
  }

  readonly #texts = new Map<string, string>();

  /** Loads a page of the app in a tab, past the app worker when it leaves the request alone. */
  async open(path = '/', tab = 'tab', readyState = 'complete'): Promise<FakePage> {
    const url = `${ORIGIN}${path}`;
    const id = `page-${++this.#ids}`;
    this.#owners.set(id, tab);
    const client = new FakeClient(this, id, url, 'window', 'nested');
    const request = requestOf(url, { mode: 'navigate', destination: 'iframe' });
    const { by, response } = await this.until(this.fetch(request, { resultingClientId: id }));
    // A browser reads all of it.
    this.opened = { by, response, text: await this.until(response.text()) };
    this.clients.set(id, client);
    const shim = await this.until(this.door.withSnapshot(new Response('/* shim */'), id));
    const page = new FakePage(this, client, snapshotOf(await shim.text()), readyState);
    await this.settle();
    return page;
  }

  /** What the last page was loaded from. */
  opened: (Fetched & { text: string }) | undefined;

  /** A worker or a frame of the app's own. */
  addClient(
    id: string,
    type: FakeClient['type'],
    tab = 'tab',
    url = `${ORIGIN}/${id}`,
  ): FakeClient {
    const client = new FakeClient(this, id, url, type, type === 'window' ? 'nested' : 'none');
    this.#owners.set(id, tab);
    this.clients.set(id, client);
    return client;
  }

  /** A fetch event of the service worker. */
  async fetch(
    request: Request,
    {
      clientId = '',
      resultingClientId = '',
      isPosted = false,
      signal = new AbortController().signal,
    } = {},
  ): Promise<Fetched> {
    const event = { ...{ request, clientId, resultingClientId }, ...this.#event() };
    const network = (): Promise<Response> => this.network(request);
    if (!this.door.concerns(event)) {
      return { by: 'network', response: await network() };
    }
    const answer = await this.door.answer(event, { isPosted, network, signal });
    if (answer === undefined) return { by: 'network', response: await network() };
    return { by: 'app worker', response: answer.response };
  }

  /** A message event of the service worker. */
  heard(data: FromPage, source: FakeClient): void {
    this.door.heard({ data, source, ...this.#event() });
  }

  async network(request: Request): Promise<Response> {
    this.sent.push(request);
    const { pathname } = new URL(request.url);
    if (pathname.startsWith('/__wingman/')) {
      const own = await this.door.asset(request);
      if (own !== undefined) return own;
    }
    return this.answersNetwork(request);
  }

  /** Waits for a promise while everything goes on and no time passes; fails when nothing moves any more. */
  async until<T>(promise: Promise<T>): Promise<T> {
    const settled = { is: false };
    const done = (): void => void (settled.is = true);
    promise.then(done, done);
    for (let turn = 0; turn < 400 && !settled.is; turn += 1) await this.#turn();
    if (!settled.is) throw new Error('nothing moves any more');
    return promise;
  }

  /** Lets everything that is ready happen. */
  async settle(turns = 60): Promise<void> {
    for (let turn = 0; turn < turns; turn += 1) await this.#turn();
  }

  /** Lets time pass. */
  async pass(milliseconds: number): Promise<void> {
    jest.advanceTimersByTime(milliseconds);
    await this.settle();
  }

  async #turn(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    jest.advanceTimersByTime(0);
  }

  #event(): { waitUntil: (work: Promise<unknown>) => void; handled: Promise<undefined> } {
    const waited: Promise<unknown>[] = [];
    this.events.push({ waited });
    const waitUntil = (work: Promise<unknown>): void => {
      waited.push(work);
      work.catch(() => undefined);
    };
    return { waitUntil, handled: Promise.resolve(undefined) };
  }

  #viewer(): Viewer {
    const { origin, caches } = this;
    const clients = {
      get: (id: string) => Promise.resolve(this.clients.get(id)),
      matchAll: ({ type }: { type: string }) =>
        Promise.resolve(
          [...this.clients.values()].filter((client) => type === 'all' || client.type === type),
        ),
      claim: () => Promise.resolve(),
    };
    const tabOf = (tab: string | undefined) => {
      const shell = this.tabs.get(tab ?? '')?.shell;
      const isIsolated = this.isolated.has(tab ?? '');
      return shell && { tab: tab ?? '', clientId: shell.id, port: {}, isIsolated };
    };
    return {
      ...{ origin, caches },
      // What the package uses of it.
      clients: clients as never,
      directory: {
        find: ({ clientId, resultingClientId }) => {
          const owner = this.#owners.get(clientId) ?? this.#owners.get(resultingClientId);
          return Promise.resolve(tabOf(owner));
        },
        ofTab: (tab) => Promise.resolve(tabOf(tab)),
        own: (client, tab) => void this.#owners.set(client, tab),
      },
      innerDocuments: this.inner,
      exchanges: { sweep: () => Promise.resolve(void (this.sweeps += 1)) },
      assets: {
        shim: () => Promise.resolve('/* shim */'),
        emulation: () => Promise.resolve('/* emulation */'),
        appWorkersPart: () => Promise.resolve('offerPart()'),
      },
      ownRequest: (tab, url, { destination }) => this.#serve(tab, url, destination),
      keepBody: async (request) => (request.body === null ? null : request.blob()),
      requestIdHeader: 'x-request-id',
      workerPrefix: (shim, tab) => `${shim}/* ${tab} */`,
      isolating: { 'cross-origin-embedder-policy': 'require-corp' },
    };
  }

  readonly isolated = new Set<string>();
  sweeps = 0;

  #serve(tab: string, url: string, destination: string): Promise<Response> {
    const { pathname } = new URL(url);
    this.asked.push(`${destination} ${pathname}`);
    if (!this.tabs.has(tab)) throw new WingmanError('LINK_LOST', 'the tab has no tunnel');
    const {
      text,
      status = 200,
      headers = {},
    } = this.files.get(pathname) ?? { text: '', status: 404 };
    return Promise.resolve(new Response(text, { status, headers }));
  }
}

/** What the service worker has put before the shim. */
function snapshotOf(shim: string): PageSnapshot | undefined {
  const prefix = `self.${SNAPSHOT_NAME}=`;
  if (!shim.startsWith(prefix)) return undefined;
  return JSON.parse(shim.slice(prefix.length, shim.lastIndexOf(';'))) as PageSnapshot;
}
