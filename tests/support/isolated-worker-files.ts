import type { StaticFile } from './static-app.js';

const ISOLATING = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
};

/** Reloads until it has a worker, and then reports what it has. */
const PAGE = `(async () => {
  const workers = navigator.serviceWorker;
  if (workers.controller === null) {
    const taken = new Promise((resolve) => workers.addEventListener('controllerchange', resolve));
    await workers.register('sw.js');
    await taken;
    return location.reload();
  }
  const text = async (url) => (await fetch(url)).text();
  const report = {
    isolated: crossOriginIsolated,
    shared: crossOriginIsolated && new SharedArrayBuffer(4).byteLength,
    controller: new URL(workers.controller.scriptURL).pathname,
    own: await text('own'),
    plain: await text('/plain.txt'),
  };
  await fetch('/report', { method: 'POST', body: JSON.stringify(report) });
})()`;

const page = (headers: Record<string, string>): StaticFile => ({
  type: 'text/html',
  body: `<!doctype html><html><head><link rel="icon" href="data:,"></head><body><script>${PAGE}</script></body></html>`,
  headers,
});

/** `answer` is what becomes of everything but its own answer. */
const worker = (answer: string): StaticFile => ({
  type: 'text/javascript',
  body: `self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));
self.addEventListener('fetch', (event) => {
  if (event.request.url.endsWith('/own')) return event.respondWith(new Response('from the worker'));
  ${answer}
});`,
});

/** As pages do it whose servers can't send these headers. */
const ADDING = `event.respondWith(fetch(event.request).then(({ body, status, headers }) => {
    const more = new Headers(headers);
    for (const [name, value] of ${JSON.stringify(Object.entries(ISOLATING))}) more.set(name, value);
    return new Response(body, { status, headers: more });
  }));`;

/** An app that is cross-origin isolated and has a worker, in two ways. */
export const ISOLATED_WORKER_FILES: [string, StaticFile][] = [
  ['/served/', page(ISOLATING)],
  ['/served/sw.js', { ...worker(''), headers: ISOLATING }],
  ['/added/', page({})],
  ['/added/sw.js', worker(ADDING)],
  ['/plain.txt', { type: 'text/plain', body: 'plain text' }],
  ['/report', { type: 'text/plain', body: '' }],
];
