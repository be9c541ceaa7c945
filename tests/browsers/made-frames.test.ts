import { expect, test } from '@jest/globals';
import { besideLocalhost, ONE_PATH } from '../support/beside-localhost.js';
import { page, send, type Route } from '../support/page-app.js';
import { eventually } from '../support/processes.js';

const SCRIPT = { 'content-type': 'text/javascript' };
const SVG = { 'content-type': 'image/svg+xml' };

const ROUTES: Record<string, Route> = {
  '/': (_, response) => send(response, page('<h1>front page</h1>')),
  '/dir/asked': (_, response, { search }) => send(response, `answer to ${search}`),
  '/dir/events': (_, response) =>
    send(response, 'data: told\n\n', { 'content-type': 'text/event-stream' }),
  '/dir/first.js': (_, response) => send(response, 'ran = ["first"]', SCRIPT),
  '/dir/second.js': (_, response) => send(response, 'ran.push("second")', SCRIPT),
  '/dir/style.css': (_, response) =>
    send(response, 'body { width: 77px }', { 'content-type': 'text/css' }),
  '/dir/image': (_, response) =>
    send(response, '<svg xmlns="http://www.w3.org/2000/svg" width="5" height="7"/>', SVG),
  '/watcher.js': (_, response) => send(response, WATCHER, SCRIPT),
};

/** A service worker that says what it has seen. */
const WATCHER = `
  const seen = [];
  onactivate = (event) => event.waitUntil(clients.claim());
  onfetch = ({ request }) => void seen.push(new URL(request.url).pathname);
  onmessage = ({ ports: [port] }) => port.postMessage(seen.splice(0));
`;

const KINDS = ['about:blank', 'srcdoc', 'document.write'];

// That nothing went past the tunnel is the last test of each browser.
besideLocalhost({ routes: ROUTES }, (stage) => {
  test.each(KINDS)(
    'a frame that a script has made (%s) asks and loads through the tunnel',
    async (kind) => {
      const local = await stage.expectSameAfresh(async (side) => {
        await side.open('/', 'front page');
        return [await side.ask(askFromFrame, kind), await side.ask(loadInFrame, kind)];
      }, ONE_PATH);
      const asked = {
        fetch: ['answer to ?fetch', true],
        xhr: ['answer to ?xhr', true],
        events: ['told', true],
        beacon: true,
        scripts: 0,
      };
      const loaded = { image: [5, 7], ran: 'first,second', width: '77px', failed: 1 };
      expect(local).toEqual([asked, loaded]);
      await eventually('a beacon', () =>
        stage.app.seen.some(({ target }) => target.endsWith('?beacon')),
      );
    },
  );

  // Without a tunnel: it says whether a service worker could see what such a frame loads at all.
  test('the browser shows what made frames load to a service worker, or to nobody', async () => {
    const side = await stage.newSide();
    await side.open('/', 'front page');
    const seen: Record<string, unknown> = {};
    await side.ask(watch);
    for (const kind of KINDS) {
      await side.ask(loadInFrame, kind);
      seen[kind] = await side.ask(seenByWatcher);
    }
    await side.ask(unregister);
    await side.tab.close();
    const all = ['first.js', 'image', 'missing', 'second.js', 'style.css'].map(
      (name) => `/dir/${name}`,
    );
    const unseen = stage.name === 'chromium' ? [] : all;
    expect(seen).toEqual({ 'about:blank': unseen, srcdoc: all, 'document.write': unseen });
  });
});

/** Has a service worker of the app's own see what there is to see. Runs in the app's page. */
async function watch(): Promise<void> {
  const controlled = new Promise((resolve) =>
    navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true }),
  );
  await navigator.serviceWorker.register('/watcher.js');
  await controlled;
}

/** Asks for things from within a new frame. Runs in the app's page. */
async function askFromFrame(kind: string): Promise<object> {
  const frame = document.createElement('iframe');
  if (kind === 'srcdoc') frame.srcdoc = '<base href="/dir/"><p>made';
  const loaded = new Promise((resolve) => frame.addEventListener('load', resolve, { once: true }));
  document.body.append(frame);
  await loaded;
  const realm = frame.contentWindow as Window & typeof globalThis;
  if (kind === 'document.write') {
    realm.document.write('<base href="/dir/"><p>made');
    realm.document.close();
  } else if (kind === 'about:blank') {
    realm.document.head.innerHTML = `<base href="${location.origin}/dir/">`;
  }
  const answer = await realm.fetch('asked?fetch');
  const fetched = [await answer.text(), answer instanceof realm.Response];
  const xhr = new realm.XMLHttpRequest();
  xhr.open('GET', 'asked?xhr');
  xhr.send();
  await new Promise((resolve) => (xhr.onloadend = resolve));
  const source = new realm.EventSource('events');
  const told = await new Promise((resolve) => {
    source.onmessage = ({ data }) => resolve(data);
  });
  source.close();
  return {
    fetch: fetched,
    xhr: [xhr.responseText, xhr instanceof realm.XMLHttpRequest],
    events: [told, source instanceof realm.EventSource],
    beacon: realm.navigator.sendBeacon('asked?beacon'),
    scripts: document.scripts.length,
  };
}

/** Loads what elements load from within a new frame, one of them in vain. Runs in the app's page. */
async function loadInFrame(kind: string): Promise<object> {
  const at = (name: string): string => `${location.origin}/dir/${name}?${encodeURI(kind)}`;
  const markup =
    `<img src="${at('image')}"><img src="${at('missing')}" onerror="failed = (window.failed ?? 0) + 1">` +
    `<script src="${at('first.js')}"></script><script src="${at('second.js')}"></script>` +
    `<link rel="stylesheet" href="${at('style.css')}">`;
  const frame = document.createElement('iframe');
  if (kind === 'srcdoc') frame.srcdoc = markup;
  document.body.append(frame);
  const made = frame.contentDocument;
  if (kind === 'document.write') {
    made?.write(markup);
    made?.close();
  } else if (kind === 'about:blank') {
    const parts = made?.createRange().createContextualFragment(markup) ?? '';
    if (parts !== '') for (const script of parts.querySelectorAll('script')) script.async = false;
    made?.body.append(parts);
  }
  const end = Date.now() + 20_000;
  const look = (): { image: unknown[]; ran: unknown; width: unknown; failed: unknown } => {
    const {
      ran,
      failed,
      document: shown,
    } = frame.contentWindow as Window & {
      ran?: string[];
      failed?: number;
    };
    const { naturalWidth, naturalHeight } = shown.images[0] ?? {};
    const width = shown.body && getComputedStyle(shown.body).width;
    return { image: [naturalWidth, naturalHeight], ran: ran?.join(), width, failed };
  };
  const isThere = ({ image, ran, width, failed }: ReturnType<typeof look>): boolean =>
    image[0] === 5 && ran === 'first,second' && width === '77px' && failed !== undefined;
  while (!isThere(look()) && Date.now() < end) await new Promise((go) => setTimeout(go, 50));
  return look();
}

/** What the app's own service worker has seen since it was asked last. Runs in the app's page. */
async function seenByWatcher(): Promise<string[]> {
  const { port1, port2 } = new MessageChannel();
  const answer = new Promise<MessageEvent<string[]>>((resolve) => (port1.onmessage = resolve));
  navigator.serviceWorker.controller?.postMessage('seen', [port2]);
  const { data } = await answer;
  return [...new Set(data)].sort();
}

async function unregister(): Promise<void> {
  await (await navigator.serviceWorker.getRegistration())?.unregister();
}
