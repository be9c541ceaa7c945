import type { DocumentAsk, FromPage, ToDocument } from '../messages.js';
import { fromRefusal, type AppWorkerSnapshot } from '../state.js';
import { APP_WORKER_LIMITS } from '../limits.js';
import { within } from '@wingman/protocol';
import { PageState } from './page-state.js';
import { Target, type PageRegistration, type PageWorker } from './worker.js';

interface Pending {
  resolve: (value: unknown) => void;
  reject: (error: Error) => void;
}

/** `navigator.serviceWorker` as the app sees it: its own workers, and not the tunnel's (Service Workers, section 3.4). */
export class AppContainer extends Target {
  readonly #native: ServiceWorkerContainer;
  readonly #state: PageState;
  readonly #pending = new Map<number, Pending>();
  #asks = 0;
  #applied: Promise<void> = Promise.resolve();
  #early: MessageEvent[] | undefined = [];
  readonly #ready: Promise<PageRegistration>;
  #isReady: (registration: PageRegistration) => void = () => undefined;

  constructor(native: ServiceWorkerContainer, snapshot: AppWorkerSnapshot | undefined) {
    super();
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
    native.addEventListener('message', (event: MessageEvent<ToDocument | undefined>) => {
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
    const scriptUrl = absolute(script);
    const scopeUrl = scope === undefined ? null : absolute(scope);
    const ask = { op: 'register', scriptUrl, scope: scopeUrl, type, updateViaCache } as const;
    const id = await this.#ask(ask);
    const found = this.#state.byId(String(id));
    if (found === undefined) throw new TypeError('The registration is gone already.');
    return found;
  }

  async getRegistration(url: string | URL = ''): Promise<PageRegistration | undefined> {
    await this.#ask({ op: 'snapshot' });
    return this.#match(absolute(url));
  }

  async getRegistrations(): Promise<PageRegistration[]> {
    await this.#ask({ op: 'snapshot' });
    return this.#state.registrations;
  }

  /** Messages that came before anybody could listen are delivered now. */
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
    const own = this.#match(location.href);
    if (own !== undefined && own.active !== null) this.#isReady(own);
  }

  async #ask(ask: DocumentAsk): Promise<unknown> {
    const { controller } = this.#native;
    if (controller === null) {
      const message = 'This page was loaded past Wingman’s service worker: reload it.';
      throw new DOMException(message, 'InvalidStateError');
    }
    const id = ++this.#asks;
    const answer = new Promise<[unknown]>((resolve, reject) => {
      this.#pending.set(id, { resolve: (value) => resolve([value]), reject });
    });
    controller.postMessage({ kind: 'app-worker', id, ask } satisfies FromPage);
    const outcome = await within(answer, APP_WORKER_LIMITS.answerMs);
    this.#pending.delete(id);
    if (outcome === undefined) throw new DOMException('No answer came in time.', 'TimeoutError');
    return outcome[0];
  }

  #post(message: { worker: string; data: unknown; transfer: Transferable[] }): void {
    const full: FromPage = { kind: 'app-message', ...message };
    this.#native.controller?.postMessage(full, message.transfer);
  }

  #heard(event: MessageEvent<ToDocument | undefined>): void {
    const { data } = event;
    switch (data?.kind) {
      case 'wingman-app-worker':
        this.#applied = this.#applied.then(() => this.#apply(data));
        return;
      case 'wingman-app-worker-refused':
        return this.#pending.get(data.answers)?.reject(fromRefusal(data.refusal));
      case 'wingman-app-message':
        return this.#deliver(data);
      case undefined:
        return;
    }
  }

  /** One snapshot a task: an app that waited for a promise is there when the event for it fires. */
  async #apply(message: Extract<ToDocument, { kind: 'wingman-app-worker' }>): Promise<void> {
    const events = this.#state.apply(message.snapshot);
    if (message.answers !== undefined) this.#pending.get(message.answers)?.resolve(message.value);
    this.#lookReady();
    await nextTask();
    for (const fire of events) fire();
    if (events.length > 0) await nextTask();
  }

  #deliver(message: Extract<ToDocument, { kind: 'wingman-app-message' }>): void {
    const { data, transfer } = message;
    const event = new MessageEvent('message', {
      ...{ data, origin: location.origin },
      ports: transfer.filter((object) => object instanceof MessagePort),
    });
    // The constructor takes none but the browser's own.
    Object.defineProperty(event, 'source', { value: this.#state.worker(message.worker) });
    if (this.#early === undefined) this.dispatchEvent(event);
    else this.#early.push(event);
  }
}

function absolute(url: string | URL): string {
  const { href } = new URL(url, document.baseURI);
  return href.replace(/#.*$/s, '');
}

/** Not slowed down in a hidden tab, as a timer would be. */
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
