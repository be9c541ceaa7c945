import { beforeEach, describe, expect, jest, test } from '@jest/globals';
import { APP_WORKER_LIMITS } from '../src/limits.js';
import { makeWorld, stopClock } from './support/clock.js';
import type { FakePage, Fetched } from './support/fake-page.js';
import { requestOf } from './support/fake-worker.js';
import { ORIGIN, type World } from './support/world.js';

stopClock();

let world: World;

beforeEach(() => {
  world = makeWorld();
});

/** A page that an app worker with this script controls. */
async function controlled(script: string): Promise<FakePage> {
  world.script('/sw.js', script);
  const first = await world.open('/');
  await first.register('/sw.js');
  await world.settle();
  return world.open('/');
}

/** The same, of a worker that has this handler for what pages fetch; navigations go to the network. */
function handling(handler: string): Promise<FakePage> {
  return controlled(`self.onfetch = (event) => {
    if (event.request.mode === 'navigate') return;
    ${handler}
  };`);
}

const fetched = (page: FakePage, path = '/x', init = {}): Promise<Fetched> =>
  world.until(page.fetch(path, init));

async function text({ by, response }: Fetched): Promise<[string, string]> {
  return [by, await world.until(response.text())];
}

describe('a request', () => {
  test('of a page that nobody controls is not shown to the app worker', async () => {
    world.script('/sw.js', 'self.onfetch = (event) => event.respondWith(new Response("own"));');
    const page = await world.open('/');
    await page.register('/sw.js');
    await world.settle();
    expect(page.container.controller).toBeNull();
    expect(await text(await fetched(page))).toEqual(['network', 'network']);
  });

  test('is answered by the handler', async () => {
    const page = await handling(
      `event.respondWith(new Response('own', { status: 201, statusText: 'Made', headers: { 'x-own': 'yes' } }));`,
    );
    const { by, response } = await fetched(page);
    expect([by, response.status, response.statusText]).toEqual(['app worker', 201, 'Made']);
    expect(response.headers.get('x-own')).toBe('yes');
    expect(await response.text()).toBe('own');
  });

  test('that no handler answers goes to the network', async () => {
    const page = await handling('self.saw = event.request.url;');
    expect(await text(await fetched(page, '/left'))).toEqual(['network', 'network']);
    expect(world.value('saw')).toBe(`${ORIGIN}/left`);
  });

  test('that no tab can carry fails, and the network never sees it', async () => {
    await controlled('self.onfetch = () => undefined;');
    world.closeTab('tab');
    world.sent.length = 0;
    const frame = requestOf(`${ORIGIN}/`, { mode: 'navigate', destination: 'iframe' });
    const outcome = world.until(world.fetch(frame, { resultingClientId: 'frame' }));
    await expect(outcome).rejects.toMatchObject({ code: 'TIMEOUT' });
    expect(world.sent).toEqual([]);
  });

  test('is not shown to a worker that doesn’t listen', async () => {
    const page = await controlled('self.onmessage = null;');
    expect(page.container.controller).not.toBeNull();
    const before = world.tab().workers.length;
    expect((await fetched(page)).by).toBe('network');
    expect(world.tab().workers).toHaveLength(before);
  });

  test('that another one may not be shown goes to the network', async () => {
    await controlled('self.onfetch = (event) => event.respondWith(new Response("own"));');
    const request = requestOf(`${ORIGIN}/posted`, { mode: 'navigate', destination: 'iframe' });
    world.addClient('page-posted', 'window');
    const posted = { resultingClientId: 'page-posted', isPosted: true };
    expect((await world.until(world.fetch(request, posted))).by).toBe('network');
    const shown = { resultingClientId: 'page-posted' };
    expect((await world.until(world.fetch(request, shown))).by).toBe('app worker');
  });

  test('without HTTP concerns no app worker', async () => {
    await controlled('self.onfetch = () => undefined;');
    const event = { request: { url: 'blob:x', mode: 'cors' }, clientId: 'page-1' };
    expect(world.door.concerns(event as never)).toBe(false);
  });

  test('comes with all that it says of itself, and without our own header', async () => {
    const page = await handling(`
      const { url, method, mode, credentials, cache, redirect, destination } = event.request;
      self.saw = { url, method, mode, credentials, cache, redirect, destination,
        headers: [...event.request.headers], client: event.clientId, resulting: event.resultingClientId };
    `);
    await fetched(page, '/a?b=c', {
      ...{ mode: 'same-origin', credentials: 'include', cache: 'no-store', redirect: 'manual' },
      ...{ destination: 'image', headers: { 'x-own': 'yes', 'x-request-id': '7' } },
    });
    expect(world.value('saw')).toEqual({
      ...{ url: `${ORIGIN}/a?b=c`, method: 'GET', mode: 'same-origin', credentials: 'include' },
      ...{ cache: 'no-store', redirect: 'manual', destination: 'image', resulting: '' },
      ...{ headers: [['x-own', 'yes']], client: page.client.id },
    });
  });

  test('comes with its body, and its clone too', async () => {
    const page = await handling(`
      event.respondWith(event.request.clone().text().then(async (copy) =>
        new Response([event.request.method, copy, await event.request.text(), event.request.clone === undefined])));
    `);
    const answer = await fetched(page, '/form', { method: 'POST', body: 'a body' });
    expect((await text(answer))[1]).toBe('POST,a body,a body,false');
  });

  test('of a page that gives it up is aborted in the worker', async () => {
    const page = await handling(`
      event.request.signal.addEventListener('abort', () => (self.gaveUp = true));
      event.respondWith(new Promise((resolve) => (self.finish = resolve)));
    `);
    const abort = new AbortController();
    const request = requestOf(`${ORIGIN}/x`);
    const asked = world.fetch(request, { clientId: page.client.id, signal: abort.signal });
    await world.settle();
    expect(world.value('gaveUp')).toBeUndefined();
    abort.abort();
    await world.settle();
    expect(world.value('gaveUp')).toBe(true);
    (world.value('finish') as (response: Response) => void)(new Response('late'));
    expect((await text(await world.until(asked)))[1]).toBe('late');
  });
});

