import { hideCaches } from '../caches.js';
import {
  appScriptUrl,
  type RegistrationSnapshot,
  type WorkerStart,
  type WorkerState,
} from '../messages.js';
import { Client, Clients, WindowClient } from './clients.js';
import { ExtendableEvent, ExtendableMessageEvent, FetchEvent } from './events.js';
import { makeFetch, type Scope } from './fetch-events.js';
import { ServiceWorker, ServiceWorkerRegistration } from './registration.js';
import type { ServiceWorkerPort } from './service-worker-port.js';

/** Globals that a dedicated worker has and a service worker hasn't. Apps look at them to know where they run. */
const FOREIGN = ['DedicatedWorkerGlobalScope', 'XMLHttpRequest', 'Worker', 'postMessage', 'close'];
const HANDLERS = ['install', 'activate', 'fetch', 'push', 'sync', 'notificationclick'];

/** What the emulation does with a scope that has been made. */
export interface ScopeParts {
  importNatively(url: string): void;
  /** Whether anybody listens. */
  handles(type: string): boolean;
  /** Takes over the states of the registration and of this version. */
  update(registration: RegistrationSnapshot, own: WorkerState): void;
}

/** Makes the scope of a dedicated worker look like a service worker's (Service Workers, section 4.1). */
export function makeScope(scope: Scope, start: WorkerStart, port: ServiceWorkerPort): ScopeParts {
  const importNatively = scope.importScripts.bind(scope);
  const registration = new ServiceWorkerRegistration(start.registration, port);
  const serviceWorker = new ServiceWorker({
    ...{ id: start.version, scriptUrl: start.scriptUrl, state: 'parsed' },
  });
  const heard = noteListeners(scope);
  for (const type of HANDLERS) defineHandler(scope, type);
  for (const name of FOREIGN) Reflect.deleteProperty(scope, name);
  hideCaches(scope);
  define(scope, {
    ...{ registration, serviceWorker, clients: new Clients(port), fetch: makeFetch(scope, port) },
    ...{ ExtendableEvent, ExtendableMessageEvent, FetchEvent, InstallEvent: ExtendableEvent },
    ...{ Client, Clients, ServiceWorker, ServiceWorkerRegistration, WindowClient },
    ServiceWorkerGlobalScope: scopeClass(scope),
    skipWaiting: async () => void (await port.ask({ op: 'skip-waiting' })),
    importScripts: (...urls: (string | URL)[]) => {
      for (const url of urls) importNatively(stored(start, String(url), scope.location.href));
    },
  });
  return {
    importNatively,
    handles: (type) => heard.has(type),
    update: (snapshot, own) => {
      registration.follow(snapshot);
      serviceWorker.become(own);
    },
  };
}

/** A script is kept with the version that has imported it. */
function stored({ version, tab }: WorkerStart, url: string, base: string): string {
  const { href } = new URL(url, base);
  return /^https?:/.test(href) ? appScriptUrl(version, tab, href) : href;
}

function define(scope: Scope, values: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(values)) {
    Object.defineProperty(scope, name, { value, writable: true, configurable: true });
  }
}

function noteListeners(scope: Scope): ReadonlySet<string> {
  const heard = new Set<string>();
  const listen = scope.addEventListener.bind(scope);
  define(scope, {
    addEventListener(...args: Parameters<typeof listen>): void {
      heard.add(args[0]);
      listen(...args);
    },
  });
  return heard;
}

/** `self.onfetch = …` and its like. */
function defineHandler(scope: Scope, type: string): void {
  let handler: unknown = null;
  const listener = (event: Event): void => {
    if (typeof handler === 'function') Reflect.apply(handler, scope, [event]);
  };
  Object.defineProperty(scope, `on${type}`, {
    configurable: true,
    get: () => handler,
    set: (value: unknown) => {
      if (handler === null) scope.addEventListener(type, listener);
      handler = typeof value === 'function' ? value : null;
    },
  });
}

function scopeClass(scope: Scope): NewableFunction {
  return class ServiceWorkerGlobalScope {
    static [Symbol.hasInstance](object: unknown): boolean {
      return object === scope;
    }
  };
}
