import { hideCaches } from '../caches.js';
import { appScriptUrl, type WorkerStart } from '../messages.js';
import type { RegistrationSnapshot, WorkerState } from '../state.js';
import type { Link } from './emulation.js';
import { Client, Clients, WindowClient } from './clients.js';
import { ExtendableEvent, ExtendableMessageEvent, FetchEvent } from './events.js';
import { makeFetch } from './network.js';
import { ServiceWorker, ServiceWorkerRegistration } from './registration.js';

/** Whatever a worker has and a service worker hasn't: apps tell by these where they run. */
const FOREIGN = ['DedicatedWorkerGlobalScope', 'XMLHttpRequest', 'Worker', 'postMessage', 'close'];
const HANDLERS = ['install', 'activate', 'fetch', 'push', 'sync', 'notificationclick'];

/** What is left to do on a scope that is there. */
export interface ScopeParts {
  importNatively(url: string): void;
  /** Whether anybody listens. */
  handles(type: string): boolean;
  update(registration: RegistrationSnapshot, own: WorkerState): void;
}

/** Makes this worker's global scope that of a service worker (Service Workers, section 4.1). */
export function makeScope(start: WorkerStart, link: Link): ScopeParts {
  const importNatively = self.importScripts.bind(self);
  const registration = new ServiceWorkerRegistration(start.registration, link);
  const serviceWorker = new ServiceWorker({
    ...{ id: start.version, scriptUrl: start.scriptUrl, state: 'parsed' },
  });
  const heard = noteListeners();
  for (const type of HANDLERS) defineHandler(type);
  for (const name of FOREIGN) Reflect.deleteProperty(self, name);
  hideCaches(CacheStorage.prototype);
  define({
    ...{ registration, serviceWorker, clients: new Clients(link), fetch: makeFetch(link) },
    ...{ ExtendableEvent, ExtendableMessageEvent, FetchEvent, InstallEvent: ExtendableEvent },
    ...{ Client, Clients, ServiceWorker, ServiceWorkerRegistration, WindowClient },
    ServiceWorkerGlobalScope: scopeClass(),
    skipWaiting: async () => void (await link.ask({ op: 'skip-waiting' })),
    importScripts: (...urls: (string | URL)[]) => {
      for (const url of urls) importNatively(stored(start, String(url)));
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

/** Scripts are kept with the version that has imported them. */
function stored({ version, tab }: WorkerStart, url: string): string {
  const { href } = new URL(url, location.href);
  return /^https?:/.test(href) ? appScriptUrl(version, tab, href) : href;
}

function define(values: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(values)) {
    Object.defineProperty(self, name, { value, writable: true, configurable: true });
  }
}

function noteListeners(): ReadonlySet<string> {
  const heard = new Set<string>();
  const listen = self.addEventListener.bind(self);
  define({
    addEventListener(...args: Parameters<typeof listen>): void {
      heard.add(args[0]);
      listen(...args);
    },
  });
  return heard;
}

/** `self.onfetch = …` and its like. */
function defineHandler(type: string): void {
  let handler: unknown = null;
  const listener = (event: Event): void => {
    if (typeof handler === 'function') Reflect.apply(handler, self, [event]);
  };
  Object.defineProperty(self, `on${type}`, {
    configurable: true,
    get: () => handler,
    set: (value: unknown) => {
      if (handler === null) self.addEventListener(type, listener);
      handler = typeof value === 'function' ? value : null;
    },
  });
}

function scopeClass(): NewableFunction {
  return class ServiceWorkerGlobalScope {
    static [Symbol.hasInstance](object: unknown): boolean {
      return object === self;
    }
  };
}