describe('respondWith()', () => {
  beforeEach(() => void jest.spyOn(console, 'error').mockImplementation(() => undefined));

  test.each([
    ['a promise that rejects', 'event.respondWith(Promise.reject(new Error("no")));'],
    ['an abort', 'event.respondWith(Promise.reject(new DOMException("no", "AbortError")));'],
    ['a network error', 'event.respondWith(Response.error());'],
    ['something that is no Response', 'event.respondWith("text");'],
    [
      'a Response whose body is used',
      'const r = new Response("x"); event.respondWith(r.text().then(() => r));',
    ],
  ])('with %s is a network error', async (_, handler) => {
    const { by, response } = await fetched(await handling(handler));
    expect([by, response.type]).toEqual(['app worker', 'error']);
  });

  test('of an aborted fetch says nothing in the console', async () => {
    const page = await handling(`
      const isAbort = event.request.url.endsWith('/abort');
      event.respondWith(Promise.reject(isAbort ? new DOMException('no', 'AbortError') : new Error('why')));
    `);
    await fetched(page, '/abort');
    expect(console.error).not.toHaveBeenCalled();
    await fetched(page, '/fault');
    expect(console.error).toHaveBeenCalledWith(expect.objectContaining({ message: 'why' }));
  });

  test('prevented and without a response is a network error', async () => {
    const { by, response } = await fetched(await handling('event.preventDefault();'));
    expect([by, response.type]).toEqual(['app worker', 'error']);
  });

  test('a second time throws, and the first response counts', async () => {
    const page = await handling(`
      event.respondWith(new Response('first'));
      try { event.respondWith(new Response('second')); } catch (error) { self.thrown = error.name; }
    `);
    expect((await text(await fetched(page)))[1]).toBe('first');
    expect(world.value('thrown')).toBe('InvalidStateError');
  });

  test('after the handler has returned throws', async () => {
    const page = await handling(`
      Promise.resolve().then(() => Promise.resolve()).then(() => {
        try { event.respondWith(new Response('late')); } catch (error) { self.thrown = error.name; }
      });
    `);
    expect((await fetched(page)).by).toBe('network');
    await world.settle();
    expect(world.value('thrown')).toBe('InvalidStateError');
  });

  test('keeps the listeners that come after from being called', async () => {
    const page = await controlled(`
      self.addEventListener('fetch', (event) => event.respondWith(new Response('first')));
      self.addEventListener('fetch', () => (self.second = true));
    `);
    expect((await text(await fetched(page)))[1]).toBe('first');
    expect(world.value('second')).toBeUndefined();
  });

  test('hands an opaque response over that nobody may look into', async () => {
    world.answersNetwork = ({ url }) =>
      new URL(url).origin === ORIGIN
        ? new Response('network')
        : Object.defineProperties(new Response(null), {
            status: { value: 0 },
            type: { value: 'opaque' },
          });
    const page = await handling('event.respondWith(fetch("https://other.example/picture"));');
    const { response } = await fetched(page);
    expect([response.type, response.status]).toEqual(['opaque', 0]);
    expect(world.kept.get('wingman-app-handover')?.size).toBe(0);
  });
});

