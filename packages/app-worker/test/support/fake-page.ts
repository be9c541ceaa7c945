import { hostServiceWorkers, type AppContainer } from '../../src/page/container.js';
import { SNAPSHOT_NAME, type FromPage, type PageSnapshot } from '../../src/messages.js';
import { requestOf } from './fake-worker.js';

/** What clients have around them. */
interface Surroundings {
  readonly origin: string;
  readonly ports: MessagePort[];
  readonly clients: Map<string, FakeClient>;
  heard(message: FromPage, source: FakeClient): void;
  fetch(request: Request, source: { clientId: string }): Promise<Fetched>;
  until<T>(promise: Promise<T>): Promise<T>;
}

/** A client as service workers see it; what is posted to it arrives as a copy. */
export class FakeClient {
  visibilityState = 'visible';
  focused = false;
  readonly messages: unknown[] = [];
  onMessage: (data: unknown, ports: readonly MessagePort[]) => void = () => undefined;

  constructor(
    private readonly world: Surroundings,
    readonly id: string,
    public url: string,
    readonly type: 'window' | 'worker' | 'sharedworker',
    readonly frameType: 'top-level' | 'nested' | 'none',
  ) {}

  postMessage(message: unknown, transfer: MessagePort[] = []): void {
    const copy = structuredClone({ message, ports: transfer }, { transfer: [...transfer] });
    this.world.ports.push(...copy.ports);
    this.messages.push(copy.message);
    queueMicrotask(() => this.onMessage(copy.message, copy.ports));
  }

  focus(): Promise<FakeClient> {
    this.focused = true;
    return Promise.resolve(this);
  }

  navigate(url: string): Promise<FakeClient | null> {
    this.url = url;
    return Promise.resolve(url.startsWith(this.world.origin) ? this : null);
  }
}

/** A document of the app, with the real container in it. */
export class FakePage {
  readonly container: AppContainer;
  readonly loaded = new EventTarget();
  /** What the page's own container has told, by name. */
  readonly log: string[] = [];

  constructor(
    private readonly world: Surroundings,
    readonly client: FakeClient,
    snapshot: PageSnapshot | undefined,
    readyState = 'complete',
  ) {
    const document = {
      ...{ readyState, baseURI: client.url },
      addEventListener: this.loaded.addEventListener.bind(this.loaded),
    };
    const page = {
      document,
      location: new URL(client.url),
      ...(snapshot === undefined ? {} : { [SNAPSHOT_NAME]: snapshot }),
    };
    const listeners: ((event: unknown) => void)[] = [];
    client.onMessage = (data) => listeners.forEach((listener) => listener({ data }));
    const native = {
      controller: {
        postMessage: (message: FromPage, transfer: MessagePort[] = []) =>
          world.heard(structuredClone(message, { transfer: [...transfer] }), client),
      },
      addEventListener: (_: string, listener: (event: unknown) => void) => listeners.push(listener),
      startMessages: () => undefined,
    };
    // The parts of a window and of a browser's container that the package looks at.
    const container = hostServiceWorkers(page as never, native as never);
    if (container === undefined) throw new Error('no container');
    this.container = container;
    container.addEventListener('controllerchange', () => this.log.push('controllerchange'));
  }

  /** Registers, and notes each event of the registration and its workers. */
  async register(script: string, options: RegistrationOptions = {}): Promise<Registered> {
    const registration = await this.world.until(this.container.register(script, options));
    this.watch(registration);
    return registration;
  }

  watch(registration: Registered): void {
    const followed = new WeakSet<object>();
    const follow = (): void => {
      const { installing } = registration;
      if (installing === null || followed.has(installing)) return;
      followed.add(installing);
      installing.addEventListener('statechange', () => this.log.push(installing.state));
    };
    follow();
    registration.addEventListener('updatefound', () => {
      this.log.push('updatefound');
      follow();
    });
  }

  /** Asks for something, as this page's script would. */
  fetch(path: string, init: RequestInit & { destination?: string } = {}): Promise<Fetched> {
    const request = requestOf(new URL(path, this.client.url).href, init);
    return this.world.fetch(request, { clientId: this.client.id });
  }

  /** The page is closed, or has gone elsewhere. */
  close(): void {
    this.world.clients.delete(this.client.id);
  }
}

export type Registered = Awaited<ReturnType<AppContainer['register']>>;

/** A response, and who has made it. */
export interface Fetched {
  by: 'app worker' | 'network';
  response: Response;
}
