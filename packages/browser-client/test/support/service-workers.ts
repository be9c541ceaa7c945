import { answer } from '@wingman/protocol/ports';
import type {
  ServiceWorkerAnswer,
  ShellToServiceWorker,
} from '../../src/shared/service-worker-messages.js';
import { setGlobal, type Tab } from './dom.js';

/** A service worker as a page sees it: it answers as the test says. */
export class FakeServiceWorker extends EventTarget {
  static readonly #all = new Set<FakeServiceWorker>();
  readonly scriptURL: string;
  state: ServiceWorkerState = 'activated';
  instance: string | undefined = 'instance-1';
  readonly heard: ShellToServiceWorker[] = [];
  readonly ports: MessagePort[] = [];

  constructor(path = '/__wingman/sw.js') {
    super();
    this.scriptURL = `https://s.example${path}`;
    FakeServiceWorker.#all.add(this);
  }

  /** Closes what was never answered: open ports keep Node running. */
  static closePorts(): void {
    for (const { ports } of this.#all) for (const port of ports) port.close();
    this.#all.clear();
  }

  postMessage(message: ShellToServiceWorker, transfer: MessagePort[] = []): void {
    this.heard.push(message);
    const [reply, ...others] = transfer;
    this.ports.push(...others, ...(reply === undefined ? [] : [reply]));
    if (this.instance === undefined) return;
    if (reply !== undefined) answer<ServiceWorkerAnswer>(reply, { instance: this.instance });
  }

  kinds(): string[] {
    return this.heard.map(({ kind }) => kind);
  }
}

/** `navigator.serviceWorker` of a page. */
export class FakeContainer extends EventTarget {
  controller: FakeServiceWorker | null = null;
  /** Undefined: the browser refuses to register it. */
  active: FakeServiceWorker | undefined = new FakeServiceWorker();
  isListening = false;
  unregistered = 0;
  readonly registered: unknown[][] = [];
  readonly registration = Object.assign(new EventTarget(), {
    installing: null,
    waiting: null,
    unregister: () => Promise.resolve((this.unregistered += 1) > 0),
  });

  get ready(): Promise<unknown> {
    return this.active === undefined
      ? new Promise(() => undefined)
      : Promise.resolve(this.#present());
  }

  register(...args: unknown[]): Promise<unknown> {
    this.registered.push(args);
    if (this.active === undefined) return Promise.reject(new Error('refused'));
    return Promise.resolve(this.#present());
  }

  getRegistration(): Promise<unknown> {
    return Promise.resolve(this.#present());
  }

  getRegistrations(): Promise<unknown[]> {
    return Promise.resolve([this.#present()]);
  }

  startMessages(): void {
    this.isListening = true;
  }

  /** The service worker posts a message to this page. */
  says(data: unknown, ports: MessagePort[] = []): void {
    this.dispatchEvent(Object.assign(new Event('message'), { data, ports }));
  }

  /** Makes this the tab's container, and its browser one that runs service workers. */
  install(tab: Tab): void {
    const { languages, userAgent } = tab.navigator;
    setGlobal('navigator', { languages, userAgent, serviceWorker: this });
  }

  get asContainer(): ServiceWorkerContainer {
    return this as unknown as ServiceWorkerContainer;
  }

  #present(): unknown {
    return Object.assign(this.registration, { active: this.active ?? null });
  }
}
