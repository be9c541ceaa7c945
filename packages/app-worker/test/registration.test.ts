import { beforeEach, describe, expect, jest, test } from '@jest/globals';
import { APP_WORKER_LIMITS } from '../src/limits.js';
import { makeWorld, stopClock } from './support/clock.js';
import type { FakePage } from './support/fake-page.js';
import { ORIGIN, type World } from './support/world.js';

stopClock();

/** Goes through `install` at once, and counts what it has been through. */
const PLAIN = `
  self.seen = [];
  for (const type of ['install', 'activate']) {
    self.addEventListener(type, () => self.seen.push(type));
  }
`;

/** Waits in an event until the test says how it went. */
const WAITS = (type: string): string => `
  self.addEventListener('${type}', (event) =>
    event.waitUntil(new Promise((resolve, reject) => Object.assign(self, { resolve, reject }))));
`;

let world: World;
let page: FakePage;

beforeEach(async () => {
  world = makeWorld();
  world.script('/sw.js', PLAIN);
  page = await world.open();
});

const states = (registration: Awaited<ReturnType<FakePage['register']>>): unknown => {
  const { installing, waiting, active } = registration;
  return [installing?.state, waiting?.state, active?.state];
};

describe('a first version', () => {
  test('is installed and activated, with the states and events of the standard', async () => {
    const registration = await page.register('/sw.js');
    expect(registration.scope).toBe(`${ORIGIN}/`);
    await world.settle();
    expect(page.log).toEqual(['updatefound', 'installed', 'activating', 'activated']);
    expect(states(registration)).toEqual([undefined, undefined, 'activated']);
    expect(world.value('seen')).toEqual(['install', 'activate']);
  });

  test('runs at the URL of its script, and is started from there', async () => {
    const registration = await page.register('/sw.js');
    await world.settle();
    expect(registration.active?.scriptURL).toBe(`${ORIGIN}/sw.js`);
    expect(world.running().url).toBe(`${ORIGIN}/sw.js`);
    expect(world.preludes).toEqual(['/* shim *//* tab *//* emulation */']);
    expect(world.asked).toEqual(['serviceworker /sw.js']);
  });

  test('is registered while it is being installed, and waits for what `install` waits for', async () => {
    world.script('/sw.js', WAITS('install'));
    const registration = await page.register('/sw.js');
    await world.settle();
    expect(states(registration)).toEqual(['installing', undefined, undefined]);
    (world.value('resolve') as () => void)();
    await world.settle();
    expect(states(registration)).toEqual([undefined, undefined, 'activated']);
  });

  test('that fails its `install` is redundant, and nothing is registered any more', async () => {
    jest.spyOn(console, 'error').mockImplementation(() => undefined);
    world.script('/sw.js', WAITS('install'));
    const registration = await page.register('/sw.js');
    (world.value('reject') as (error: Error) => void)(new Error('on purpose'));
    await world.settle();
    expect(page.log.at(-1)).toBe('redundant');
    expect(states(registration)).toEqual([undefined, undefined, undefined]);
    expect(await world.until(page.container.getRegistrations())).toEqual([]);
    expect(world.tab().workers.every(({ isTerminated }) => isTerminated)).toBe(true);
  });

  test('is active also when its `activate` fails', async () => {
    jest.spyOn(console, 'error').mockImplementation(() => undefined);
    world.script('/sw.js', WAITS('activate'));
    const registration = await page.register('/sw.js');
    await world.settle();
    expect(states(registration)).toEqual([undefined, undefined, 'activating']);
    (world.value('reject') as (error: Error) => void)(new Error('on purpose'));
    await world.settle();
    expect(states(registration)).toEqual([undefined, undefined, 'activated']);
  });

  test('that never ends its `install` is given up after the deadline', async () => {
    world.script('/sw.js', WAITS('install'));
    const registration = await page.register('/sw.js');
    await world.settle();
    await world.pass(APP_WORKER_LIMITS.eventMs - 1);
    expect(states(registration)).toEqual(['installing', undefined, undefined]);
    await world.pass(1);
    expect(page.log.at(-1)).toBe('redundant');
  });

  test('whose script throws is not registered, and the page is told why', async () => {
    world.script('/sw.js', 'throw new Error("broken script");');
    const registered = page.container.register('/sw.js');
    await expect(world.until(registered)).rejects.toThrow('broken script');
    await expect(registered).rejects.toBeInstanceOf(TypeError);
    expect(await world.until(page.container.getRegistrations())).toEqual([]);
  });

  test('whose worker can’t be started is not registered', async () => {
    world.refusesWorkers = true;
    const registered = page.container.register('/sw.js');
    await expect(world.until(registered)).rejects.toThrow('could not be started');
  });

  test('whose worker says nothing is given up after the deadline', async () => {
    world.script('/sw.js', '');
    const registered = page.container.register('/sw.js');
    const outcome = expect(registered).rejects.toThrow('did not start in time');
    // Its shell is busy: no worker is started.
    world.tab().shell.onMessage = () => undefined;
    await world.settle();
    await world.pass(APP_WORKER_LIMITS.startMs);
    await outcome;
  });
});