describe('a streamed response', () => {
  test('is handed on as it comes', async () => {
    const page = await handling(`
      const { readable, writable } = new TransformStream();
      self.writer = writable.getWriter();
      event.respondWith(new Response(readable));
    `);
    const { response } = await fetched(page);
    const reader = response.body?.getReader();
    const writer = world.value('writer') as WritableStreamDefaultWriter<Uint8Array>;
    for (const piece of ['one', 'two']) {
      void writer.write(new TextEncoder().encode(piece));
      const { value } = await world.until(reader?.read() ?? Promise.reject(new Error('no body')));
      expect(new TextDecoder().decode(value)).toBe(piece);
    }
    void writer.close();
    expect((await world.until(reader?.read() ?? Promise.reject(new Error())))?.done).toBe(true);
  });

  test('that breaks off fails, and does not look whole', async () => {
    const page = await handling(`
      event.respondWith(new Response(new ReadableStream({
        start(controller) {
          controller.enqueue(new TextEncoder().encode('part'));
          self.fail = () => controller.error(new Error('broken'));
        },
      })));
    `);
    const { response } = await fetched(page);
    const read = response.text();
    read.catch(() => undefined);
    await world.settle();
    (world.value('fail') as () => void)();
    await expect(world.until(read)).rejects.toThrow();
  });
});

describe('`handled`', () => {
  test.each([
    [
      'resolves when a response has been handed over',
      'event.respondWith(new Response("x"));',
      'ok',
    ],
    ['resolves when there is none', '', 'ok'],
    ['rejects when the response failed', 'event.respondWith(Response.error());', 'failed'],
  ])('%s', async (_, handler, outcome) => {
    const page = await handling(`
      event.handled.then(() => (self.outcome = 'ok'), () => (self.outcome = 'failed'));
      ${handler}
    `);
    await fetched(page);
    await world.settle();
    expect(world.value('outcome')).toBe(outcome);
  });
});

describe('a preload', () => {
  test('there is none: navigation preload can’t be switched on', async () => {
    const page = await handling(
      `event.respondWith(event.preloadResponse.then((response) => new Response(String(response))));`,
    );
    expect((await text(await fetched(page)))[1]).toBe('undefined');
    const registration = world.value('registration') as object;
    expect('navigationPreload' in registration).toBe(false);
  });
});

describe('a worker that hangs', () => {
  test('is ended after the deadline, the request fails, and the next has a new one', async () => {
    const page = await handling('event.respondWith(new Response("own"));');
    const hung = world.running();
    hung.hang();
    const asked = page.fetch('/x');
    asked.catch(() => undefined);
    await world.settle();
    await world.pass(APP_WORKER_LIMITS.takeMs);
    expect((await world.until(asked)).response.type).toBe('error');
    expect(hung.isTerminated).toBe(true);
    expect((await text(await fetched(page)))[1]).toBe('own');
    expect(world.running()).not.toBe(hung);
  });

  test('whose handlers have returned may take its time', async () => {
    const page = await handling(
      'event.respondWith(new Promise((resolve) => (self.finish = resolve)));',
    );
    const asked = page.fetch('/slow');
    await world.settle();
    await world.pass(10 * APP_WORKER_LIMITS.takeMs);
    (world.value('finish') as (response: Response) => void)(new Response('at last'));
    expect((await text(await world.until(asked)))[1]).toBe('at last');
  });
});

