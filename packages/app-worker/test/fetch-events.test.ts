import { beforeEach, describe, expect, jest, test } from '@jest/globals';
import { APP_WORKER_LIMITS } from '../src/limits.js';
import { requestOf } from './support/fake-worker.js';
import { ORIGIN } from './support/world.js';
import { controlled, fetched, handling, text, world } from './support/controlled-page.js';

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
