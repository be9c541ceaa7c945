import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { runEmulation } from '../src/emulation/emulation.js';
import type { FromEmulation, ToEmulation, WorkerStart } from '../src/messages.js';
import { stopClock } from './support/clock.js';
import { FakeScope, type ScopeOfTest } from './support/fake-worker.js';
import { ORIGIN, World } from './support/world.js';

stopClock();

const START: WorkerStart = {
  ...{ version: 'one', scriptUrl: `${ORIGIN}/sw.js`, type: 'classic', tab: 'tab' },
  registration: {
    ...{ id: 'r', scope: `${ORIGIN}/`, updateViaCache: 'imports', waiting: null, active: null },
    installing: { id: 'one', scriptUrl: `${ORIGIN}/sw.js`, state: 'installing' },
  },
};

let world: World;
let scope: ScopeOfTest;
let said: unknown[];
const opened: MessagePort[] = [];

beforeEach(() => {
  world = new World();
  said = [];
  const made = new FakeScope(world, `${ORIGIN}/sw.js`, (message) => said.push(message));
  // An object that has whatever the app's script puts there.
  scope = made as ScopeOfTest;
  runEmulation(made);
});
afterEach(() => {
  opened.splice(0).forEach((port) => port.close());
  world.close();
});

interface Heard {
  heard: FromEmulation[];
  tell: (message: ToEmulation) => void;
}

/** Connects it to a service worker, whose end of the port this is. */
async function connect(script = '', start: Partial<WorkerStart> = {}): Promise<Heard> {
  world.script('/sw.js', script);
  const { port1, port2 } = new MessageChannel();
  opened.push(port1, port2);
  const heard: FromEmulation[] = [];
  port1.onmessage = ({ data }: MessageEvent<FromEmulation>) => void heard.push(data);
  scope.tell({ start: { ...START, ...start } }, [port2]);
  await world.settle();
  return { heard, tell: (message) => port1.postMessage(message) };
}

describe('a worker that is started', () => {
  test('says that it is ready, and waits for its shell', () => {
    expect(said).toEqual(['ready']);
    expect(scope['clients']).toBeUndefined();
  });

  test('runs the script when the shell has given it a port, and says whether it listens for fetches', async () => {
    expect((await connect('self.ran = true;')).heard).toEqual([
      { kind: 'loaded', handlesFetch: false },
    ]);
    expect(scope['ran']).toBe(true);
  });

  test.each([
    'self.onfetch = () => {};',
    'addEventListener("fetch", () => {});',
    'Promise.resolve().then(() => (self.onfetch = () => {}));',
  ])('listens for fetches by %s', async (script) => {
    expect((await connect(script)).heard).toEqual([{ kind: 'loaded', handlesFetch: true }]);
  });

  test('says why the script has failed', async () => {
    const { heard } = await connect('throw new RangeError("too much");');
    expect(heard).toEqual([
      { kind: 'failed', refusal: { name: 'RangeError', message: 'too much' } },
    ]);
  });

  test('takes no port from anybody but the browser', async () => {
    const { port1, port2 } = new MessageChannel();
    opened.push(port1, port2);
    scope.tell({ start: START }, [port2], false);
    scope.tell({ start: START }, []);
    await world.settle();
    expect(world.imported).toEqual([]);
  });

  test('tells a service worker that was started anew the same, and runs the script once', async () => {
    await connect('self.runs = (self.runs ?? 0) + 1;');
    expect((await connect('self.runs = (self.runs ?? 0) + 1;')).heard).toEqual([
      { kind: 'loaded', handlesFetch: false },
    ]);
    expect(scope['runs']).toBe(1);
  });
});

