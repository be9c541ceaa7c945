import { AppWorkers } from '@wingman/app-worker/service-worker';
import { BoundedMap, SHIM_PATH } from '@wingman/protocol';
import { answer, type ReplyPort } from '@wingman/protocol/ports';
import { ISOLATING } from '@wingman/web-policy';
import { SERVICE_WORKER_LIMITS } from '../shared/limits.js';
import { GIVEN_UP_CHANNEL, REQUEST_ID } from '../shared/request-fields.js';
import {
  workerPrefix,
  type Complaint,
  type DocumentToServiceWorker,
  type FileNews,
  type ServiceWorkerAnswer,
  type ShellToServiceWorker,
} from '../shared/service-worker-messages.js';
import { appFetch, ownRequests, type Asked } from './app-fetch.js';
import { Assets, shellPage } from './assets.js';
import { Exchanges } from './exchanges.js';
import { fromDisk } from './from-disk.js';
import { GivenUp, nobodyWaits } from './given-up.js';
import { HeldPosts } from './held-posts.js';
import { HttpCache } from './http-cache.js';
import { inIsolatedTab, Isolation } from './isolation.js';
import { portFetch, SharedPorts, type PortFetchTools } from './port-fetch.js';
import { Pushes } from './pushes.js';
import { RedirectedBodies } from './redirected-bodies.js';
import { forBrowser, keepBody } from './request-body.js';
import { destinationOf, isFrameNavigation, type Destination } from './routing.js';
import { browserWorld, ShellDirectory } from './shell-directory.js';
import { WorkerScripts } from './worker-scripts.js';

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
const surroundings = {
  origin: self.location.origin,
  userAgent: self.navigator.userAgent,
  languages: self.navigator.languages,
};
const innerDocuments = new BoundedMap<string, true>(SERVICE_WORKER_LIMITS.maxOwners);
const appWorkers = new AppWorkers({
  ...{ clients: self.clients, caches: self.caches, origin: self.location.origin },
  ...{ assets, directory, exchanges, innerDocuments, keepBody, workerPrefix },
  ...{ requestIdHeader: REQUEST_ID, isolating: ISOLATING },
  ownRequest: ownRequests(directory, surroundings, exchanges),
});
const cache = new HttpCache(WINGMAN_VERSION, self.caches);
const leave = (): Promise<unknown> =>
  Promise.allSettled([self.registration.unregister(), cache.clear()]);
const tools: PortFetchTools = {
  ...{ directory, exchanges, givenUp, surroundings, cache },
  sharedPorts: new SharedPorts(),
  posts: new HeldPosts(),
  pushes: new Pushes(),
  bodies: new RedirectedBodies(),
  preflights: new BoundedMap(SERVICE_WORKER_LIMITS.maxPreflights),
  workerScripts: new WorkerScripts(() => assets.shim()),
  complain: ({ clientId }, text) => void tellShell(clientId, { kind: 'wingman-complaint', text }),
  tellOfFile: ({ clientId }, saved) => {
    void tellShell(clientId, { kind: 'wingman-file', isSaved: false });
    void saved.then(() => tellShell(clientId, { kind: 'wingman-file', isSaved: true }));
  },
};

// The cache is filled later, when the page has loaded: filling it here would delay the first page by a round trip.
// That page's shim is on its way meanwhile.
self.addEventListener('install', () => {
  void self.skipWaiting();
  assets.prepare();
});

// The app's first page waits until this is over.
self.addEventListener('activate', (event) => {
  event.waitUntil(Promise.all([self.clients.claim(), fromDisk(assets.dropOld())]));
});

self.addEventListener('fetch', (event) => {
  const destination = destinationOf(event.request, self.location.origin);
  const isTheApps = !['asset', 'shell', 'entry', 'relay'].includes(destination);
  if (isTheApps && appWorkers.concerns(event)) {
    return event.respondWith(throughAppWorker(event, destination));
  }
  const response = withoutAppWorker(event, destination);
  if (response !== undefined) event.respondWith(response);
});

