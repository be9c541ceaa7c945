import { BROWSER_LIMITS } from '../shared/limits.js';
import type {
  Complaint,
  DocumentToServiceWorker,
  ServiceWorkerAnswer,
  ShellToServiceWorker,
} from '../shared/service-worker-messages.js';
import { appFetch, type AppFetchTools } from './app-fetch.js';
import { Assets } from './assets.js';
import { BoundedMap } from './bounded-map.js';
import { browserWorld } from './browser-world.js';
import { Exchanges } from './exchanges.js';
import { Isolation } from './isolation.js';
import { GivenUp } from './given-up.js';
import { GIVEN_UP_CHANNEL } from '../shared/given-up.js';
import { portFetch } from './port-fetch.js';
import { destinationOf } from './routing.js';
import { SharedPorts } from './shared-ports.js';
import { HeldPosts } from './held-posts.js';
import { shellPage } from './shell-page.js';
import { WorkerScripts } from './worker-scripts.js';
import { ShellDirectory } from './shell-directory.js';

declare const self: ServiceWorkerGlobalScope;
/** Replaced by scripts/bundle.mjs. */
declare const WINGMAN_VERSION: string;

const instance = crypto.randomUUID();
const directory = new ShellDirectory(browserWorld(self.clients, instance));
const exchanges = new Exchanges(
  (tab) => directory.isGone(tab),
  async (clientId) => (await self.clients.get(clientId)) === undefined,
);
const givenUp = new GivenUp();
const assets = new Assets(WINGMAN_VERSION, self.caches);
const isolation = new Isolation(WINGMAN_VERSION, self.caches);
const tools: AppFetchTools = {
  directory,
  exchanges,
  givenUp,
  surroundings: {
    origin: self.location.origin,
    userAgent: self.navigator.userAgent,
    languages: self.navigator.languages,
  },
  sharedPorts: new SharedPorts(),
  posts: new HeldPosts(),
  preflights: new BoundedMap(BROWSER_LIMITS.maxPreflights),
  workerScripts: new WorkerScripts(() => assets.shim()),
  complain: ({ clientId }, text) => void complain(clientId, text),
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
      return event.respondWith(asset(event.request));
    case 'shell':
      return event.respondWith(shellPage(event, { assets, isolation, posts: tools.posts }));
    case 'app':
      return event.respondWith(appFetch(event, tools));
    case 'port':
      return event.respondWith(portFetch(event, tools));
  }
});

self.addEventListener('message', (event) => {
  const message = event.data as ShellToServiceWorker | DocumentToServiceWorker;
  const clientId = event.source instanceof Client ? event.source.id : '';
  switch (message.kind) {
    case 'shell': {
      const { tab, port, expects, isPosted, isIsolated } = message;
      directory.add({ tab, clientId, port, isIsolated }, expects);
      if (isPosted && expects !== null) tools.posts.announce(clientId, expects);
      return answer(event);
    }
    case 'document':
      return directory.own(clientId, message.tab);
    case 'worker':
      return tools.workerScripts.announced(message.url, message.isModule);
    case 'isolation':
      return event.waitUntil(isolation.turn(message.isOn).then(() => answer(event)));
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

new BroadcastChannel(GIVEN_UP_CHANNEL).onmessage = ({ data }: MessageEvent<unknown>) => {
  if (typeof data === 'string') givenUp.giveUp(data);
};

async function asset(request: Request): Promise<Response> {
  return (await tools.workerScripts.imported(request)) ?? assets.asset(request);
}

/** A service worker's own console is one that nobody looks at. */
async function complain(clientId: string, text: string): Promise<void> {
  const client = await self.clients.get(clientId);
  client?.postMessage({ kind: 'wingman-complaint', text } satisfies Complaint);
}

function answer(event: ExtendableMessageEvent): void {
  event.ports[0]?.postMessage({ instance } satisfies ServiceWorkerAnswer);
}
