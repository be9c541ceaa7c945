import { beforeEach, describe, expect, jest, test } from '@jest/globals';
import { APP_WORKER_LIMITS } from '../src/limits.js';
import { makeWorld, stopClock } from './support/clock.js';
import type { FakePage, Registered } from './support/fake-page.js';
import { ORIGIN, type World } from './support/world.js';

stopClock();

/** A version that names itself in what it answers. */
const version = (name: string, more = ''): string =>
  `self.name = '${name}'; self.onfetch = (event) => event.respondWith(new Response('${name}')); ${more}`;

let world: World;
let page: FakePage;
let registration: Registered;

beforeEach(async () => {
  world = makeWorld();
  world.script('/sw.js', version('one'));
  page = await world.open();
  registration = await page.register('/sw.js');
  await world.settle();
  page.log.length = 0;
});

const answer = async (from: FakePage, path = '/x'): Promise<string> =>
  (await world.until(from.fetch(path))).response.text();

describe('looking for a new version', () => {
  test('finds none when no byte has changed', async () => {
    const [before, workers] = [registration.active, world.tab().workers.length];
    expect(await world.until(registration.update())).toBe(registration);
    await world.settle();
    expect(registration.active).toBe(before);
    expect(world.tab().workers).toHaveLength(workers);
    expect(page.log).toEqual([]);
    expect(world.asked).toEqual(['serviceworker /sw.js', 'serviceworker /sw.js']);
  });

  test('installs one when a byte has changed', async () => {
    world.script('/sw.js', version('two'));
    const before = registration.active;
    await world.until(registration.update());
    await world.settle();
    expect(registration.active).not.toBe(before);
    expect(before?.state).toBe('redundant');
    const own = page.log.filter((state) => state !== 'redundant');
    expect(own).toEqual(['updatefound', 'installed', 'activating', 'activated']);
    expect(world.value('name')).toBe('two');
  });

  test('installs one when only a script that it imports has changed', async () => {
    world.script('/part.js', 'self.part = 1;');
    world.script('/sw.js', 'importScripts("/part.js");');
    await world.until(registration.update());
    await world.settle();
    const before = registration.active;
    await world.until(registration.update());
    await world.settle();
    expect(registration.active).toBe(before);
    world.script('/part.js', 'self.part = 2;');
    await world.until(registration.update());
    await world.settle();
    expect(registration.active).not.toBe(before);
    expect(world.value('part')).toBe(2);
  });

  test('takes an imported script that is gone for unchanged', async () => {
    world.script('/part.js', 'self.part = 1;');
    world.script('/sw.js', 'importScripts("/part.js");');
    await world.until(registration.update());
    await world.settle();
    const before = registration.active;
    world.files.delete('/part.js');
    await world.until(registration.update());
    await world.settle();
    expect(registration.active).toBe(before);
  });

  test('rejects when the script is gone, and keeps the version', async () => {
    world.files.delete('/sw.js');
    await expect(world.until(registration.update())).rejects.toThrow('404');
    expect(registration.active?.state).toBe('activated');
    expect(await answer(await world.open('/'))).toBe('one');
  });

  test('rejects when the new script throws, and keeps the version', async () => {
    world.script('/sw.js', 'throw new TypeError("broken");');
    await expect(world.until(registration.update())).rejects.toThrow('broken');
    await world.settle();
    expect(registration.installing).toBeNull();
    expect(registration.active?.state).toBe('activated');
  });

  test('is done a little after a page was asked for, as browsers do it', async () => {
    await world.open('/');
    const before = world.asked.length;
    await world.pass(APP_WORKER_LIMITS.updateMs - 1);
    expect(world.asked).toHaveLength(before);
    await world.pass(1);
    expect(world.asked.slice(before)).toEqual(['serviceworker /sw.js']);
  });

  test('is what `registration.update()` of the app worker does', async () => {
    world.script('/sw.js', version('two'));
    const scope = world.running().scope?.['registration'] as { update(): Promise<unknown> };
    await world.until(scope.update());
    await world.settle();
    expect(world.value('name')).toBe('two');
  });
});

