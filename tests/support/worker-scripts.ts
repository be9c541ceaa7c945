import type { SeenRequest, StaticFile } from './static-app.js';

const html = (body: string): StaticFile => ({
  type: 'text/html; charset=utf-8',
  body: `<!doctype html><html><head><title>own worker</title><link rel="icon" href="data:,"></head><body><h1>own worker</h1>${body}</body></html>`,
});
const script = (body: string): StaticFile => ({ type: 'text/javascript', body });

/** A worker as one writes it by hand, with something of everything. */
const WORKER = `importScripts('./parts/imported.js');
let count = 0;
self.addEventListener('install', (event) => event.waitUntil(
  caches.open('own').then((cache) => cache.addAll(['/kept.txt', '/kept.html'])).then(() => self.skipWaiting())));
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));
self.onmessage = async (event) => {
  const { ask, port } = event.data;
  const list = await self.clients.matchAll();
  if (ask === 'clients') port.postMessage(list.map(({ frameType, type, url }) => [frameType, type, new URL(url).pathname]));
  if (ask === 'source') event.source.postMessage({ to: event.source.url === list[0].url, echo: event.data.text }, [port]);
  if (ask === 'scope') port.postMessage([
    self instanceof ServiceWorkerGlobalScope, typeof XMLHttpRequest, typeof Worker, typeof self.postMessage,
    location.pathname, new URL(self.registration.scope).pathname, self.registration.active.state,
    (await caches.keys()).sort(), imported,
  ]);
};
const own = (body, init) => new Response(body, init);
self.addEventListener('fetch', (event) => {
  const { request } = event;
  const { pathname, origin } = new URL(request.url);
  if (origin !== location.origin && request.url.includes('far=fetched')) return event.respondWith(fetch(request));
  if (pathname === '/own/text') return event.respondWith(own('from the worker', { status: 203, headers: { 'x-own': 'yes' } }));
  if (pathname === '/own/count') return event.respondWith(own(String(++count)));
  if (pathname === '/own/late') return event.respondWith(new Promise((resolve) => setTimeout(() => resolve(own('late')), 50)));
  if (pathname === '/own/kept') return event.respondWith(caches.match('/kept.txt'));
  if (pathname === '/own/kept.html') return event.respondWith(caches.match('/kept.html'));
  if (pathname === '/own/fails') return event.respondWith(Promise.reject(new Error('on purpose')));
  if (pathname === '/own/prevented') return event.preventDefault();
  if (pathname === '/own/empty') return event.respondWith(own(null, { status: 204 }));
  if (pathname === '/own/script.js') return event.respondWith(own('document.title += " + script";', { headers: { 'content-type': 'text/javascript' } }));
  if (pathname === '/own/request') return event.respondWith((async () => own(JSON.stringify([
    request.method, request.mode, request.destination, request.headers.get('x-sent'), [...request.headers.keys()].filter((name) => name.startsWith('wingman')), request.credentials, request.redirect,
    event.clientId !== '', await request.clone().text(), (await request.arrayBuffer()).byteLength,
  ])))());
  if (pathname === '/own/stream') return event.respondWith(own(new ReadableStream({ async start(controller) {
    for (const part of ['one ', 'two ', 'three']) { controller.enqueue(new TextEncoder().encode(part)); await new Promise((go) => setTimeout(go, 10)); }
    controller.close();
  } })));
  if (pathname === '/own/fetched') return event.respondWith(fetch('/plain?by=worker').then(async (response) =>
    own(JSON.stringify([response.type, response.redirected, new URL(response.url).pathname, await response.text()]))));
  if (pathname === '/own/endless') return event.respondWith(own(new ReadableStream({
    start: (controller) => controller.enqueue(new TextEncoder().encode('first')),
  })));
  if (pathname === '/own/spin') for (;;);
  if (pathname.startsWith('/through/')) return event.respondWith(fetch(request));
});
`;

/** Files of an app with workers of its own, good and bad. */
export const WORKER_FILES: [string, StaticFile | ((request: SeenRequest) => StaticFile)][] = [
  ['/', html('<img id="img" src="/through/dot.svg"><script src="/own/script.js"></script>')],
  ['/own/script.js', script('document.title += " from the server";')],
  ['/kept.html', html('<p>kept page</p>')],
  ['/kept.txt', { type: 'text/plain', body: 'kept text' }],
  ['/plain', { type: 'text/plain', body: 'plain text' }],
  [
    '/through/dot.svg',
    {
      type: 'image/svg+xml',
      body: '<svg xmlns="http://www.w3.org/2000/svg" width="7" height="5"/>',
    },
  ],
  [
    '/through/echo',
    ({ method, body, headers }) => ({
      type: 'text/plain',
      body: `${method} ${body} ${String(headers['x-sent'])}`,
    }),
  ],
  [
    '/through/moved',
    { type: 'text/plain', body: '', status: 302, headers: { location: '/through/page?moved' } },
  ],
  ['/through/never', { type: 'text/plain', body: '', hangs: true }],
  ['/through/page', ({ method, body }) => html(`<p>page by ${method} ${body}</p>`)],
  ['/sw.js', script(WORKER)],
  ['/parts/imported.js', script('const imported = "imported";')],
  ['/bad/syntax.js', script('const = 1;')],
  ['/bad/throws.js', script('throw new Error("on purpose");')],
  ['/bad/import.js', script('importScripts("/bad/missing.js");')],
  ['/bad/type.js', { type: 'text/html', body: '// nothing' }],
  ['/bad/moved.js', { type: 'text/plain', body: '', status: 302, headers: { location: '/sw.js' } }],
  [
    '/bad/install.js',
    script(
      'self.addEventListener("install", (event) => event.waitUntil(Promise.reject(new Error("on purpose"))));',
    ),
  ],
  [
    '/module/sw.js',
    script(`import { answer } from './answer.js';
self.addEventListener('fetch', (event) => {
  if (event.request.url.endsWith('/module/asked')) event.respondWith(new Response(answer + new URL(import.meta.url).pathname));
});`),
  ],
  ['/module/answer.js', script('export const answer = "module at ";')],
  ['/module/', html('<p>module page</p>')],
];