describe('registering again', () => {
  test('the same script changes nothing, and asks nobody for it', async () => {
    const first = await page.register('/sw.js');
    await world.settle();
    const again = await page.register('/sw.js', { updateViaCache: 'none' });
    expect(again).toBe(first);
    expect(again.updateViaCache).toBe('none');
    expect(world.asked).toEqual(['serviceworker /sw.js']);
  });

  test('another script for the scope is a new version of the same registration', async () => {
    const first = await page.register('/sw.js');
    await world.settle();
    world.script('/other.js', PLAIN);
    const second = await page.register('/other.js');
    await world.settle();
    expect(second).toBe(first);
    expect(second.active?.scriptURL).toBe(`${ORIGIN}/other.js`);
  });

  test('a script for a scope of its own is a registration of its own', async () => {
    await page.register('/sw.js');
    const deep = await page.register('/sw.js', { scope: '/deep/' });
    expect(deep.scope).toBe(`${ORIGIN}/deep/`);
    expect(await world.until(page.container.getRegistrations())).toHaveLength(2);
  });

  test('more registrations than the cap are refused', async () => {
    for (let count = 0; count < APP_WORKER_LIMITS.maxRegistrations; count += 1) {
      await page.register('/sw.js', { scope: `/scope-${count}/` });
      await world.settle();
    }
    const refused = page.container.register('/sw.js', { scope: '/one-more/' });
    await expect(world.until(refused)).rejects.toMatchObject({ name: 'QuotaExceededError' });
    const known = page.container.register('/sw.js', { scope: '/scope-0/' });
    expect((await world.until(known)).scope).toBe(`${ORIGIN}/scope-0/`);
  });
});

describe('what browsers refuse', () => {
  const refused = (script: string, options?: RegistrationOptions): Promise<unknown> =>
    world.until(page.container.register(script, options).catch((error: Error) => error));

  test.each([
    ['a script of another origin', 'https://other.example/sw.js', undefined, 'SecurityError'],
    ['a scope of another origin', '/sw.js', { scope: 'https://other.example/' }, 'SecurityError'],
    ['an escaped slash', '/a%2fb.js', undefined, 'TypeError'],
    ['an escaped backslash in the scope', '/sw.js', { scope: '/a%5Cb/' }, 'TypeError'],
    ['a script of the tunnel’s own', '/__wingman/sw.js', undefined, 'SecurityError'],
    ['a script that is not there', '/missing.js', undefined, 'TypeError'],
  ] as const)('%s is refused', async (_, script, options, name) => {
    expect(await refused(script, options)).toMatchObject({ name });
    expect(world.tab().workers).toEqual([]);
  });

  test('a script that is no JavaScript is refused', async () => {
    world.script('/page.js', '<p>', { 'content-type': 'text/html' });
    expect(await refused('/page.js')).toMatchObject({
      name: 'SecurityError',
      message: expect.stringContaining("unsupported MIME type ('text/html')"),
    });
  });

  test('a script behind a redirect is refused', async () => {
    world.script('/moved.js', '', { location: '/sw.js' }, 302);
    expect(await refused('/moved.js')).toMatchObject({
      name: 'SecurityError',
      message: expect.stringContaining('behind a redirect'),
    });
  });

  test('a scope above the script’s directory is refused, unless the server allows it', async () => {
    world.script('/deep/sw.js', PLAIN);
    expect(await refused('/deep/sw.js', { scope: '/' })).toMatchObject({ name: 'SecurityError' });
    world.script('/deep/sw.js', PLAIN, { 'service-worker-allowed': '/' });
    expect(await refused('/deep/sw.js', { scope: '/' })).toMatchObject({ scope: `${ORIGIN}/` });
  });

  test('a page without a tunnel can’t register', async () => {
    world.closeTab('tab');
    expect(await refused('/sw.js')).toMatchObject({ name: 'InvalidStateError' });
  });

  test('one that was refused doesn’t hold up the next', async () => {
    const [bad, good] = [refused('/missing.js'), refused('/sw.js')];
    expect(await bad).toMatchObject({ name: 'TypeError' });
    expect(await good).toMatchObject({ scope: `${ORIGIN}/` });
  });
});

