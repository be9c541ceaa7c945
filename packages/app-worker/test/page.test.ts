import { beforeEach, describe, expect, jest, test } from '@jest/globals';
import { APP_WORKER_LIMITS } from '../src/limits.js';
import {
  hostServiceWorkers,
  nativeServiceWorkers,
  showServiceWorkers,
  type AppContainer,
} from '../src/page/container.js';
import { SNAPSHOT_NAME, type FromPage, type PageSnapshot, type ToPage } from '../src/messages.js';
import { stopClock } from './support/clock.js';

stopClock();

const ORIGIN = 'https://session.example';

interface Bench {
  container: AppContainer;
  /** What the page has told the service worker. */
  told: { message: FromPage; transfer: unknown[] }[];
  /** The service worker says something. */
  say: (message: ToPage) => void;
  loaded: () => void;
  page: Record<string, unknown>;
}

function bench({
  snapshot,
  readyState = 'complete',
  isControlled = true,
}: {
  snapshot?: PageSnapshot;
  readyState?: string;
  isControlled?: boolean;
} = {}): Bench {
  const told: Bench['told'] = [];
  const document = new EventTarget();
  Object.assign(document, { readyState, baseURI: `${ORIGIN}/base/` });
  const page: Record<string, unknown> = { document, location: new URL(`${ORIGIN}/app/page`) };
  if (snapshot !== undefined) page[SNAPSHOT_NAME] = snapshot;
  const listeners: ((event: unknown) => void)[] = [];
  const controller = {
    postMessage: (message: FromPage, transfer: unknown[] = []) => told.push({ message, transfer }),
  };
  const native = {
    controller: isControlled ? controller : null,
    addEventListener: (_: string, listener: (event: unknown) => void) => listeners.push(listener),
    startMessages: () => undefined,
  };
  // The parts of a window and of a browser's container that the package looks at.
  const container = hostServiceWorkers(page as never, native as never);
  if (container === undefined) throw new Error('no container');
  const say = (data: ToPage): void => listeners.forEach((listener) => listener({ data }));
  return {
    ...{ container, told, say, page },
    loaded: () => document.dispatchEvent(new Event('DOMContentLoaded')),
  };
}

type Places = Partial<PageSnapshot['registrations'][number]>;

function snapshotOf(places: Places, controller: PageSnapshot['controller'] = null): PageSnapshot {
  const none = { installing: null, waiting: null, active: null };
  const common = { id: 'r', scope: `${ORIGIN}/`, updateViaCache: 'imports' } as const;
  return { registrations: [{ ...common, ...none, ...places }], controller };
}

const active = (id = 'one') => ({ id, scriptUrl: `${ORIGIN}/sw.js`, state: 'activated' }) as const;
const state = (
  snapshot: PageSnapshot,
  rest: { answers?: number; value?: unknown } = {},
): ToPage => ({
  ...{ kind: 'wingman-app-worker-state', snapshot },
  ...rest,
});