describe('the scope of an app worker', () => {
  test('has what a service worker has', async () => {
    await connect('self.isServiceWorker = self instanceof ServiceWorkerGlobalScope;');
    expect(scope['isServiceWorker']).toBe(true);
    for (const name of [
      'clients',
      'registration',
      'serviceWorker',
      'skipWaiting',
      'fetch',
      'FetchEvent',
      'ExtendableEvent',
      'ExtendableMessageEvent',
      'InstallEvent',
      'Client',
      'WindowClient',
      'Clients',
      'ServiceWorker',
      'ServiceWorkerRegistration',
    ]) {
      expect([name, scope[name] === undefined]).toEqual([name, false]);
    }
    expect({} instanceof (scope['ServiceWorkerGlobalScope'] as never)).toBe(false);
  });

  test('lacks what only a dedicated worker has', async () => {
    expect([typeof scope.XMLHttpRequest, typeof scope.close, typeof scope.postMessage]).toEqual([
      'function',
      'function',
      'function',
    ]);
    await connect();
    const names = [
      'DedicatedWorkerGlobalScope',
      'XMLHttpRequest',
      'Worker',
      'postMessage',
      'close',
    ];
    expect(names.filter((name) => name in scope)).toEqual([]);
  });

  test('doesn’t have the tunnel’s caches', async () => {
    world.kept.set('wingman-1', new Map([[`${ORIGIN}/a`, new Response('ours')]]));
    world.kept.set('of the app', new Map());
    await connect();
    expect(await scope.caches.match('/a')).toBeUndefined();
    expect(await scope.caches.match('/a', { cacheName: 'wingman-1' })).toBeUndefined();
    await (await scope.caches.open('of the app')).put('/a', new Response('the app’s'));
    expect(await (await scope.caches.match('/a'))?.text()).toBe('the app’s');
    expect(await scope.caches.keys()).toEqual(['of the app']);
    expect(await scope.caches.has('wingman-1')).toBe(false);
    expect(await scope.caches.delete('wingman-1')).toBe(false);
    await expect(scope.caches.open('wingman-1')).rejects.toMatchObject({ name: 'SecurityError' });
    expect(world.kept.has('wingman-1')).toBe(true);
    expect(await scope.caches.delete('of the app')).toBe(true);
  });

  test('imports scripts as those of this version, whatever their addresses look like', async () => {
    world.script('/lib/a.js', 'self.a = 1;');
    world.script('/b.js', 'self.b = 2;');
    await connect('importScripts("lib/a.js", new URL("/b.js", location));');
    expect([scope['a'], scope['b']]).toEqual([1, 2]);
    expect(world.imported).toEqual([`${ORIGIN}/sw.js`, `${ORIGIN}/lib/a.js`, `${ORIGIN}/b.js`]);
  });

  test('imports what has no address on the network as it is', async () => {
    const failed = await connect('importScripts("data:text/javascript,1");');
    expect(failed.heard[0]).toMatchObject({
      refusal: { message: expect.stringContaining('data:text/javascript,1') },
    });
  });

  test('has handlers that can be set, read, changed and taken off', async () => {
    const { tell } = await connect(`
      self.calls = [];
      self.onactivate = () => calls.push('first');
      self.onactivate = () => calls.push('second');
      self.had = typeof self.onactivate;
    `);
    tell({ kind: 'lifecycle', id: 1, type: 'activate' });
    await world.settle();
    expect([scope['calls'], scope['had']]).toEqual([['second'], 'function']);
    scope['onactivate'] = null;
    tell({ kind: 'lifecycle', id: 2, type: 'activate' });
    await world.settle();
    expect([scope['calls'], scope['onactivate']]).toEqual([['second'], null]);
  });
});

describe('an event of its life', () => {
  test('is over when all that it waits for is, also what is added later', async () => {
    const { heard, tell } = await connect(`
      self.oninstall = (event) => {
        event.waitUntil(new Promise((resolve) => (self.first = resolve)).then(() => {
          event.waitUntil(new Promise((resolve) => (self.second = resolve)));
        }));
      };
    `);
    tell({ kind: 'lifecycle', id: 5, type: 'install' });
    await world.settle();
    (scope['first'] as () => void)();
    await world.settle();
    expect(heard).toHaveLength(1);
    (scope['second'] as () => void)();
    await world.settle();
    expect(heard.at(-1)).toEqual({ kind: 'done', id: 5, isOk: true });
  });

  test('waits for what an async handler adds in a microtask', async () => {
    const { heard, tell } = await connect(`
      self.oninstall = async (event) => { await 0; };
      self.addEventListener('install', (event) => Promise.resolve().then(() =>
        event.waitUntil(Promise.reject(new Error('late')))));
    `);
    const logged = jest.spyOn(console, 'error').mockImplementation(() => undefined);
    tell({ kind: 'lifecycle', id: 1, type: 'install' });
    await world.settle();
    expect(heard.at(-1)).toEqual({ kind: 'done', id: 1, isOk: false });
    expect(logged).toHaveBeenCalledWith(expect.objectContaining({ message: 'late' }));
  });

  test('that nobody listens to went well', async () => {
    const { heard, tell } = await connect();
    tell({ kind: 'lifecycle', id: 1, type: 'install' });
    await world.settle();
    expect(heard.at(-1)).toEqual({ kind: 'done', id: 1, isOk: true });
  });
});

