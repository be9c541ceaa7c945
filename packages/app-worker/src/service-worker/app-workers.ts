import { BoundedMap, RESERVED_PREFIX } from '@wingman/protocol';
import { APP_REDIRECT_PATH, type DocumentAsk, type ToDocument } from '../messages.js';
import { SNAPSHOT_NAME, toRefusal, type AppWorkerSnapshot } from '../state.js';
import { APP_WORKER_LIMITS } from '../limits.js';
import { WhileBusy } from './while-busy.js';
import type { AppClients } from './app-clients.js';
import { appDocument } from './app-document.js';
import type { AppScripts } from './app-scripts.js';
import { Lifecycle } from './lifecycle.js';
import { Registry, type RegistryStore } from './registry.js';
import { RunningWorkers } from './running-workers.js';
import { versionsOf, type Registration } from './versions.js';
import type { Viewer } from './viewer.js';
import { WorkerAsks } from './worker-asks.js';

export interface AppWorkersTools {
  viewer: Viewer;
  appClients: AppClients;
  scripts: AppScripts;
  store: RegistryStore;
}

/** How a request goes past the app's worker. */
export interface AnswerOptions {
  /** It may not be shown to the worker. */
  isPosted: boolean;
  network: () => Promise<Response>;
  /** The page gives it up. */
  signal: AbortSignal;
}

/** The app's own service workers: run by the shells, asked here before the tunnel is. */
export class AppWorkers {
  readonly #clients: AppClients;
  readonly #registry: Registry;
  readonly #workers: RunningWorkers;
  readonly #lifecycle: Lifecycle;
  readonly #redirects = new BoundedMap<string, Response>(APP_WORKER_LIMITS.maxKeptNavigations);
  #publishing: Promise<void> = Promise.resolve();

