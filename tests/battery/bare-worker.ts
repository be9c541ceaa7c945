import type { Engine } from '../support/browser.js';
import type { Route } from '../support/page-app.js';

/** A service worker that answers by itself, and says what it was asked. */
const WORKER = `
  const seen = [];
  const broken = () => new ReadableStream({
    start(controller) {
      controller.enqueue(new Uint8Array(4));
      setTimeout(() => controller.error(new TypeError('cut')), 50);
    },
  });
  const answers = {
    sized: () => new Response('12345'),
    cut: () => new Response(broken()),
    moved: () => Response.redirect('/bare/there', 302),
    there: () => new Response('there'),
  };
  oninstall = () => skipWaiting();
  onactivate = (event) => event.waitUntil(clients.claim());
  onfetch = (event) => {
    const name = new URL(event.request.url).pathname.split('/').pop();
    seen.push(name);
    if (name in answers) event.respondWith(answers[name]());
  };
  onmessage = ({ ports: [port] }) => port.postMessage(seen);
`;

const text = (type: string, body: string): Route =>
  function answer(_, response) {
    response.writeHead(200, { 'content-type': type }).end(body);
  };

/** A page below `/bare/`, and what it asks for. */
export const BARE_ROUTES: Record<string, Route> = {
  '/bare/': text('text/html', '<title>bare</title><h1>a bare page</h1>'),
  '/bare/worker.js': text('text/javascript', WORKER),
  ...Object.fromEntries(
    ['kept', 'scripted', 'still'].map((name) => [`/bare/${name}`, text('text/html', '<p>there')]),
  ),
};

/** What a browser makes of any service worker, and of frames. */
interface Bare {
  /** What no script can replace. */
  readonly fixed: readonly string[];
  /** The size that resource timing names for five bytes of a service worker. */
  readonly size: number;
  /** The error of a body that the service worker has broken off. */
  readonly cut: string;
  /** `redirected` of an answer of the service worker to which the service worker has redirected. */
  readonly redirected: boolean;
  /** Which of these a service worker is shown: a request with `keepalive`, and the documents of two sandboxed frames. */
  readonly seen: readonly string[];
}

const FIXED = ['top', 'ancestorOrigins'];

/** What the differences in `known.ts` come from. */
export const BARE: Readonly<Record<Engine, Bare>> = {
  chromium: { fixed: FIXED, size: 5, cut: 'TypeError', redirected: true, seen: ['kept', 'still'] },
  firefox: { fixed: FIXED, size: 0, cut: 'AbortError', redirected: true, seen: ['still'] },
  webkit: { fixed: FIXED, size: 0, cut: 'TypeError', redirected: false, seen: ['kept'] },
};

/** Looks at what a browser does without any tunnel. Runs in the page at `/bare/`, and uses nothing from outside of itself. */
export async function lookAtBare(): Promise<Bare> {
  const { serviceWorker } = navigator;
  const controlled = new Promise((resolve) =>
    serviceWorker.addEventListener('controllerchange', resolve, { once: true }),
  );
  const registration = await serviceWorker.register('/bare/worker.js');
  await controlled;
  const load = (name: string, sandbox: string): Promise<unknown> => {
    const frame = document.createElement('iframe');
    frame.setAttribute('sandbox', sandbox);
    frame.src = `/bare/${name}`;
    const loaded = new Promise((resolve) => (frame.onload = resolve));
    document.body.append(frame);
    return loaded;
  };
  await (await fetch('sized')).text();
  await fetch('kept', { keepalive: true });
  await load('scripted', 'allow-scripts');
  await load('still', 'allow-same-origin');
  const { redirected } = await fetch('moved');
  const cut = await (await fetch('cut')).text().catch(({ name }: Error) => name);
  const [sized] = performance.getEntriesByName(new URL('sized', location.href).href);
  const { port1, port2 } = new MessageChannel();
  const answer = new Promise<MessageEvent<string[]>>((resolve) => (port1.onmessage = resolve));
  serviceWorker.controller?.postMessage('seen', [port2]);
  const { data } = await answer;
  await registration.unregister();
  const isFixed = (holder: object, name: string): boolean =>
    Object.getOwnPropertyDescriptor(holder, name)?.configurable === false;
  return {
    fixed: [
      ...(isFixed(window, 'top') ? ['top'] : []),
      ...(isFixed(location, 'ancestorOrigins') ? ['ancestorOrigins'] : []),
    ],
    size: (sized as PerformanceResourceTiming).decodedBodySize,
    ...{ cut, redirected },
    seen: ['kept', 'scripted', 'still'].filter((name) => data.includes(name)),
  };
}
