import { BoundedMap, forFrame, isRedirect, WingmanError, type Header } from '@wingman/protocol';
import { admitSession, admitShim, shimStream, takesShim } from '@wingman/web-policy';
import { APP_WORKER_LIMITS } from '../limits.js';
import {
  APP_REDIRECT_PATH,
  SNAPSHOT_NAME,
  toRefusal,
  type FromPage,
  type ToPage,
} from '../messages.js';
import { Asks } from './asks.js';
import { AppClients } from './clients.js';
import { Lifecycle } from './lifecycle.js';
import {
  partName,
  type Answer,
  type AnswerOptions,
  type Part,
  type Requester,
  type Started,
  type Viewer,
} from './part.js';
import { Registry, savedRegistry } from './registry.js';
import { RunningWorkers } from './running-workers.js';
import { Scripts } from './scripts.js';
import { versionsOf, type Registration } from './versions.js';

/** Leaves what makes the part where our service worker finds it: this is a script of its own. */
export function offerPart(): void {
  Object.assign(globalThis, { [partName()]: (viewer: Viewer) => new LatePart(viewer) });
}

/** The app workers of a session: run by the shells, asked here before the tunnel is. */
class LatePart implements Part {
  readonly #clients: AppClients;
  readonly #scripts: Scripts;
  readonly #registry: Registry;
  readonly #workers: RunningWorkers;
  readonly #lifecycle: Lifecycle;
  readonly #asks: Asks;
  readonly #redirects = new BoundedMap<string, Response>(APP_WORKER_LIMITS.maxKeptNavigations);
  #publishing: Promise<void> = Promise.resolve();

