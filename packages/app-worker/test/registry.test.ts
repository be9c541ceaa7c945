import { beforeEach, describe, expect, jest, test } from '@jest/globals';
import { APP_WORKER_LIMITS } from '../src/limits.js';
import {
  hasSavedRegistry,
  Registry,
  savedRegistry,
  type Saved,
} from '../src/service-worker/registry.js';
import {
  newestOf,
  newRegistration,
  newVersion,
  snapshotOf,
  Version,
  versionsOf,
  type Registration,
} from '../src/service-worker/versions.js';
import { cacheStorageClass, type Kept } from './support/fake-caches.js';

const ORIGIN = 'https://session.example';

function registered(path: string): Registration {
  const registration = newRegistration(ORIGIN + path);
  registration.active = newVersion(`${ORIGIN}/sw.js`, 'classic');
  for (const state of ['installing', 'installed', 'activating'] as const) {
    registration.active.transition(state);
  }
  return registration;
}

describe('a version', () => {
  test('takes no state that the table does not have', () => {
    const version = newVersion('/sw.js', 'classic');
    version.transition('activated');
    expect(version.state).toBe('parsed');
    version.transition('installing');
    version.transition('redundant');
    version.transition('installed');
    expect(version.state).toBe('redundant');
  });
});

describe('the registry', () => {
  function store(saved?: Saved): { read(): Promise<Saved | undefined>; write(): Promise<void> } {
    return { read: () => Promise.resolve(saved), write: () => Promise.resolve() };
  }

  test('finds the longest scope, and none that was unregistered', () => {
    const registry = new Registry(store(), () => undefined);
    const [root, deep] = [registered('/'), registered('/app/')];
    registry.add(root);
    registry.add(deep);
    expect(registry.match(`${ORIGIN}/app/page`)).toBe(deep);
    expect(registry.match(`${ORIGIN}/application`)).toBe(root);
    deep.isUnregistered = true;
    expect(registry.match(`${ORIGIN}/app/page`)).toBe(root);
  });

  test('says what was true when it was asked, and keeps who controls whom over a restart', async () => {
    let saved: Saved | undefined;
    const keeping = {
      read: () => Promise.resolve(undefined),
      // As a cache does: what changes later doesn't change it.
      write: (now: Saved) => Promise.resolve(void (saved = structuredClone(now))),
    };
    const registry = new Registry(keeping, () => undefined);
    const registration = registered('/');
    registry.add(registration);
    registry.control('client', registration, 'tab');
    const snapshots = registry.snapshots();
    registration.active = null;
    await registry.save();
    expect(snapshots('client').controller?.state).toBe('activating');
    expect(snapshots('stranger').controller).toBeNull();

    registration.active = registered('/').active;
    await registry.save();
    const next = new Registry(store(saved), () => undefined);
    expect(next.isLoaded).toBe(false);
    await next.loaded;
    expect(next.controllerOf('client')?.active?.state).toBe('activated');
    expect(next.tabOf('client')).toBe('tab');
  });
});

describe('the versions of a registration', () => {
  test('the newest is the one that a new script is compared with', () => {
    const registration = newRegistration(`${ORIGIN}/`);
    expect(newestOf(registration)).toBeNull();
    const [one, two, three] = ['1', '2', '3'].map((name) => newVersion(`/${name}.js`, 'classic'));
    registration.active = one ?? null;
    expect(newestOf(registration)).toBe(one);
    registration.waiting = two ?? null;
    expect(newestOf(registration)).toBe(two);
    registration.installing = three ?? null;
    expect(newestOf(registration)).toBe(three);
    expect(versionsOf(registration)).toEqual([three, two, one]);
  });

  test('show nothing that isn’t for pages', () => {
    const shown = snapshotOf(registered('/'));
    expect(Object.keys(shown).sort()).toEqual(
      ['active', 'id', 'installing', 'scope', 'updateViaCache', 'waiting'].sort(),
    );
    expect(Object.keys(shown.active ?? {}).sort()).toEqual(['id', 'scriptUrl', 'state']);
  });

  test.each([
    ['parsed', ['installing', 'redundant']],
    ['installing', ['installed', 'redundant']],
    ['installed', ['activating', 'redundant']],
    ['activating', ['activated', 'redundant']],
    ['activated', ['redundant']],
    ['redundant', []],
  ] as const)('from %s go to %j, and to nothing else', (from, allowed) => {
    const all = [
      'parsed',
      'installing',
      'installed',
      'activating',
      'activated',
      'redundant',
    ] as const;
    for (const to of all) {
      const version = new Version({ ...newVersion('/sw.js', 'classic').saved(), state: from });
      version.transition(to);
      const isAllowed = (allowed as readonly string[]).includes(to);
      expect([from, to, version.state]).toEqual([from, to, isAllowed ? to : from]);
    }
  });
});