/** A snapshot is applied in a task of its own. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

describe('a page that is being loaded', () => {
  test('has its controller at its first script', () => {
    const { container, page } = bench({ snapshot: snapshotOf({ active: active() }, active()) });
    expect(container.controller?.scriptURL).toBe(`${ORIGIN}/sw.js`);
    expect(SNAPSHOT_NAME in page).toBe(false);
  });

  test('has none when nothing is registered', () => {
    expect(bench().container.controller).toBeNull();
  });

  test('is ready at once when a version is active in its scope', async () => {
    const { container } = bench({ snapshot: snapshotOf({ active: active() }) });
    expect((await container.ready).active?.state).toBe('activated');
  });

  test('hears messages only once its script has run, in their order', async () => {
    const { container, say, loaded } = bench({
      readyState: 'loading',
      snapshot: snapshotOf({ active: active() }),
    });
    const heard: unknown[] = [];
    container.addEventListener('message', (event) => heard.push((event as MessageEvent).data));
    for (const data of ['first', 'second']) {
      say({ kind: 'wingman-app-worker-message', worker: 'one', data, transfer: [] });
    }
    expect(heard).toEqual([]);
    loaded();
    expect(heard).toEqual(['first', 'second']);
    say({ kind: 'wingman-app-worker-message', worker: 'one', data: 'third', transfer: [] });
    expect(heard).toEqual(['first', 'second', 'third']);
  });

  test('hears them earlier when it sets `onmessage`, or says so', () => {
    for (const start of ['onmessage', 'startMessages'] as const) {
      const { container, say } = bench({ readyState: 'loading' });
      say({ kind: 'wingman-app-worker-message', worker: 'one', data: 'early', transfer: [] });
      const heard: unknown[] = [];
      const hear = (event: Event): unknown => heard.push((event as MessageEvent).data);
      if (start === 'onmessage') Object.assign(container, { onmessage: hear });
      else {
        container.addEventListener('message', hear);
        container.startMessages();
      }
      expect(heard).toEqual(['early']);
    }
  });
});

describe('a page without the tunnel’s service worker', () => {
  test('can’t register, and is told why', async () => {
    const { container } = bench({ isControlled: false });
    await expect(container.register('/sw.js')).rejects.toMatchObject({
      name: 'InvalidStateError',
      message: expect.stringContaining('reload it'),
    });
  });

  test('has no container where the browser has none', () => {
    expect(hostServiceWorkers({} as never, undefined)).toBeUndefined();
  });
});

describe('what a page asks for', () => {
  test('is asked with addresses that are resolved against the page’s base', async () => {
    const { container, told, say } = bench();
    const registered = container.register('sw.js#fragment', { scope: './deep/', type: 'module' });
    await turns();
    expect(told[0]?.message).toEqual({
      ...{ kind: 'app-worker-ask', id: 1 },
      ask: {
        ...{ op: 'register', scriptUrl: `${ORIGIN}/base/sw.js`, scope: `${ORIGIN}/base/deep/` },
        ...{ type: 'module', updateViaCache: 'imports' },
      },
    });
    say(
      state(snapshotOf({ installing: { ...active(), state: 'installing' } }), {
        answers: 1,
        value: 'r',
      }),
    );
    await turns();
    expect((await registered).installing?.state).toBe('installing');
  });

  test('is refused with the exception that the service worker names', async () => {
    const { container, say } = bench();
    const outcome = container.register('/sw.js');
    outcome.catch(() => undefined);
    await turns();
    const refusal = { name: 'SecurityError', message: 'not there' };
    say({ kind: 'wingman-app-worker-refused', answers: 1, refusal });
    await expect(outcome).rejects.toMatchObject(refusal);
    await expect(outcome).rejects.toBeInstanceOf(DOMException);
  });

  test('fails after the deadline', async () => {
    const { container } = bench();
    const outcome = container.register('/sw.js');
    const failed = expect(outcome).rejects.toMatchObject({ name: 'TimeoutError' });
    await turns();
    jest.advanceTimersByTime(APP_WORKER_LIMITS.answerMs - 1);
    await turns();
    jest.advanceTimersByTime(1);
    await failed;
  });

  test('a registration that is gone by the time of the answer can’t be had', async () => {
    const { container, say } = bench();
    const outcome = container.register('/sw.js');
    outcome.catch(() => undefined);
    await turns();
    say(state({ registrations: [], controller: null }, { answers: 1, value: 'r' }));
    await expect(outcome).rejects.toThrow('gone already');
  });

  test('each answer goes to the ask that it is for', async () => {
    const { container, say } = bench();
    const [first, second] = [container.getRegistration('/a'), container.getRegistrations()];
    await turns();
    say(state(snapshotOf({ active: active() }), { answers: 2, value: null }));
    await turns();
    expect(await second).toHaveLength(1);
    say(state({ registrations: [], controller: null }, { answers: 1, value: null }));
    expect(await first).toBeUndefined();
  });
});

describe('getRegistration()', () => {
  const scoped = (id: string, scope: string) => ({
    ...{ id, scope: ORIGIN + scope, updateViaCache: 'imports' as const },
    ...{ installing: null, waiting: null, active: active(id) },
  });

  test.each([
    ['/app/page', `${ORIGIN}/app/`],
    ['/other', `${ORIGIN}/`],
    ['/apple', `${ORIGIN}/`],
  ])('of %s finds that of the longest scope', async (url, scope) => {
    const { container, say } = bench();
    const found = container.getRegistration(url);
    await turns();
    const registrations = [scoped('root', '/'), scoped('app', '/app/')];
    say(state({ registrations, controller: null }, { answers: 1, value: null }));
    expect((await found)?.scope).toBe(scope);
  });

  test('without a URL asks for the page’s base', async () => {
    const { container, say } = bench();
    const found = container.getRegistration();
    await turns();
    const registrations = [scoped('base', '/base/'), scoped('app', '/app/')];
    say(state({ registrations, controller: null }, { answers: 1, value: null }));
    expect((await found)?.scope).toBe(`${ORIGIN}/base/`);
  });
});

describe('the objects of a page', () => {
  let it: Bench;

  beforeEach(() => {
    it = bench({ snapshot: snapshotOf({ active: active() }, active()) });
  });

  test('post messages, with what is transferred', () => {
    const { port1, port2 } = new MessageChannel();
    it.container.controller?.postMessage('one', [port1]);
    it.container.controller?.postMessage('two', { transfer: [port2] });
    it.container.controller?.postMessage('three');
    expect(it.told.map(({ message }) => message)).toMatchObject([
      { kind: 'app-worker-message', worker: 'one', data: 'one', transfer: [port1] },
      { data: 'two', transfer: [port2] },
      { data: 'three', transfer: [] },
    ]);
    expect(it.told.map(({ transfer }) => transfer)).toEqual([[port1], [port2], []]);
    port1.close();
    port2.close();
  });

  test('ask for an update, and for an end', async () => {
    const registration = await it.container.ready;
    const [updated, over] = [registration.update(), registration.unregister()];
    await turns();
    it.say(state(snapshotOf({ active: active() }), { answers: 1, value: 'r' }));
    it.say(state(snapshotOf({ active: active() }), { answers: 2, value: true }));
    expect([await updated, await over]).toEqual([registration, true]);
    expect(it.told.map(({ message }) => message)).toMatchObject([
      { ask: { op: 'update', registration: 'r' } },
      { ask: { op: 'unregister', registration: 'r' } },
    ]);
  });

  test('call the handlers that are set on them, and only the last one', async () => {
    const heard: string[] = [];
    const { container } = it;
    Object.assign(container, { oncontrollerchange: () => heard.push('lost') });
    Object.assign(container, {
      oncontrollerchange(this: unknown) {
        heard.push(this === container ? 'changed' : 'of another');
      },
    });
    it.say(state(snapshotOf({ active: active('two') }, active('two'))));
    await turns();
    expect(heard).toEqual(['changed']);
    expect(Reflect.get(container, 'oncontrollerchange')).toBeInstanceOf(Function);
    Object.assign(container, { oncontrollerchange: null });
    it.say(state(snapshotOf({ active: active('three') }, active('three'))));
    await turns();
    expect(heard).toEqual(['changed']);
  });

  test('fire their events after promises that wait for the same', async () => {
    const order: string[] = [];
    it.container.addEventListener('controllerchange', () => order.push('event'));
    const asked = it.container.getRegistration().then(() => order.push('promise'));
    await turns();
    it.say(
      state(snapshotOf({ active: active('two') }, active('two')), { answers: 1, value: null }),
    );
    await asked;
    await turns();
    expect(order).toEqual(['promise', 'event']);
  });

  test('show each state by itself, however quickly they come', async () => {
    const seen: unknown[] = [];
    const registration = await it.container.ready;
    registration.addEventListener('updatefound', () => {
      const { installing } = registration;
      installing?.addEventListener('statechange', () => seen.push(installing.state));
    });
    const two = active('two');
    it.say(state(snapshotOf({ installing: { ...two, state: 'installing' }, active: active() })));
    it.say(state(snapshotOf({ waiting: { ...two, state: 'installed' }, active: active() })));
    it.say(state(snapshotOf({ active: { ...two, state: 'activating' } })));
    it.say(state(snapshotOf({ active: two })));
    await turns();
    expect(seen).toEqual(['installed', 'activating', 'activated']);
  });

  test('refuse what can’t be had, with the reason', async () => {
    const registration = await it.container.ready;
    await expect(registration.showNotification()).rejects.toMatchObject({
      name: 'NotSupportedError',
    });
    await expect(registration.pushManager.subscribe()).rejects.toThrow('Wingman');
    expect(await registration.pushManager.getSubscription()).toBeNull();
    expect(await registration.pushManager.permissionState()).toBe('denied');
    expect(await registration.getNotifications()).toEqual([]);
  });

  test('messages of others are none of theirs', () => {
    const heard: unknown[] = [];
    it.container.addEventListener('message', (event) => heard.push(event));
    it.say({ kind: 'wingman-complaint' } as never);
    it.say(undefined as never);
    expect(heard).toEqual([]);
  });
});

describe('a page that waits for `ready`', () => {
  test('has it when a version in its scope is active, and not before', async () => {
    const { container, say } = bench();
    let isReady = false;
    void container.ready.then(() => (isReady = true));
    say(state(snapshotOf({ waiting: { ...active(), state: 'installed' } })));
    await turns();
    expect(isReady).toBe(false);
    say(state(snapshotOf({ id: 'elsewhere', scope: `${ORIGIN}/elsewhere/`, active: active() })));
    await turns();
    expect(isReady).toBe(false);
    const own = snapshotOf({ active: active() });
    say(
      state({ ...own, registrations: own.registrations.map((each) => ({ ...each, id: 'own' })) }),
    );
    await turns();
    expect(isReady).toBe(true);
  });
});

describe('a browser', () => {
  const container = { native: true };
  class FakeNavigator {
    get serviceWorker(): object {
      return container;
    }
  }

  test('keeps its own container within our reach when the app sees another', () => {
    const navigator = new FakeNavigator() as unknown as Navigator;
    const { container: shown } = bench();
    expect(nativeServiceWorkers(navigator)).toBe(container);
    showServiceWorkers({ navigator }, shown);
    expect(navigator.serviceWorker).toBe(shown);
    expect(nativeServiceWorkers(navigator)).toBe(container);
  });

  test('shows its own where we have none', () => {
    const navigator = new FakeNavigator() as unknown as Navigator;
    showServiceWorkers({ navigator }, undefined);
    expect(navigator.serviceWorker).toBe(container);
  });

  test('hides the tunnel’s caches from the app', async () => {
    class FakeCacheStorage {
      keys(): Promise<string[]> {
        return Promise.resolve(['wingman-1', 'of the app']);
      }
    }
    const navigator = new FakeNavigator() as unknown as Navigator;
    const realm = { navigator, CacheStorage: FakeCacheStorage as never };
    showServiceWorkers(realm, bench().container);
    expect(await new FakeCacheStorage().keys()).toEqual(['of the app']);
  });
});