  constructor(private readonly viewer: Viewer) {
    this.#clients = new AppClients(viewer);
    this.#scripts = new Scripts(viewer);
    this.#registry = new Registry(savedRegistry(viewer.caches), () => this.#publish());
    this.#workers = this.#makeWorkers();
    this.#lifecycle = new Lifecycle(
      ...([this.#registry, this.#scripts, this.#workers] as const),
      () => this.#clients.living(),
      () => void this.sweep(),
    );
    this.#asks = new Asks(
      ...([viewer.origin, this.#clients, this.#registry, this.#lifecycle] as const),
      (clientId) => this.#tabOfClient(clientId),
    );
  }

  concerns({ request, clientId }: FetchEvent): boolean {
    if (!request.url.startsWith('http')) return false;
    if (!this.#registry.isLoaded) return true;
    return (this.#registrationFor(request, clientId)?.active ?? null) !== null;
  }

  async answer(event: FetchEvent, options: AnswerOptions): Promise<Answer | undefined> {
    const { request, clientId, resultingClientId } = event;
    await this.#registry.loaded;
    const registration = this.#registrationFor(request, clientId);
    if (registration === undefined || registration.active === null) return undefined;
    const isPage = isNavigation(request);
    const requester = { clientId, resultingClientId, url: request.url, isFrameNavigation: isPage };
    const tab = await this.#tabOf(requester);
    if (tab === undefined) return undefined;
    if (isPage) {
      // The pages of the last version may be gone by now.
      await this.#lifecycle.tryActivate(registration, tab);
      event.waitUntil(this.#lookForUpdate(registration, tab));
    }
    if (resultingClientId !== '') this.#registry.control(resultingClientId, registration, tab);
    await registration.activation;
    const response = await this.#ask(event, registration, tab, options);
    if (response === undefined) return undefined;
    return { response: isPage ? appDocument(response, request.url) : response, tab };
  }

  async asset(request: Request): Promise<Response | undefined> {
    const redirect = this.#redirects.get(request.url);
    this.#redirects.delete(request.url);
    return redirect ?? this.#scripts.serve(request);
  }

  emulation({ request, resultingClientId }: Started): Promise<Response> | undefined {
    const tab = this.#scripts.expectedFor(request);
    if (tab === undefined) return undefined;
    const { directory } = this.viewer;
    if (resultingClientId !== '') directory.own(resultingClientId, tab);
    return directory
      .ofTab(tab)
      .then((shell) => this.#scripts.emulation(tab, shell?.isIsolated === true));
  }

  async withSnapshot(shim: Response, clientId: string): Promise<Response> {
    await this.#registry.loaded;
    if (this.#registry.all.length === 0 || !shim.ok) return shim;
    const snapshot = JSON.stringify(this.#registry.snapshotFor(clientId));
    const body = `self.${SNAPSHOT_NAME}=${snapshot};${await shim.text()}`;
    return new Response(body, {
      headers: { 'content-type': 'text/javascript; charset=utf-8', 'cache-control': 'no-store' },
    });
  }

  /** A page hears the outcome of what it asks for together with the state that this leads to. */
  async heard(client: Client, message: FromPage): Promise<void> {
    if (message.kind === 'app-worker-message') return this.#pass(client, message);
    const { ask, id: answers } = message;
    const tell = (answer: ToPage): void => client.postMessage(answer);
    try {
      await this.#registry.loaded;
      const value = await this.#asks.ofPage(ask, client.id);
      const snapshot = this.#registry.snapshotFor(client.id);
      tell({ kind: 'wingman-app-worker-state', snapshot, answers, value });
    } catch (error) {
      tell({ kind: 'wingman-app-worker-refused', answers, refusal: toRefusal(error) });
    }
    // The ask may have begun more work, for which our service worker has to stay alive.
    await this.#lifecycle.idle();
  }

  async sweep(): Promise<void> {
    await Promise.all([this.viewer.exchanges.sweep(), this.#workers.sweep()]);
    await this.#lifecycle.sweep();
  }

  #makeWorkers(): RunningWorkers {
    const { clients, directory } = this.viewer;
    return new RunningWorkers(this.#scripts, {
      viewer: this.viewer,
      shellOf: (tab) => directory.ofTab(tab),
      toShell: async (clientId, message, transfer) => {
        // A shell that was loaded past our service worker could not start workers through it.
        await clients.claim();
        (await clients.get(clientId))?.postMessage(message, transfer);
      },
      ask: (ask, version, tab) => this.#asks.ofWorker(ask, version, tab),
      keepRedirect: (response) => this.#keepRedirect(response),
      toClient: (client, version, data, transfer) =>
        void this.#asks.toClient(client, version, data, transfer),
    });
  }

  /** The active version's response; undefined when it leaves the request to the network, or can't run. */
  async #ask(
    event: FetchEvent,
    registration: Registration,
    tab: string,
    { isPosted, network, signal }: AnswerOptions,
  ): Promise<Response | undefined> {
    const { active } = registration;
    if (isPosted || active?.handlesFetch !== true) return undefined;
    const running = await this.#workers
      .get(active, registration, tab)
      .catch((error: unknown) => void console.error(error));
    return running?.fetch(event, network, signal).catch(() => Response.error());
  }

  /** Passes a page's message on to the version that it is for. */
  async #pass(
    client: Client,
    { worker, data, transfer }: Extract<FromPage, { kind: 'app-worker-message' }>,
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

  #keepRedirect(response: Response): string {
    const url = `${this.viewer.origin}${APP_REDIRECT_PATH}${crypto.randomUUID()}`;
    this.#redirects.set(url, response);
    return url;
  }

  #registrationFor(request: Request, clientId: string): Registration | undefined {
    return isNavigation(request)
      ? this.#registry.match(request.url)
      : this.#registry.controllerOf(clientId);
  }

  #tabOfClient(clientId: string): Promise<string | undefined> {
    const requester = { clientId, resultingClientId: '', url: '', isFrameNavigation: false };
    return this.#tabOf(requester).catch(() => undefined);
  }

  /** The tab that a request comes from; undefined when it has no tunnel, TIMEOUT when no tab answers. */
  async #tabOf(requester: Requester): Promise<string | undefined> {
    const { clientId, isFrameNavigation } = requester;
    const known = isFrameNavigation ? undefined : this.#registry.tabOf(clientId);
    if (known !== undefined) return known;
    const found = await this.viewer.directory.find(requester);
    // The network would be the ingress, in clear.
    if (found === undefined) throw new WingmanError('TIMEOUT', 'no tab answered');
    return found.port === null ? undefined : found.tab;
  }

  /** Looks for a new version a little after a page was asked for, as browsers do. */
  async #lookForUpdate(registration: Registration, tab: string): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, APP_WORKER_LIMITS.updateMs));
    await this.#lifecycle.update(registration, tab).catch(() => undefined);
    await this.sweep();
  }

  /** Tells all pages what has changed, one change at a time and in order. */
  #publish(): void {
    this.#workers.follow(this.#registry.all);
    const snapshots = this.#registry.snapshots();
    this.#publishing = this.#publishing.then(async () => {
      for (const client of await this.#clients.list('window')) {
        const snapshot = snapshots(client.id);
        client.postMessage({ kind: 'wingman-app-worker-state', snapshot } satisfies ToPage);
      }
    });
  }
}

/** Of a frame: the navigations of a whole tab are answered with the shell. */
function isNavigation({ mode }: Request): boolean {
  return mode === 'navigate';
}

/** The app worker's answer to a navigation, made fit for the frame. The host has not seen this answer. */
export function appDocument(response: Response, url: string): Response {
  const headers = new Headers(response.headers);
  const { status } = response;
  if (isRedirect(status, headers.get('location'))) return forFrame(response, url);
  if (response.type === 'error' || status === 0) return response;
  const fields = Array.from(headers, ([name, value]) => ({ name, value }));
  const framed = { destination: 'iframe' };
  if (response.body === null || !takesShim(headers.get('content-type'))) {
    return rebuilt(response, admitSession(fields, framed), response.body);
  }
  const pass = { nonce: crypto.randomUUID(), origins: [new URL(url).origin] };
  const document = admitShim(fields, framed, pass);
  return rebuilt(response, document.headers, response.body.pipeThrough(shimStream(document.tag)));
}

function rebuilt(
  { status, statusText }: Response,
  fields: Header[],
  body: ReadableStream<Uint8Array> | null,
): Response {
  const headers = new Headers(fields.map(({ name, value }): [string, string] => [name, value]));
  return new Response(body, { status, statusText, headers });
}