describe('what the registry knows', () => {
  let registry: Registry;
  const changed = jest.fn();

  beforeEach(() => {
    changed.mockClear();
    registry = new Registry(
      { read: () => Promise.resolve(undefined), write: () => Promise.resolve() },
      changed,
    );
  });

  test('is found by id, by scope and by version', () => {
    const one = registered('/');
    registry.add(one);
    expect(registry.byId(one.id)).toBe(one);
    expect(registry.byScope(`${ORIGIN}/`)).toBe(one);
    expect(registry.byScope(ORIGIN)).toBeUndefined();
    expect(registry.ofVersion(one.active?.id ?? '')).toBe(one);
    expect([registry.byId('x'), registry.ofVersion('x')]).toEqual([undefined, undefined]);
    registry.remove(one);
    expect(registry.all).toEqual([]);
  });

  test('a scope that was unregistered is free again', () => {
    const [old, fresh] = [registered('/'), registered('/')];
    registry.add(old);
    old.isUnregistered = true;
    expect(registry.byScope(`${ORIGIN}/`)).toBeUndefined();
    registry.add(fresh);
    expect(registry.byScope(`${ORIGIN}/`)).toBe(fresh);
  });

  test.each([
    ['/', true],
    ['/app', true],
    ['/app/deep?query', true],
    ['/ap', false],
  ])('a scope that ends without a slash holds %s: %s', (path, isIn) => {
    const app = registered('/app');
    registry.add(app);
    expect(registry.match(ORIGIN + path) === app).toBe(isIn && path !== '/');
  });

  test('a client is controlled by the last one that took it', () => {
    const [one, two] = [registered('/'), registered('/app/')];
    registry.add(one);
    registry.add(two);
    registry.control('client', one, 'tab');
    registry.control('client', two, 'other tab');
    expect(registry.controllerOf('client')).toBe(two);
    expect(registry.tabOf('client')).toBe('other tab');
    expect(registry.controlledBy(one, new Set(['client']))).toEqual([]);
    expect(registry.controlledBy(two, new Set(['client', 'stranger']))).toEqual(['client']);
    expect(registry.controlledBy(two, new Set())).toEqual([]);
  });

  test('of more clients than the cap the first are forgotten', () => {
    const one = registered('/');
    registry.add(one);
    for (let count = 0; count <= APP_WORKER_LIMITS.maxControlled; count += 1) {
      registry.control(`client-${count}`, one, 'tab');
    }
    expect(registry.controllerOf('client-0')).toBeUndefined();
    expect(registry.controllerOf('client-1')).toBe(one);
    expect(registry.controllerOf(`client-${APP_WORKER_LIMITS.maxControlled}`)).toBe(one);
  });

  test('is shown without what was unregistered, but for the controller', () => {
    const one = registered('/');
    registry.add(one);
    registry.control('client', one, 'tab');
    one.isUnregistered = true;
    expect(registry.snapshotFor('client')).toMatchObject({
      registrations: [],
      controller: { id: one.active?.id },
    });
  });

  test('is told of when it has changed', () => {
    registry.changed();
    expect(changed).toHaveBeenCalledTimes(1);
  });
});

describe('what the registry keeps', () => {
  let kept: Kept;
  let caches: CacheStorage;

  beforeEach(() => {
    kept = new Map();
    caches = new (cacheStorageClass(ORIGIN, kept))();
  });

  /** A registry that has read what the one before has written. */
  async function next(): Promise<Registry> {
    const registry = new Registry(savedRegistry(caches), () => undefined);
    await registry.loaded;
    return registry;
  }

  test('is there for a service worker that is started anew', async () => {
    const before = await next();
    const one = registered('/');
    one.waiting = newVersion(`${ORIGIN}/next.js`, 'module');
    one.updateViaCache = 'none';
    if (one.active !== null) one.active.handlesFetch = true;
    before.add(one);
    before.control('client', one, 'tab');
    await before.save();
    expect(await hasSavedRegistry(caches)).toBe(true);

    const found = (await next()).byId(one.id);
    expect(found).toMatchObject({
      scope: `${ORIGIN}/`,
      updateViaCache: 'none',
      isUnregistered: false,
    });
    expect(found?.waiting).toMatchObject({ scriptUrl: `${ORIGIN}/next.js`, type: 'module' });
    expect(found?.active).toMatchObject({ handlesFetch: true, state: 'activated' });
    expect((await next()).controllerOf('client')?.id).toBe(one.id);
  });

  test('lacks what is only being installed, and what was unregistered', async () => {
    const registry = await next();
    const [installing, gone, stays] = [
      newRegistration(`${ORIGIN}/a/`),
      registered('/b/'),
      registered('/c/'),
    ];
    installing.installing = newVersion(`${ORIGIN}/sw.js`, 'classic');
    gone.isUnregistered = true;
    stays.installing = newVersion(`${ORIGIN}/two.js`, 'classic');
    for (const each of [installing, gone, stays]) registry.add(each);
    await registry.save();
    const found = (await next()).all;
    expect(found.map(({ scope }) => scope)).toEqual([`${ORIGIN}/c/`]);
    expect(found[0]?.installing).toBeNull();
  });

  test('goes with the last registration, cache and all', async () => {
    const registry = await next();
    const one = registered('/');
    registry.add(one);
    await registry.save();
    registry.remove(one);
    await registry.save();
    expect(await hasSavedRegistry(caches)).toBe(false);
    expect(kept.size).toBe(0);
  });

  test('is written in the order in which it came about', async () => {
    const written: number[] = [];
    const releases: (() => void)[] = [];
    const registry = new Registry(
      {
        read: () => Promise.resolve(undefined),
        write: ({ registrations }) => {
          written.push(registrations.length);
          return new Promise((resolve) => releases.push(resolve));
        },
      },
      () => undefined,
    );
    void registry.save();
    registry.add(registered('/'));
    const last = registry.save();
    await new Promise((resolve) => setImmediate(resolve));
    expect(written).toEqual([0]);
    releases[0]?.();
    await new Promise((resolve) => setImmediate(resolve));
    expect(written).toEqual([0, 1]);
    releases[1]?.();
    await last;
  });

  test('that can’t be read or written stops nothing', async () => {
    const refuse = (): Promise<never> => Promise.reject(new Error('no room'));
    const registry = new Registry({ read: refuse, write: refuse }, () => undefined);
    await registry.loaded;
    expect(registry.isLoaded).toBe(true);
    await expect(registry.save()).resolves.toBeUndefined();
  });
});