describe('`registration` and `serviceWorker`', () => {
  const SNAPSHOT = START.registration;

  test('follow what the service worker says, and tell of it', async () => {
    const { tell } = await connect(`
      self.log = [];
      registration.addEventListener('updatefound', () => log.push('updatefound'));
      serviceWorker.onstatechange = () => log.push('own ' + serviceWorker.state);
    `);
    const one = SNAPSHOT.installing ?? fail();
    tell({
      kind: 'state',
      registration: { ...SNAPSHOT, installing: null, active: { ...one, state: 'activated' } },
      own: 'activated',
    });
    await world.settle();
    const registration = scope['registration'] as {
      active: { state: string; scriptURL: string };
      installing: unknown;
    };
    expect(registration.active).toMatchObject({ state: 'activated', scriptURL: `${ORIGIN}/sw.js` });
    expect(registration.installing).toBeNull();
    tell({
      kind: 'state',
      registration: { ...SNAPSHOT, installing: { ...one, id: 'two' } },
      own: 'activated',
    });
    await world.settle();
    expect(scope['log']).toEqual(['own activated', 'updatefound']);
  });

  test('show the same worker as the same object', async () => {
    const { tell } = await connect();
    const registration = scope['registration'] as { installing: object; waiting: object };
    const { installing } = registration;
    tell({
      kind: 'state',
      registration: { ...SNAPSHOT, installing: null, waiting: SNAPSHOT.installing },
      own: 'installed',
    });
    await world.settle();
    expect(registration.waiting).toBe(installing);
  });

  test('say what the registration is', async () => {
    await connect();
    expect(scope['registration']).toMatchObject({ scope: `${ORIGIN}/`, updateViaCache: 'imports' });
    expect(scope['serviceWorker']).toMatchObject({ scriptURL: `${ORIGIN}/sw.js`, state: 'parsed' });
  });

  test('refuse notifications, with the reason', async () => {
    await connect();
    const registration = scope['registration'] as {
      showNotification(): Promise<void>;
      getNotifications(): Promise<unknown>;
    };
    await expect(registration.showNotification()).rejects.toMatchObject({
      name: 'NotSupportedError',
    });
    expect(await registration.getNotifications()).toEqual([]);
  });
});

describe('what the app worker asks for', () => {
  test.each([
    ['skipWaiting()', { op: 'skip-waiting' }],
    ['clients.claim()', { op: 'claim' }],
    ['clients.get("x")', { op: 'client', id: 'x' }],
    ['clients.matchAll()', { op: 'clients', type: 'window', includeUncontrolled: false }],
    ['registration.update()', { op: 'update' }],
    ['registration.unregister()', { op: 'unregister' }],
  ])('%s is asked of the service worker', async (call, ask) => {
    const { heard } = await connect(`${call};`);
    expect(heard.find(({ kind }) => kind === 'ask')).toMatchObject({ kind: 'ask', ask });
  });

  test('is answered, or refused with the exception of that name', async () => {
    const { heard, tell } = await connect(`
      self.outcomes = [];
      registration.unregister().then((is) => outcomes.push(is));
      clients.claim().catch((error) => outcomes.push([error.name, error.message]));
    `);
    const [unregister, claim] = heard.flatMap((message) =>
      message.kind === 'ask' ? [message.id] : [],
    );
    tell({ kind: 'told', id: unregister ?? 0, value: true });
    tell({
      kind: 'refused',
      id: claim ?? 0,
      refusal: { name: 'InvalidStateError', message: 'not active' },
    });
    await world.settle();
    expect(scope['outcomes']).toEqual([true, ['InvalidStateError', 'not active']]);
  });

  test('is asked again of a service worker that was started anew, with the same number', async () => {
    const first = await connect('self.done = clients.claim().then(() => "claimed");');
    const asked = first.heard.find(({ kind }) => kind === 'ask');
    const second = await connect();
    const again = second.heard.find(({ kind }) => kind === 'ask');
    expect(again).toEqual(asked);
    second.tell({ kind: 'told', id: again?.kind === 'ask' ? again.id : 0, value: null });
    expect(await world.until(scope['done'] as Promise<string>)).toBe('claimed');
    expect((await connect()).heard.some(({ kind }) => kind === 'ask')).toBe(false);
  });

  test('an answer that nobody has asked for is dropped', async () => {
    const { heard, tell } = await connect();
    tell({ kind: 'told', id: 99, value: 1 });
    tell({ kind: 'refused', id: 98, refusal: { name: 'Error', message: '' } });
    tell({ kind: 'abort', id: 97 });
    await world.settle();
    expect(heard).toHaveLength(1);
  });
});

function fail(): never {
  throw new Error('there is none');
}
