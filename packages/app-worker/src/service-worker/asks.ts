import { RESERVED_PREFIX } from '@wingman/protocol';
import type { PageAsk, ToPage, WorkerAsk } from '../messages.js';
import { isWindow, type AppClients } from './clients.js';
import type { Lifecycle } from './lifecycle.js';
import type { Registry } from './registry.js';
import type { Registration, Version } from './versions.js';

/** Carries out what pages and app workers ask for. */
export class Asks {
  constructor(
    private readonly origin: string,
    private readonly clients: AppClients,
    private readonly registry: Registry,
    private readonly lifecycle: Lifecycle,
    private readonly tabOf: (clientId: string) => Promise<string | undefined>,
  ) {}

  /** Does what a page asks for, and resolves with the result. */
  async ofPage(ask: PageAsk, clientId: string): Promise<unknown> {
    if (ask.op === 'snapshot') return null;
    if (ask.op === 'end') return this.lifecycle.end();
    const tab = await this.tabOf(clientId);
    if (tab === undefined) throw new DOMException('This tab has no tunnel.', 'InvalidStateError');
    if (ask.op === 'register') {
      const scope = this.#checked(ask.scriptUrl, ask.scope);
      const registration = await this.lifecycle.register({ ...ask, scope, tab });
      return registration.id;
    }
    const registration = this.registry.byId(ask.registration);
    if (registration === undefined || registration.isUnregistered) {
      if (ask.op === 'unregister') return false;
      throw new TypeError('The service worker is not registered any more.');
    }
    if (ask.op === 'unregister') return this.lifecycle.unregister(registration);
    return (await this.lifecycle.update(registration, tab)).id;
  }

  /** Does what a running version asks for, and resolves with the result. */
  async ofWorker(
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

  /** The scope; throws when a page may not name that script or scope (Service Workers, "Start Register" and "Register"). */
  #checked(script: string, wanted: string | null): string {
    const url = new URL(script);
    const scope = new URL(wanted ?? './', script);
    scope.hash = '';
    for (const { origin, pathname } of [url, scope]) {
      if (/%2f|%5c/i.test(pathname)) throw new TypeError('An escaped slash in a URL.');
      if (origin !== this.origin || pathname.startsWith(RESERVED_PREFIX)) {
        throw new DOMException('A service worker of another origin.', 'SecurityError');
      }
    }
    return scope.href;
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
    if (client === undefined || !isWindow(client)) throw new TypeError('not a window');
    return client;
  }

  #described(client: Client | null | undefined): unknown {
    return client ? this.clients.describe(client) : null;
  }

  /** Passes a version's message on to a page. */
  async toClient(
    id: string,
    { id: worker }: Version,
    data: unknown,
    transfer: Transferable[],
  ): Promise<void> {
    const client = await this.clients.get(id);
    const message: ToPage = { kind: 'wingman-app-worker-message', worker, data, transfer };
    client?.postMessage(message, transfer);
  }
}