describe('unregistering', () => {
  test('without pages takes the registration away at once', async () => {
    const registration = await page.register('/sw.js');
    await world.settle();
    expect(await world.until(registration.unregister())).toBe(true);
    await world.settle();
    expect(await world.until(page.container.getRegistrations())).toEqual([]);
    expect(world.tab().workers.at(-1)?.isTerminated).toBe(true);
    expect([...world.kept.keys()].filter((name) => name.startsWith('wingman-app-'))).toEqual([]);
  });

  test('leaves its pages to the version until the last of them is gone', async () => {
    world.script(
      '/sw.js',
      `${PLAIN} self.onfetch = (event) => event.respondWith(new Response('own'));`,
    );
    const registration = await page.register('/sw.js');
    await world.settle();
    const controlled = await world.open('/controlled');
    expect(await world.until(registration.unregister())).toBe(true);
    expect(await world.until(page.container.getRegistrations())).toEqual([]);
    const { response } = await world.until(controlled.fetch('/x'));
    expect(await response.text()).toBe('own');
    const later = await world.open('/later');
    expect(later.container.controller).toBeNull();
    controlled.close();
    await world.until(world.door.sweep());
    await world.settle();
    expect(world.tab().workers.at(-1)?.isTerminated).toBe(true);
  });

  test('a second time says that nothing was there', async () => {
    const registration = await page.register('/sw.js');
    await world.settle();
    await world.until(registration.unregister());
    expect(await world.until(registration.unregister())).toBe(false);
    await expect(world.until(registration.update())).rejects.toBeInstanceOf(TypeError);
  });

  test('a waiting version goes with it', async () => {
    const registration = await page.register('/sw.js');
    await world.settle();
    const controlled = await world.open('/');
    controlled.watch(registration);
    world.script('/sw.js', `${PLAIN} // changed`);
    await world.until(registration.update());
    await world.settle();
    const { waiting } = registration;
    expect(waiting?.state).toBe('installed');
    await world.until(registration.unregister());
    await world.settle();
    expect(waiting?.state).toBe('redundant');
  });
});

describe('the end of the session', () => {
  test('leaves nothing registered, no worker and no cache', async () => {
    await page.register('/sw.js');
    await world.settle();
    const { host } = world.tab();
    const serviceWorker = {
      postMessage: (message: never) => world.heard(message, world.tab().shell),
    };
    await world.until(host.end(serviceWorker as never));
    await world.settle();
    expect(world.tab().workers.every(({ isTerminated }) => isTerminated)).toBe(true);
    expect([...world.kept.keys()]).toEqual([]);
    world.restart();
    const later = await world.open('/');
    expect(later.container.controller).toBeNull();
  });
});

describe('a tab that is closed', () => {
  test('while its version starts ends the registration, soon', async () => {
    const other = world.openTab('other');
    const stranger = await world.open('/', 'other');
    other.shell.onMessage = () => undefined;
    const registered = stranger.container.register('/sw.js');
    registered.catch(() => undefined);
    await world.settle();
    world.closeTab('other');
    await world.pass(APP_WORKER_LIMITS.sweepMs);
    // The next one waits no longer for it.
    expect((await page.register('/sw.js')).scope).toBe(`${ORIGIN}/`);
  });

  test('while its version is being installed makes that version redundant', async () => {
    world.script('/sw.js', WAITS('install'));
    world.openTab('other');
    const stranger = await world.open('/', 'other');
    await stranger.register('/sw.js');
    await world.settle();
    world.closeTab('other');
    await world.pass(APP_WORKER_LIMITS.sweepMs);
    await world.settle();
    expect(await world.until(page.container.getRegistrations())).toEqual([]);
  });

  test('while its version is being activated leaves the version active, in other tabs too', async () => {
    world.script('/sw.js', WAITS('activate'));
    world.openTab('other');
    const stranger = await world.open('/', 'other');
    await stranger.register('/sw.js');
    await world.settle();
    world.closeTab('other');
    await world.pass(APP_WORKER_LIMITS.sweepMs);
    await world.settle();
    const [registration] = await world.until(page.container.getRegistrations());
    expect(registration?.active?.state).toBe('activated');
  });

  test('nothing is looked for once nothing is under way', async () => {
    await page.register('/sw.js');
    await world.settle();
    const before = world.sweeps;
    await world.pass(10 * APP_WORKER_LIMITS.sweepMs);
    expect(world.sweeps).toBe(before);
  });
});
