import type { WorkerSnapshot, WorkerState } from '../state.js';
import { NOT_SUPPORTED } from '../state.js';

/** What the objects of a page ask for. */
export interface Asker {
  update(registration: string): Promise<unknown>;
  unregister(registration: string): Promise<unknown>;
  post(worker: string, data: unknown, transfer: Transferable[]): void;
}

/** An event target with `on…` handlers. */
export class Target extends EventTarget {
  /** Makes `on…` work for these events. */
  protected handle(...types: string[]): void {
    for (const type of types) {
      let handler: unknown = null;
      this.addEventListener(type, (event) => {
        if (typeof handler === 'function') Reflect.apply(handler, this, [event]);
      });
      Object.defineProperty(this, `on${type}`, {
        get: () => handler,
        set: (value: unknown) => (handler = value),
      });
    }
  }
}

/** The app's service worker as its pages see it (Service Workers, section 3.1). */
export class PageWorker extends Target {
  readonly id: string;
  readonly scriptURL: string;
  state: WorkerState;
  readonly #asker: Asker;

  constructor({ id, scriptUrl, state }: WorkerSnapshot, asker: Asker) {
    super();
    this.id = id;
    this.scriptURL = scriptUrl;
    this.state = state;
    this.#asker = asker;
    this.handle('statechange', 'error');
  }

  postMessage(data: unknown, options: Transferable[] | StructuredSerializeOptions = []): void {
    const transfer = Array.isArray(options) ? options : (options.transfer ?? []);
    this.#asker.post(this.id, data, transfer);
  }
}

/** A registration as pages see it (Service Workers, section 3.2). */
export class PageRegistration extends Target {
  installing: PageWorker | null = null;
  waiting: PageWorker | null = null;
  active: PageWorker | null = null;
  updateViaCache: ServiceWorkerUpdateViaCache = 'imports';
  readonly pushManager = {
    subscribe: () => Promise.reject(new DOMException(NOT_SUPPORTED, 'NotSupportedError')),
    getSubscription: () => Promise.resolve(null),
    permissionState: () => Promise.resolve('denied'),
  };
  readonly #id: string;
  readonly #asker: Asker;

  constructor(
    id: string,
    readonly scope: string,
    asker: Asker,
  ) {
    super();
    this.#id = id;
    this.#asker = asker;
    this.handle('updatefound');
  }

  async update(): Promise<this> {
    await this.#asker.update(this.#id);
    return this;
  }

  async unregister(): Promise<boolean> {
    return (await this.#asker.unregister(this.#id)) === true;
  }

  showNotification(): Promise<never> {
    return Promise.reject(new DOMException(NOT_SUPPORTED, 'NotSupportedError'));
  }

  getNotifications(): Promise<never[]> {
    return Promise.resolve([]);
  }
}
