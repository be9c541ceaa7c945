import {
  NOT_SUPPORTED,
  type PageSnapshot,
  type RegistrationSnapshot,
  type WorkerSnapshot,
  type WorkerState,
} from '../messages.js';

/** What the objects of a page ask the service worker. */
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

/** A version of the app worker, as its pages see it (Service Workers, section 3.1). */
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

/** A registration, as pages see it (Service Workers, section 3.2). */
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

const PLACES = ['installing', 'waiting', 'active'] as const;

/** The objects for the parts of a snapshot. The same part is always the same object. */
export class PageState {
  controller: PageWorker | null = null;
  readonly #workers = new Map<string, PageWorker>();
  readonly #registrations = new Map<string, PageRegistration>();

  constructor(private readonly asker: Asker) {}

  get registrations(): PageRegistration[] {
    return [...this.#registrations.values()];
  }

  byId(id: string): PageRegistration | undefined {
    return this.#registrations.get(id);
  }

  worker(id: string): PageWorker | null {
    return this.#workers.get(id) ?? null;
  }

  /** Takes a snapshot over. Returns functions that fire the events for the changes, in order. */
  apply(snapshot: PageSnapshot): (() => void)[] {
    const events: (() => void)[] = [];
    for (const each of snapshot.registrations) events.push(...this.#take(each));
    this.#drop(snapshot, events);
    const controller = this.#worker(snapshot.controller, events);
    if (controller !== this.controller) {
      this.controller = controller;
      events.push(() => this.onControllerChange());
    }
    return events;
  }

  onControllerChange: () => void = () => undefined;

  #take(snapshot: RegistrationSnapshot): (() => void)[] {
    const { id, scope, updateViaCache, installing } = snapshot;
    const registration = this.#registrations.get(id) ?? new PageRegistration(id, scope, this.asker);
    this.#registrations.set(id, registration);
    registration.updateViaCache = updateViaCache;
    const events: (() => void)[] = [];
    if (installing !== null && !this.#workers.has(installing.id)) {
      events.push(() => void registration.dispatchEvent(new Event('updatefound')));
    }
    for (const place of PLACES) registration[place] = this.#worker(snapshot[place], events);
    return events;
  }

  #worker(snapshot: WorkerSnapshot | null, events: (() => void)[]): PageWorker | null {
    if (snapshot === null) return null;
    const { id, state } = snapshot;
    const worker = this.#workers.get(id) ?? new PageWorker(snapshot, this.asker);
    this.#workers.set(id, worker);
    if (worker.state !== state) become(worker, state, events);
    return worker;
  }

  /** A version that isn't there any more is redundant. */
  #drop({ registrations, controller }: PageSnapshot, events: (() => void)[]): void {
    const living = registrations.flatMap((each) => PLACES.map((place) => each[place]?.id));
    for (const [id, worker] of this.#workers) {
      if (living.includes(id) || controller?.id === id) continue;
      this.#workers.delete(id);
      become(worker, 'redundant', events);
    }
    for (const [id, registration] of this.#registrations) {
      if (registrations.some((each) => each.id === id)) continue;
      this.#registrations.delete(id);
      if (registration.active !== this.controller) registration.active = null;
      Object.assign(registration, { installing: null, waiting: null });
    }
  }
}

function become(worker: PageWorker, state: PageWorker['state'], events: (() => void)[]): void {
  worker.state = state;
  events.push(() => void worker.dispatchEvent(new Event('statechange')));
}