  constructor(private readonly tools: AppWorkersTools) {
    const { scripts, store, viewer } = tools;
    const { clients, directory } = viewer;
    this.#clients = tools.appClients;
    this.#registry = new Registry(store, () => this.#publish());
    this.#workers = new RunningWorkers(scripts, {
      shellOf: (tab) => directory.ofTab(tab),
      toShell: async (clientId, message, transfer) => {
        // A shell that was loaded past the service worker could not start workers through it.
        await clients.claim();
        (await clients.get(clientId))?.postMessage(message, transfer);
      },
      ask: (ask, version, tab) => asks.answer(ask, version, tab),
      viewer,
      keepRedirect: (response) => this.#keepRedirect(response),
      toClient: (client, version, data, transfer) =>
        void asks.toClient(client, version, data, transfer),
    });
    const watch = new WhileBusy(() => void this.sweep(), APP_WORKER_LIMITS.sweepMs);
    const living = (): Promise<ReadonlySet<string>> => this.#clients.living();
    this.#lifecycle = new Lifecycle(this.#registry, scripts, this.#workers, living, watch);
    const asks = new WorkerAsks(this.#clients, this.#registry, this.#lifecycle, (clientId) =>
      this.#tabOfClient(clientId),
    );
  }

  /** Whether an app's worker may have to be asked; has to be known at once. */
  concerns({ request, clientId }: FetchEvent): boolean {
    if (!request.url.startsWith('http')) return false;
    if (!this.#registry.isLoaded) return true;
    return (this.#registrationFor(request, clientId)?.active ?? null) !== null;
  }

  /** The app's worker's response to a request; undefined when it leaves it to the network, or there is none. */
  async answer(
    event: FetchEvent,
    { isPosted, network, signal }: AnswerOptions,
  ): Promise<{ response: Response; tab: string } | undefined> {
    const { request, clientId, resultingClientId } = event;
    await this.#registry.loaded;
    const registration = this.#registrationFor(request, clientId);
    if (registration === undefined || registration.active === null) return undefined;
    const isPage = isNavigation(request);
    const tab = await this.#tabOf(event, isPage);
    if (tab === undefined) return undefined;
    if (isPage) {
      // The pages of the last version may be gone by now.
      await this.#lifecycle.tryActivate(registration, tab);
      event.waitUntil(this.#lookForUpdate(registration, tab));
    }
    if (resultingClientId !== '') this.#registry.control(resultingClientId, registration, tab);
    await registration.activation;
    const { active } = registration;
    if (isPosted || active?.handlesFetch !== true) return undefined;
    const running = await this.#workers
      .get(active, registration, tab)
      .catch((error: unknown) => void console.error(error));
    const response = await running?.fetch(event, network, signal).catch(() => Response.error());
    if (response === undefined) return undefined;
    return { response: isPage ? await appDocument(response, request.url) : response, tab };
  }

  /** A redirect that a worker has been told to fetch; undefined for other requests. */
  redirect({ url }: Request): Response | undefined {
    const redirect = this.#redirects.get(url);
    this.#redirects.delete(url);
    return redirect;
  }

  /** The shim, with what its document has to know at once put before it. */
  async withSnapshot(shim: Response, clientId: string): Promise<Response> {
    await this.#registry.loaded;
    if (this.#registry.all.length === 0 || !shim.ok) return shim;
    const snapshot = JSON.stringify(this.#registry.snapshotFor(clientId));
    const body = `self.${SNAPSHOT_NAME}=${snapshot};${await shim.text()}`;
    return new Response(body, {
      headers: { 'content-type': 'text/javascript; charset=utf-8', 'cache-control': 'no-store' },
    });
  }

  /** A document asks for something; it hears the outcome together with the state that it leads to. */
  async ask(client: Client, answers: number, ask: DocumentAsk): Promise<void> {
    const tell = (message: ToDocument): void => client.postMessage(message);
    try {
      await this.#registry.loaded;
      const value = await this.#do(ask, client);
      tell({ kind: 'wingman-app-worker', snapshot: this.#snapshot(client), answers, value });
    } catch (error) {
      tell({ kind: 'wingman-app-worker-refused', answers, refusal: toRefusal(error) });
    }
    // What this has begun goes on, and this service worker with it.
    await this.#lifecycle.idle();
  }

  /** A page has a message for a version of its worker. */
  async message(
    client: Client,
    { worker, data, transfer }: { worker: string; data: unknown; transfer: Transferable[] },
  ): Promise<void> {
    await this.#registry.loaded;
    const registration = this.#registry.ofVersion(worker);
    const tab = await this.#tabOfClient(client.id);
    if (registration === undefined || tab === undefined) return;
    const version = versionsOf(registration).find(({ id }) => id === worker);
    if (version === undefined) return;
    const running = await this.#workers.get(version, registration, tab);
    running.message(data, this.#clients.describe(client), transfer);
  }

  /** What belonged to closed tabs goes. */
  async sweep(): Promise<void> {
    await Promise.all([this.tools.viewer.exchanges.sweep(), this.#workers.sweep()]);
    await this.#lifecycle.sweep();
  }

  async #do(ask: DocumentAsk, client: Client): Promise<unknown> {
    if (ask.op === 'snapshot') return null;
    if (ask.op === 'end') return this.#lifecycle.end();
    const tab = await this.#tabOfClient(client.id);
    if (tab === undefined) throw new DOMException('This tab has no tunnel.', 'InvalidStateError');
    if (ask.op === 'register') {
      const scope = this.#checked(ask.scriptUrl, ask.scope);
      const registration = await this.#lifecycle.register({ ...ask, scope, tab });
      return registration.id;
    }
    const registration = this.#registry.byId(ask.registration);
    if (registration === undefined || registration.isUnregistered) {
      if (ask.op === 'unregister') return false;
      throw new TypeError('The service worker is not registered any more.');
    }
    if (ask.op === 'unregister') return this.#lifecycle.unregister(registration);
    return (await this.#lifecycle.update(registration, tab)).id;
  }

  /** The scope, when script and scope are ones that a page may name (Service Workers, "Start Register" and "Register"). */
  #checked(script: string, wanted: string | null): string {
    const url = new URL(script);
    const scope = new URL(wanted ?? './', script);
    scope.hash = '';
    for (const { origin, pathname } of [url, scope]) {
      if (/%2f|%5c/i.test(pathname)) throw new TypeError('An escaped slash in a URL.');
      if (origin !== this.tools.viewer.origin || pathname.startsWith(RESERVED_PREFIX)) {
        throw new DOMException('A service worker of another origin.', 'SecurityError');
      }
    }
    return scope.href;
  }

  #keepRedirect(response: Response): string {
    const url = `${this.tools.viewer.origin}${APP_REDIRECT_PATH}${crypto.randomUUID()}`;
    this.#redirects.set(url, response);
    return url;
  }

  #registrationFor(request: Request, clientId: string): Registration | undefined {
    return isNavigation(request)
      ? this.#registry.match(request.url)
      : this.#registry.controllerOf(clientId);
  }

  async #tabOf(event: FetchEvent, isPage: boolean): Promise<string | undefined> {
    const { clientId, resultingClientId, request } = event;
    const known = isPage ? undefined : this.#registry.tabOf(clientId);
    if (known !== undefined) return known;
    const lookup = await this.tools.viewer.directory.find({
      ...{ clientId, resultingClientId, url: request.url, isFrameNavigation: isPage },
    });
    return lookup.kind === 'shell' && lookup.entry.port !== null ? lookup.entry.tab : undefined;
  }

  async #tabOfClient(clientId: string): Promise<string | undefined> {
    const known = this.#registry.tabOf(clientId);
    if (known !== undefined) return known;
    const requester = { clientId, resultingClientId: '', url: '', isFrameNavigation: false };
    const lookup = await this.tools.viewer.directory.find(requester);
    return lookup.kind === 'shell' && lookup.entry.port !== null ? lookup.entry.tab : undefined;
  }

  /** A page was asked for: then browsers look for a new version, a little later. */
  async #lookForUpdate(registration: Registration, tab: string): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, APP_WORKER_LIMITS.updateMs));
    await this.#lifecycle.update(registration, tab).catch(() => undefined);
    await this.sweep();
  }

  #snapshot({ id }: Client): AppWorkerSnapshot {
    return this.#registry.snapshotFor(id);
  }

  /** Tells everybody who can see it what has changed: each change by itself, in order. */
  #publish(): void {
    this.#workers.follow(this.#registry.all);
    const snapshots = this.#registry.snapshots();
    this.#publishing = this.#publishing.then(async () => {
      for (const client of await this.#clients.list('window')) {
        const snapshot = snapshots(client.id);
        client.postMessage({ kind: 'wingman-app-worker', snapshot } satisfies ToDocument);
      }
    });
  }
}

/** Of a frame: the tab's own are answered with the shell. */
function isNavigation({ mode }: Request): boolean {
  return mode === 'navigate';
}
