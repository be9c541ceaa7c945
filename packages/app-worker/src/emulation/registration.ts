import { NOT_SUPPORTED, type RegistrationSnapshot, type WorkerSnapshot } from '../messages.js';
import type { ServiceWorkerPort } from './service-worker-port.js';

/** A version, as the app worker sees it. */
export class ServiceWorker extends EventTarget {
  readonly scriptURL: string;
  state: string;
  onstatechange: ((event: Event) => void) | null = null;

  constructor({ scriptUrl, state }: WorkerSnapshot) {
    super();
    this.scriptURL = scriptUrl;
    this.state = state;
  }

  /** Takes a new state over. */
  become(state: string): void {
    if (this.state === state) return;
    this.state = state;
    const event = new Event('statechange');
    this.onstatechange?.(event);
    this.dispatchEvent(event);
  }
}

/** `self.registration` (Service Workers, section 3.2). */
export class ServiceWorkerRegistration extends EventTarget {
  readonly #port: ServiceWorkerPort;
  readonly #workers = new Map<string, ServiceWorker>();
  #snapshot: RegistrationSnapshot;
  onupdatefound: ((event: Event) => void) | null = null;

  constructor(snapshot: RegistrationSnapshot, port: ServiceWorkerPort) {
    super();
    this.#snapshot = snapshot;
    this.#port = port;
  }

  get scope(): string {
    return this.#snapshot.scope;
  }

  get updateViaCache(): ServiceWorkerUpdateViaCache {
    return this.#snapshot.updateViaCache;
  }

  get installing(): ServiceWorker | null {
    return this.worker(this.#snapshot.installing);
  }

  get waiting(): ServiceWorker | null {
    return this.worker(this.#snapshot.waiting);
  }

  get active(): ServiceWorker | null {
    return this.worker(this.#snapshot.active);
  }

  async update(): Promise<this> {
    await this.#port.ask({ op: 'update' });
    return this;
  }

  async unregister(): Promise<boolean> {
    return (await this.#port.ask({ op: 'unregister' })) === true;
  }

  showNotification(): Promise<never> {
    return Promise.reject(new DOMException(NOT_SUPPORTED, 'NotSupportedError'));
  }

  getNotifications(): Promise<never[]> {
    return Promise.resolve([]);
  }

  /** Takes a new state over, and fires the events that tell of it. */
  follow(snapshot: RegistrationSnapshot): void {
    const isNew = snapshot.installing !== null && !this.#workers.has(snapshot.installing.id);
    this.#snapshot = snapshot;
    for (const seen of [snapshot.installing, snapshot.waiting, snapshot.active]) {
      if (seen !== null) this.worker(seen)?.become(seen.state);
    }
    if (!isNew) return;
    const event = new Event('updatefound');
    this.onupdatefound?.(event);
    this.dispatchEvent(event);
  }

  /** The same worker is always the same object. */
  worker(snapshot: WorkerSnapshot | null): ServiceWorker | null {
    if (snapshot === null) return null;
    const worker = this.#workers.get(snapshot.id) ?? new ServiceWorker(snapshot);
    this.#workers.set(snapshot.id, worker);
    return worker;
  }
}
