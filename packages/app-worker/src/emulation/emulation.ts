import {
  appScriptUrl,
  toRefusal,
  type FromEmulation,
  type ToEmulation,
  type WorkerStart,
} from '../messages.js';
import { clientOf } from './clients.js';
import { ExtendableEvent, ExtendableMessageEvent } from './events.js';
import { FetchEvents, type Scope } from './fetch-events.js';
import { makeScope, type ScopeParts } from './scope.js';
import { ServiceWorkerPort } from './service-worker-port.js';

/** What a shell sends to the worker: at its start, and when a service worker started anew wants another port. */
interface Connect {
  start: WorkerStart;
}

/**
 * Makes a dedicated worker run a version of the app worker as if it were a service worker. The worker
 * says `ready` to its shell, and takes `{ start: WorkerStart }` with a port of the service worker.
 */
export function runEmulation(scope: Scope): void {
  let emulation: Emulation | undefined;
  // No script of the app has run yet, so none of the app's listeners sees these messages.
  scope.addEventListener('message', (event: MessageEvent<Connect>) => {
    const [port] = event.ports;
    if (!event.isTrusted || port === undefined) return;
    event.stopImmediatePropagation();
    emulation ??= new Emulation(scope, event.data.start);
    emulation.connect(port);
  });
  scope.postMessage('ready');
}

/** One version of the app worker, at the other end of the service worker's port. */
class Emulation {
  #outcome: Promise<FromEmulation> | undefined;
  readonly #port: ServiceWorkerPort;
  readonly #fetches: FetchEvents;
  readonly #parts: ScopeParts;

  constructor(
    private readonly scope: Scope,
    private readonly start: WorkerStart,
  ) {
    this.#port = new ServiceWorkerPort(scope.location.href);
    // The fetch events come first, because they use one of the tunnel's caches, which the scope then hides.
    this.#fetches = new FetchEvents(scope, this.#port);
    this.#parts = makeScope(scope, start, this.#port);
  }

  /** Takes the port of a service worker; the first port has the script loaded. */
  connect(port: MessagePort): void {
    this.#port.connect(port, (message) => this.#heard(message));
    this.#outcome ??= this.#load();
    void this.#outcome.then((outcome) => port.postMessage(outcome));
  }

  async #load(): Promise<FromEmulation> {
    const { version, tab, scriptUrl, type } = this.start;
    try {
      if (type === 'module') await import(scriptUrl);
      else this.#parts.importNatively(appScriptUrl(version, tab, scriptUrl));
      // Loaders like the one in Workbox's output add their listeners in a microtask.
      await new Promise((resolve) => setTimeout(resolve));
      return { kind: 'loaded', handlesFetch: this.#parts.handles('fetch') };
    } catch (error) {
      return { kind: 'failed', refusal: toRefusal(error) };
    }
  }

  #heard(message: ToEmulation): void {
    switch (message.kind) {
      case 'lifecycle':
        return void this.#lifecycle(message.id, message.type);
      case 'fetch':
        return this.#fetches.dispatch(message);
      case 'abort':
        return this.#fetches.abort(message.id);
      case 'message':
        return this.#message(message);
      case 'state':
        return this.#parts.update(message.registration, message.own);
      case 'told':
      case 'refused':
        // `ServiceWorkerPort` has handled these.
        return;
    }
  }

  async #lifecycle(id: number, type: 'install' | 'activate'): Promise<void> {
    const event = new ExtendableEvent(type);
    this.scope.dispatchEvent(event);
    const isOk = await event.settled.then(
      () => true,
      (error: unknown) => {
        console.error(error);
        return false;
      },
    );
    this.#port.post({ kind: 'done', id, isOk });
  }

  #message({ data, source, transfer }: Extract<ToEmulation, { kind: 'message' }>): void {
    const ports = transfer.filter((object) => object instanceof MessagePort);
    const event = new ExtendableMessageEvent('message', {
      ...{ data, ports, origin: this.scope.location.origin },
      source: clientOf(source, this.#port),
    });
    this.scope.dispatchEvent(event);
  }
}
