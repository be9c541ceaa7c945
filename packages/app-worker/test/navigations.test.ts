import { describe, expect, test } from '@jest/globals';
import { APP_WORKER_LIMITS } from '../src/limits.js';
import type { FakePage } from './support/fake-page.js';
import { requestOf } from './support/fake-worker.js';
import { ORIGIN } from './support/world.js';
import { controlled, fetched, handling, text, world } from './support/controlled-page.js';

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
