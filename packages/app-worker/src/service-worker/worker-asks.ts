import type { ToDocument, WorkerAsk } from '../messages.js';
import type { AppClients } from './app-clients.js';
import type { Lifecycle } from './lifecycle.js';
import type { Registry } from './registry.js';
import type { Registration, Version } from './versions.js';

/** What the app's workers ask for: their clients, and their own life. */
export class WorkerAsks {
  constructor(
    private readonly clients: AppClients,
    private readonly registry: Registry,
    private readonly lifecycle: Lifecycle,
    private readonly tabOf: (clientId: string) => Promise<string | undefined>,
  ) {}

  /** Does what a version asks for in a tab, and says what comes of it. */
  async answer(
    ask: Exclude<WorkerAsk, { op: 'network' }>,
    version: Version,
    tab: string,
  ): Promise<unknown> {
    const registration = this.registry.ofVersion(version.id);
    switch (ask.op) {
      case 'skip-waiting':
        version.skipsWaiting = true;
        if (registration?.waiting === version) void this.lifecycle.tryActivate(registration, tab);
        return null;
      case 'claim':
        return registration === undefined ? null : this.#claim(registration, version);
      case 'client':
        return this.#described(await this.clients.get(ask.id));
      case 'clients':
        return this.#list(ask.type, ask.includeUncontrolled, registration);
      case 'focus':
        return this.#described(await (await this.#window(ask.id)).focus());
      case 'navigate':
        return this.#described(await (await this.#window(ask.id)).navigate(ask.url));
      case 'update':
        if (registration !== undefined) await this.lifecycle.update(registration, tab);
        return null;
      case 'unregister':
        return registration !== undefined && this.lifecycle.unregister(registration);
    }
  }

  async #claim(registration: Registration, version: Version): Promise<null> {
    if (registration.active !== version) {
      throw new DOMException('Only the active worker can claim clients.', 'InvalidStateError');
    }
    for (const { id, url } of await this.clients.list('window')) {
      const tab = await this.tabOf(id);
      if (tab === undefined || this.registry.match(url) !== registration) continue;
      this.registry.control(id, registration, tab);
    }
    this.registry.changed();
    return null;
  }

  async #list(
    type: ClientTypes,
    includeUncontrolled: boolean,
    registration: Registration | undefined,
  ): Promise<unknown> {
    const clients = await this.clients.list(type);
    const wanted = clients.filter(
      ({ id }) => includeUncontrolled || this.registry.controllerOf(id) === registration,
    );
    return wanted.map((client) => this.clients.describe(client));
  }

  async #window(id: string): Promise<WindowClient> {
    const client = await this.clients.get(id);
    if (!(client instanceof WindowClient)) throw new TypeError('not a window');
    return client;
  }

  #described(client: Client | null | undefined): unknown {
    return client ? this.clients.describe(client) : null;
  }

  /** Passes a message on to a page. */
  async toClient(
    id: string,
    { id: worker }: Version,
    data: unknown,
    transfer: Transferable[],
  ): Promise<void> {
    const client = await this.clients.get(id);
    const message: ToDocument = { kind: 'wingman-app-message', worker, data, transfer };
    client?.postMessage(message, transfer);
  }
}
