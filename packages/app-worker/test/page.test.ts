import { describe, expect, jest, test } from '@jest/globals';
import { APP_WORKER_LIMITS } from '../src/limits.js';
import {
  hostServiceWorkers,
  nativeServiceWorkers,
  showServiceWorkers,
} from '../src/page/container.js';
import { SNAPSHOT_NAME } from '../src/messages.js';
import { stopClock } from './support/clock.js';
import { active, bench, ORIGIN, snapshotOf, state, turns } from './support/page.js';

stopClock();

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
