import { BROWSER_LIMITS } from '../shared/limits.js';
import type {
  DocumentToServiceWorker,
  ServiceWorkerAnswer,
  ShellToServiceWorker,
} from '../shared/service-worker-messages.js';
import { appFetch } from './app-fetch.js';
import { Assets } from './assets.js';
import { browserWorld } from './browser-world.js';
import { Exchanges } from './exchanges.js';
import { destinationOf } from './routing.js';
import { ShellDirectory } from './shell-directory.js';

declare const self: ServiceWorkerGlobalScope;
/** Replaced by scripts/bundle.mjs. */
declare const WINGMAN_VERSION: string;

const instance = crypto.randomUUID();
const directory = new ShellDirectory(browserWorld(self.clients, instance));
const exchanges = new Exchanges((tab) => directory.isGone(tab));
const assets = new Assets(WINGMAN_VERSION, self.caches);
const surroundings = {
  origin: self.location.origin,
  userAgent: self.navigator.userAgent,
  languages: self.navigator.languages,
};

// The cache is filled when the page has loaded: here it would delay the first page by a round trip.
self.addEventListener('install', () => void self.skipWaiting());

self.addEventListener('activate', (event) => {
  event.waitUntil(Promise.all([self.clients.claim(), assets.dropOld()]));
});

self.addEventListener('fetch', (event) => {
  switch (destinationOf(event.request, self.location.origin)) {
    case 'untouched':
      return;
    case 'asset':
      return event.respondWith(assets.asset(event.request));
    case 'shell':
      return event.respondWith(assets.shell());
    case 'app':
      return event.respondWith(appFetch(event, { directory, exchanges, surroundings }));
  }
});

self.addEventListener('message', (event) => {
  const message = event.data as ShellToServiceWorker | DocumentToServiceWorker;
  const clientId = event.source instanceof Client ? event.source.id : '';
  switch (message.kind) {
    case 'shell': {
      const { tab, port, expects } = message;
      directory.add({ tab, clientId, port }, expects);
      return answer(event);
    }
    case 'document':
      return directory.own(clientId, message.tab);
    case 'warm-cache':
      return event.waitUntil(assets.warm());
    case 'keep-alive':
      event.waitUntil(
        new Promise((resolve) => setTimeout(resolve, BROWSER_LIMITS.keepAliveEventMs)),
      );
      void exchanges.sweep();
      return answer(event);
  }
});

function answer(event: ExtendableMessageEvent): void {
  event.ports[0]?.postMessage({ instance } satisfies ServiceWorkerAnswer);
}