describe('a navigation', () => {
  const navigating = (handler: string): Promise<FakePage> =>
    controlled(`self.onfetch = (event) => {
      self.event = event;
      if (event.request.mode === 'navigate') { ${handler} }
    };`);

  test('says `navigate`, the document that it is, and the client to be', async () => {
    const page = await navigating(
      'const { mode, destination } = event.request; self.saw = [mode, destination, event.resultingClientId];',
    );
    expect(world.value('saw')).toEqual(['navigate', 'document', page.client.id]);
  });

  test('answered by the worker has the shim in it, and its page the controller', async () => {
    const page = await navigating(`event.respondWith(new Response('<head><title>own', {
      headers: { 'content-type': 'text/html' },
    }));`);
    expect(world.opened?.by).toBe('app worker');
    expect(world.opened?.text).toBe('<head><script src="/__wingman/shim.js"></script><title>own');
    expect(page.container.controller?.state).toBe('activated');
  });

  test('that the worker fetches goes to the network as the navigation that it is', async () => {
    world.answersNetwork = ({ mode }) => new Response(`by ${mode}`);
    await navigating(`event.respondWith(fetch(event.request).then(async (response) =>
      new Response([response.type, response.url, response.clone().type, await response.text()].join(' '))));`);
    expect(world.opened?.text).toMatch(/^basic .*basic by navigate$/);
    expect(world.sent.at(-1)?.mode).toBe('navigate');
  });

  test('with another init is fetched as usual, as browsers do it', async () => {
    await navigating(
      `event.respondWith(fetch(event.request, { headers: { 'x-own': '1' } }).then(async (response) =>
        new Response('usual ' + await response.text())));`,
    );
    expect(world.opened?.text).toBe('usual network');
    expect(world.sent.at(-1)?.headers.get('x-own')).toBe('1');
  });

  test('whose network answer redirects is handed over for the browser to follow', async () => {
    world.answersNetwork = ({ url }) =>
      new URL(url).pathname === '/old'
        ? new Response(null, { status: 302, headers: { location: `${ORIGIN}/new` } })
        : new Response('network');
    await navigating('event.respondWith(fetch(event.request));');
    await world.open('/old');
    expect(world.opened?.by).toBe('app worker');
    expect(world.opened?.response.status).toBe(302);
    expect(world.opened?.response.headers.get('location')).toBe(`${ORIGIN}/new`);
    const own = world.sent.at(-1);
    expect(new URL(own?.url ?? '').pathname).toMatch(/^\/__wingman\/app-redirect\//);
    expect(own?.redirect).toBe('manual');
  });

  test('may go to the network after it was answered, and not for ever', async () => {
    await navigating(
      "self.requests = [...(self.requests ?? []), event.request]; event.respondWith(new Response('cached'));",
    );
    const requests = world.value('requests') as Request[];
    const fetch = world.value('fetch') as (request: Request) => Promise<Response>;
    const first = requests[0] as Request;
    expect(await (await world.until(fetch(first))).text()).toBe('network');
    for (let count = 0; count < APP_WORKER_LIMITS.maxKeptNavigations; count += 1) {
      await world.open('/more');
    }
    await expect(world.until(fetch(first))).rejects.toThrow('this navigation is over');
  });

  test('that the worker leaves alone goes to the network', async () => {
    await navigating('');
    expect(world.opened?.by).toBe('network');
  });
});

describe('a range', () => {
  test('of our own origin reaches the network, which a request without CORS could not ask for', async () => {
    const page = await handling('event.respondWith(fetch(event.request));');
    const init = { mode: 'no-cors', headers: { range: 'bytes=0-1' } } satisfies RequestInit;
    const request = requestOf(`${ORIGIN}/video`, init);
    const { by } = await world.until(world.fetch(request, { clientId: page.client.id }));
    expect(by).toBe('app worker');
    expect(world.sent.at(-1)?.headers.get('range')).toBe('bytes=0-1');
    expect(world.sent.at(-1)?.mode).toBe('same-origin');
  });
});

describe('a tab that is closed', () => {
  test('fails what its worker was answering', async () => {
    world.openTab('other');
    world.script(
      '/sw.js',
      `self.onfetch = (event) => event.request.mode !== 'navigate' &&
      event.respondWith(new Promise(() => undefined));`,
    );
    const first = await world.open('/', 'other');
    await first.register('/sw.js');
    await world.settle();
    const page = await world.open('/', 'other');
    const asked = page.fetch('/x');
    await world.settle();
    world.closeTab('other');
    await world.until(world.door.sweep());
    expect((await world.until(asked)).response.type).toBe('error');
  });

  test('leaves a version running in the others, each with a worker of its own', async () => {
    world.script(
      '/sw.js',
      'self.onfetch = (event) => event.respondWith(new Response(self.name ??= String(Math.random())));',
    );
    const first = await world.open('/');
    await first.register('/sw.js');
    await world.settle();
    world.openTab('other');
    const [here, there] = [await world.open('/'), await world.open('/', 'other')];
    const names = [(await text(await fetched(here)))[1], (await text(await fetched(there)))[1]];
    expect(names[0]).not.toBe(names[1]);
    expect([world.tab().workers.length, world.tab('other').workers.length]).toEqual([1, 1]);
    world.closeTab('other');
    expect((await text(await fetched(here)))[1]).toBe(names[0]);
  });
});

describe('a service worker that was killed', () => {
  test('finds the registration, the controlled pages and the running version again', async () => {
    const page = await handling('event.respondWith(new Response("own"));');
    const worker = world.running();
    world.restart();
    expect((await text(await fetched(page)))[1]).toBe('own');
    expect(world.running()).toBe(worker);
    expect(world.tab().workers).toHaveLength(1);
  });

  test('is asked again what the version was waiting for', async () => {
    const page = await handling(`
      event.respondWith(clients.matchAll().then((all) => new Response(String(all.length))));
    `);
    const scope = world.running().scope;
    const port = world.ports.at(-1);
    expect(port).toBeDefined();
    const clients = scope?.['clients'] as { matchAll(): Promise<unknown[]> };
    // The ask goes to a service worker that is killed before it has answered.
    const matched = clients.matchAll();
    world.restart();
    await fetched(page);
    expect(await world.until(matched)).toHaveLength(1);
  });
});