/** Asks the app's own service worker first. */
async function throughAppWorker(event: FetchEvent, destination: Destination): Promise<Response> {
  const network = (asked: Asked): Promise<Response> =>
    withoutAppWorker(asked, destination) ?? fetch(forBrowser(event.request));
  const { request, clientId, resultingClientId } = event;
  // The page was opened by a POST, and the app worker would see a GET.
  const isPosted = isFrameNavigation(request) && tools.posts.isAwaited(request.url);
  // The app worker has the head of the answer as soon as the head comes.
  const handled = Promise.resolve(undefined);
  const asThrough = (): Promise<Response> =>
    network({ request, clientId, resultingClientId, handled, isForWorker: true });
  const answered = await givenUp.during(request, (signal) =>
    appWorkers.answer(event, { isPosted, network: asThrough, signal }),
  );
  if (answered === undefined) return network(event);
  const { response, tab } = answered;
  if (response.type === 'error' && givenUp.has(request)) return nobodyWaits();
  if (isFrameNavigation(request) && (await directory.ofTab(tab))?.isIsolated === true) {
    return inIsolatedTab(response, request.method);
  }
  return tools.workerScripts.prefix(request, response, tab);
}

/** Undefined for requests that are left to the browser. */
function withoutAppWorker(event: Asked, destination: Destination): Promise<Response> | undefined {
  switch (destination) {
    case 'untouched':
      return event.request.headers.has(REQUEST_ID) ? elsewhere(event.request) : undefined;
    case 'relay':
      return undefined;
    case 'asset':
      return asset(event);
    case 'shell':
      return shellPage(event, { assets, isolation, posts: tools.posts, leave });
    case 'app':
      return appWorkers.emulation(event) ?? appFetch(event, tools);
    case 'entry':
      return appFetch(event, tools);
    case 'port':
      return portFetch(event, tools);
  }
}

/** A redirect has led a numbered request of the page to another site. */
function elsewhere(request: Request): Promise<Response> {
  const answer = givenUp.during(request, (signal) => fetch(forBrowser(request, signal)));
  return answer.catch(() => Response.error());
}

self.addEventListener('message', (event) => {
  if (appWorkers.heard(event)) return;
  const message = event.data as ShellToServiceWorker | DocumentToServiceWorker;
  const clientId = event.source instanceof Client ? event.source.id : '';
  switch (message.kind) {
    case 'shell': {
      const { expects, isPosted } = message;
      directory.add(clientId, message);
      if (isPosted && expects !== null) tools.posts.announce(clientId, expects);
      // The shell may have taken the place of another one.
      event.waitUntil(appWorkers.sweep());
      return acknowledge(event);
    }
    case 'tunnel-lost':
      directory.lose(message.tab);
      return exchanges.end(message.tab, 'the tunnel worker that carried this has ended');
    case 'expect':
      directory.expect(message.url, message.tab);
      return acknowledge(event);
    case 'document':
      if (message.isInner) innerDocuments.set(clientId, true);
      return directory.own(clientId, message.tab);
    case 'worker':
      return tools.workerScripts.announced(message.url, message.isModule);
    case 'isolation':
      return event.waitUntil(isolation.turn(message.isOn).then(() => acknowledge(event)));
    case 'forget-shell':
      return event.waitUntil(assets.forgetShell().then(() => acknowledge(event)));
    case 'warm-cache':
      return event.waitUntil(assets.warm());
    case 'keep-alive':
      event.waitUntil(
        new Promise((resolve) => setTimeout(resolve, SERVICE_WORKER_LIMITS.keepAliveEventMs)),
      );
      void exchanges.sweep();
      void appWorkers.sweep();
      return acknowledge(event);
  }
});

new BroadcastChannel(GIVEN_UP_CHANNEL).onmessage = ({ data }: MessageEvent<unknown>) => {
  if (typeof data === 'string') givenUp.giveUp(data);
};

async function asset({ request, clientId }: Asked): Promise<Response> {
  const known = (await appWorkers.asset(request)) ?? (await tools.workerScripts.imported(request));
  const response = known ?? (await assets.asset(request));
  const isShim = new URL(request.url).pathname === SHIM_PATH;
  return isShim ? appWorkers.withSnapshot(response, clientId) : response;
}

async function tellShell(clientId: string, message: Complaint | FileNews): Promise<void> {
  const client = await self.clients.get(clientId);
  client?.postMessage(message);
}

function acknowledge(event: ExtendableMessageEvent): void {
  const reply: ReplyPort<ServiceWorkerAnswer> | undefined = event.ports[0];
  if (reply !== undefined) answer(reply, { instance });
}
