import { within } from '@wingman/protocol';
import { hideCaches } from '../caches.js';
import { APP_WORKER_LIMITS } from '../limits.js';
import {
  fromRefusal,
  SNAPSHOT_NAME,
  type FromPage,
  type PageAsk,
  type PageSnapshot,
  type ToPage,
} from '../messages.js';
import { PageState, Target, type PageRegistration, type PageWorker } from './page-state.js';

/** The window whose app is to see its own service workers. */
export type Page = Pick<Window, 'document' | 'location'> & { [SNAPSHOT_NAME]?: PageSnapshot };

/** The browser's own container; undefined where there are no service workers, as on an origin without TLS. */
export function nativeServiceWorkers(browser: Navigator): ServiceWorkerContainer | undefined {
  // The app's container, if there is one, hides the browser's on the object. The prototype still has the browser's.
  const prototype: object = Object.getPrototypeOf(browser) as object;
  return Reflect.get(prototype, 'serviceWorker', browser) as ServiceWorkerContainer | undefined;
}

/**
 * Makes what the app is to see in place of the tunnel's service worker: one that the app registered
 * natively would take its place. Undefined where there are no service workers.
 */
export function hostServiceWorkers(
  page: Page,
  native: ServiceWorkerContainer | undefined,
): AppContainer | undefined {
  const snapshot = page[SNAPSHOT_NAME];
  Reflect.deleteProperty(page, SNAPSHOT_NAME);
  return native === undefined ? undefined : new AppContainer(page, native, snapshot);
}

/** Puts the container in place; frames without a server of their own share their parent's. */
export function showServiceWorkers(
  realm: { navigator: Navigator; CacheStorage?: { prototype: CacheStorage } },
  container: AppContainer | undefined,
): void {
  if (container === undefined) return;
  Object.defineProperty(realm.navigator, 'serviceWorker', { value: container, configurable: true });
  hideCaches(realm);
}

interface Pending {
  resolve: (value: unknown) => void;
  reject: (error: Error) => void;
}

/** `navigator.serviceWorker` as the app sees it: with its own workers (Service Workers, section 3.4). */
export class AppContainer extends Target {
  readonly #page: Page;
  readonly #native: ServiceWorkerContainer;
  readonly #state: PageState;
  readonly #pending = new Map<number, Pending>();
  #asks = 0;
  #applied: Promise<void> = Promise.resolve();
  #early: MessageEvent[] | undefined = [];
  readonly #ready: Promise<PageRegistration>;
  #isReady: (registration: PageRegistration) => void = () => undefined;