describe('a new version', () => {
  let controlled: FakePage;

  beforeEach(async () => {
    controlled = await world.open('/controlled');
    controlled.watch(registration);
    world.script('/sw.js', version('two'));
  });

  test('waits while a page is controlled by the old one, which goes on answering', async () => {
    await world.until(registration.update());
    await world.settle();
    expect([registration.waiting?.state, registration.active?.state]).toEqual([
      'installed',
      'activated',
    ]);
    expect(await answer(controlled)).toBe('one');
  });

  test('takes over when a page is asked for, and no controlled one is left', async () => {
    await world.until(registration.update());
    await world.settle();
    const old = registration.active;
    controlled.close();
    const next = await world.open('/next');
    expect(world.opened?.text).toBe('two');
    expect(old?.state).toBe('redundant');
    expect(next.container.controller?.scriptURL).toBe(`${ORIGIN}/sw.js`);
    expect(next.container.controller?.state).toBe('activated');
  });

  test('that calls skipWaiting() takes over at once, and its pages hear of it', async () => {
    world.script('/sw.js', version('two', 'self.oninstall = () => self.skipWaiting();'));
    await world.until(registration.update());
    await world.settle();
    expect(await answer(controlled)).toBe('two');
    expect(controlled.log).toContain('controllerchange');
    expect(controlled.container.controller?.state).toBe('activated');
  });

  test('that calls skipWaiting() while it waits takes over then', async () => {
    world.script(
      '/sw.js',
      version(
        'two',
        'self.onmessage = null; self.addEventListener("message", () => self.skipWaiting());',
      ),
    );
    await world.until(registration.update());
    await world.settle();
    registration.waiting?.postMessage('go on');
    await world.settle();
    expect(registration.waiting).toBeNull();
    expect(await answer(controlled)).toBe('two');
  });

  test('that is replaced while it waits is redundant', async () => {
    await world.until(registration.update());
    await world.settle();
    const { waiting } = registration;
    const worker = world.running();
    world.script('/sw.js', version('three'));
    await world.until(registration.update());
    await world.settle();
    expect(worker.isTerminated).toBe(true);
    expect(waiting?.state).toBe('redundant');
    expect(registration.waiting?.state).toBe('installed');
    expect(registration.waiting).not.toBe(waiting);
  });

  test('that fails its `install` leaves the old one in place', async () => {
    jest.spyOn(console, 'error').mockImplementation(() => undefined);
    world.script(
      '/sw.js',
      version('two', 'self.oninstall = (event) => event.waitUntil(Promise.reject(0));'),
    );
    await world.until(registration.update());
    await world.settle();
    expect([registration.waiting, registration.active?.state]).toEqual([null, 'activated']);
    expect(await answer(controlled)).toBe('one');
  });

  test('keeps the scripts that it was installed with', async () => {
    world.script('/sw.js', version('two', 'self.oninstall = () => self.skipWaiting();'));
    await world.until(registration.update());
    await world.settle();
    const caches = [...world.kept.keys()].filter((name) =>
      /^wingman-app-[0-9a-f-]{36}$/.test(name),
    );
    expect(caches).toHaveLength(1);
    const [kept] = world.kept.get(caches[0] ?? '')?.values() ?? [];
    expect(await kept?.clone().text()).toContain("'two'");
  });
});

describe('an old version', () => {
  test('answers what it was asked before it ends', async () => {
    world.script(
      '/sw.js',
      `${version('one', 'self.oninstall = () => self.skipWaiting();')}
      self.onfetch = (event) => event.request.mode !== 'navigate' &&
        event.respondWith(new Promise((resolve) => (self.finish = resolve)));`,
    );
    await world.until(registration.update());
    await world.settle();
    const controlled = await world.open('/');
    const asked = controlled.fetch('/slow');
    await world.settle();
    const finish = world.value('finish') as (response: Response) => void;
    const old = world.running();
    world.script('/sw.js', version('two', 'self.oninstall = () => self.skipWaiting();'));
    await world.until(registration.update());
    await world.settle();
    expect(old.isTerminated).toBe(false);
    finish(new Response('at last'));
    expect(await (await world.until(asked)).response.text()).toBe('at last');
    await world.settle();
    expect(old.isTerminated).toBe(true);
  });

  test('that never answers is ended after the deadline, and the request fails', async () => {
    world.script(
      '/sw.js',
      `self.oninstall = () => self.skipWaiting();
      self.onfetch = (event) => event.request.mode !== 'navigate' &&
        event.respondWith(new Promise(() => undefined));`,
    );
    await world.until(registration.update());
    await world.settle();
    const controlled = await world.open('/');
    const asked = controlled.fetch('/slow');
    await world.settle();
    const old = world.running();
    world.script('/sw.js', version('two', 'self.oninstall = () => self.skipWaiting();'));
    await world.until(registration.update());
    await world.settle();
    await world.pass(APP_WORKER_LIMITS.retireMs);
    expect(old.isTerminated).toBe(true);
    expect((await world.until(asked)).response.type).toBe('error');
  });
});