  constructor(page: Page, native: ServiceWorkerContainer, snapshot: PageSnapshot | undefined) {
    super();
    this.#page = page;
    this.#native = native;
    this.#state = new PageState({
      update: (registration) => this.#ask({ op: 'update', registration }),
      unregister: (registration) => this.#ask({ op: 'unregister', registration }),
      post: (worker, data, transfer) => this.#post({ worker, data, transfer }),
    });
    this.#ready = new Promise((resolve) => (this.#isReady = resolve));
    this.handle('controllerchange', 'messageerror');
    this.#handleMessages();
    if (snapshot !== undefined) this.#state.apply(snapshot);
    this.#state.onControllerChange = () => this.dispatchEvent(new Event('controllerchange'));
    this.#lookReady();
    native.addEventListener('message', (event: MessageEvent<ToPage | undefined>) => {
      this.#heard(event);
    });
    native.startMessages();
  }

  get controller(): PageWorker | null {
    return this.#state.controller;
  }

  get ready(): Promise<PageRegistration> {
    return this.#ready;
  }

  async register(
    script: string | URL,
    options: RegistrationOptions = {},
  ): Promise<PageRegistration> {
    const { scope, type = 'classic', updateViaCache = 'imports' } = options;
    const scriptUrl = this.#absolute(script);
    const scopeUrl = scope === undefined ? null : this.#absolute(scope);
    const ask = { op: 'register', scriptUrl, scope: scopeUrl, type, updateViaCache } as const;
    const id = await this.#ask(ask);
    const found = this.#state.byId(String(id));
    if (found === undefined) throw new TypeError('The registration is gone already.');
    return found;
  }

  async getRegistration(url: string | URL = ''): Promise<PageRegistration | undefined> {
    await this.#ask({ op: 'snapshot' });
    return this.#match(this.#absolute(url));
  }

  async getRegistrations(): Promise<PageRegistration[]> {
    await this.#ask({ op: 'snapshot' });
    return this.#state.registrations;
  }

  /** Delivers the messages that came before anybody could listen. */
  startMessages(): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const event of early) this.dispatchEvent(event);
  }

  #handleMessages(): void {
    let handler: unknown = null;
    this.addEventListener('message', (event) => {
      if (typeof handler === 'function') Reflect.apply(handler, this, [event]);
    });
    Object.defineProperty(this, 'onmessage', {
      get: () => handler,
      set: (value: unknown) => {
        handler = value;
        this.startMessages();
      },
    });
    const { document } = this.#page;
    if (document.readyState === 'loading') {
      document.addEventListener('DOMContentLoaded', () => this.startMessages());
    } else {
      this.startMessages();
    }
  }

  #match(url: string): PageRegistration | undefined {
    const matching = this.#state.registrations.filter(({ scope }) => url.startsWith(scope));
    return matching.sort((a, b) => b.scope.length - a.scope.length)[0];
  }

  #lookReady(): void {
    const own = this.#match(this.#page.location.href);
    if (own !== undefined && own.active !== null) this.#isReady(own);
  }

  /** The answer bears a number and comes with a state, because it has to keep its order among the states. */
  async #ask(ask: PageAsk): Promise<unknown> {
    const { controller } = this.#native;
    if (controller === null) {
      const message = 'This page was loaded past Wingman’s service worker: reload it.';
      throw new DOMException(message, 'InvalidStateError');
    }
    const id = ++this.#asks;
    const answer = new Promise<[unknown]>((resolve, reject) => {
      this.#pending.set(id, { resolve: (value) => resolve([value]), reject });
    });
    controller.postMessage({ kind: 'app-worker-ask', id, ask } satisfies FromPage);
    const outcome = await within(answer, APP_WORKER_LIMITS.answerMs);
    this.#pending.delete(id);
    if (outcome === undefined) throw new DOMException('No answer came in time.', 'TimeoutError');
    return outcome[0];
  }

  #post(message: { worker: string; data: unknown; transfer: Transferable[] }): void {
    const full: FromPage = { kind: 'app-worker-message', ...message };
    this.#native.controller?.postMessage(full, message.transfer);
  }

  #heard(event: MessageEvent<ToPage | undefined>): void {
    const { data } = event;
    switch (data?.kind) {
      case 'wingman-app-worker-state':
        this.#applied = this.#applied.then(() => this.#apply(data));
        return;
      case 'wingman-app-worker-refused':
        return this.#pending.get(data.answers)?.reject(fromRefusal(data.refusal));
      case 'wingman-app-worker-message':
        return this.#deliver(data);
      case undefined:
        return;
    }
  }

  /** Applies one snapshot in each task, so that an app that has waited for a promise hears the event that follows. */
  async #apply(message: Extract<ToPage, { kind: 'wingman-app-worker-state' }>): Promise<void> {
    const events = this.#state.apply(message.snapshot);
    if (message.answers !== undefined) this.#pending.get(message.answers)?.resolve(message.value);
    this.#lookReady();
    await nextTask();
    for (const fire of events) fire();
    if (events.length > 0) await nextTask();
  }

  #absolute(url: string | URL): string {
    const { href } = new URL(url, this.#page.document.baseURI);
    return href.replace(/#.*$/s, '');
  }

  #deliver(message: Extract<ToPage, { kind: 'wingman-app-worker-message' }>): void {
    const { data, transfer } = message;
    const event = new MessageEvent('message', {
      ...{ data, origin: this.#page.location.origin },
      ports: transfer.filter((object) => object instanceof MessagePort),
    });
    // The constructor takes no source but the browser's own objects.
    Object.defineProperty(event, 'source', { value: this.#state.worker(message.worker) });
    if (this.#early === undefined) this.dispatchEvent(event);
    else this.#early.push(event);
  }
}

/** Resolves in the next task. A timer would be slow in a hidden tab. */
function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
