import { describe, expect, test } from '@jest/globals';
import { watchCookies, type CookieRealm } from '../../src/shim/watch-cookies.js';
import { deferred } from '@wingman/protocol';

/** The cookie that notes which cookies the app's scripts have written. */
const NOTE = '__Host-wingman-scripted';

/** The tab around the page. */
const top = { location: { protocol: 'https:', pathname: '/' }, parent: null };

/** A realm of its own with a document that keeps cookies, and a CookieStore that writes when told to. */
function setUp({ hasStore = true, isSandboxed = false } = {}) {
  const kept = new Map<string, string>();
  const written = deferred<void>();
  class OwnDocument {
    get cookie(): string {
      if (isSandboxed) throw new DOMException('sandboxed', 'SecurityError');
      return [...kept].map(([name, value]) => `${name}=${value}`).join('; ');
    }

    set cookie(line: string) {
      const [name = '', value = ''] = String(line).split(';')[0]?.split('=') ?? [];
      if (line.includes('Max-Age=0')) kept.delete(name);
      else kept.set(name, value);
    }
  }
  class OwnCookieStore {
    async set(first: string | { name: string; value: string }, second = ''): Promise<void> {
      await written.promise;
      const { name, value } = typeof first === 'string' ? { name: first, value: second } : first;
      if (value === 'bad') throw new TypeError('refused');
      kept.set(name, value);
    }

    async delete(name: string): Promise<void> {
      await written.promise;
      kept.delete(name);
    }

    async get(name?: string): Promise<{ name: string } | null> {
      return (await this.getAll(name))[0] ?? null;
    }

    async getAll(wanted?: string): Promise<{ name: string }[]> {
      return [...kept.keys()]
        .map((name) => ({ name }))
        .filter(({ name }) => name === (wanted ?? name));
    }
  }
  class OwnChangeEvent extends Event {
    constructor(private readonly names: Record<'changed' | 'deleted', string[]>) {
      super('change');
    }

    get changed(): readonly { name: string }[] {
      return this.names.changed.map((name) => ({ name }));
    }

    get deleted(): readonly { name: string }[] {
      return this.names.deleted.map((name) => ({ name }));
    }
  }
  const changes = new EventTarget();
  const change = (changed: string[], deleted: string[]): boolean =>
    changes.dispatchEvent(new OwnChangeEvent({ changed, deleted }));
  const document = new OwnDocument();
  const realm = {
    ...{ document, Document: OwnDocument, parent: top },
    location: { protocol: 'https:', pathname: '/page' },
    ...(hasStore
      ? { CookieStore: OwnCookieStore, CookieChangeEvent: OwnChangeEvent, cookieStore: changes }
      : {}),
  } as unknown as CookieRealm;
  const told: string[] = [];
  const watch = (watched: CookieRealm): void =>
    watchCookies(watched, ({ text, path }) => told.push(`${path} ${text}`));
  watch(realm);
  const store = new OwnCookieStore();
  return { document, realm, store, kept, told, watch, written, changes, change };
}

/** The realm of a frame whose document comes from no server. */
function frameIn(parent: CookieRealm | null) {
  class FrameDocument {
    readonly #pairs: string[] = [];

    get cookie(): string {
      return this.#pairs.join('; ');
    }

    set cookie(line: string) {
      this.#pairs.push(line.split(';')[0] ?? '');
    }
  }
  const document = new FrameDocument();
  const location = { protocol: 'about:', pathname: 'blank' };
  const realm = { document, Document: FrameDocument, location, parent };
  const another = (): FrameDocument => new FrameDocument();
  return { document, another, realm: realm as unknown as CookieRealm };
}

describe('what scripts do to cookies', () => {
  test('is told with what the page sees then; at first, what is there already', () => {
    const { document, told } = setUp();
    document.cookie = 'a=1; Path=/';
    document.cookie = 'b=2';
    expect(told).toEqual(['/page ', `/page a=1; ${NOTE}=.a`, `/page a=1; ${NOTE}=.a/.b; b=2`]);
    expect(document.cookie).toBe('a=1; b=2');
  });

  test('through the CookieStore is told when it is done, and not before', async () => {
    const { store, told, written } = setUp();
    const set = store.set('a', '1');
    expect(told).toHaveLength(1);
    written.resolve();
    await set;
    expect(told.at(-1)).toBe(`/page a=1; ${NOTE}=.a`);
    await store.delete('a');
    expect(told.at(-1)).toBe(`/page ${NOTE}=.a`);
  });

  test('that the CookieStore refuses changes nothing, and the script hears why', async () => {
    const { store, told, written } = setUp();
    written.resolve();
    await expect(store.set('a', 'bad')).rejects.toThrow('refused');
    expect(told).toHaveLength(1);
  });

  test('without changing anything is not told', async () => {
    const { document, store, kept, told } = setUp();
    kept.set('a', '1');
    expect([document.cookie, await store.get('a')]).toEqual(['a=1', { name: 'a' }]);
    expect(told).toHaveLength(1);
  });

  test('is watched where there is no CookieStore, too', () => {
    const { document, told } = setUp({ hasStore: false });
    document.cookie = 'a=1';
    expect(told.at(-1)).toBe(`/page a=1; ${NOTE}=.a`);
  });

  test('in a frame whose document comes from no server is told with the path of the page around', () => {
    const { realm, told, watch } = setUp();
    const { document, realm: frame } = frameIn(frameIn(realm).realm);
    watch(frame);
    expect(told.at(-1)).toBe('/page ');
    document.cookie = 'a=2';
    expect(told.at(-1)).toBe(`/page a=2; ${NOTE}=.a`);
  });

  test('in the document that has taken the place of a frame’s first one is told', () => {
    const { realm, told, watch } = setUp();
    const { another, realm: frame } = frameIn(realm);
    watch(frame);
    const next = another();
    Object.assign(frame, { document: next });
    next.cookie = 'a=3';
    expect(told.at(-1)).toMatch(/^\/page a=3/);
  });

  test('in a frame that was removed is told to nobody: such a document has no cookies', () => {
    const { told, watch } = setUp();
    const { document, realm } = frameIn(null);
    watch(realm);
    document.cookie = 'a=1';
    expect(told).toHaveLength(1);
  });

  test('in a sandboxed document, which throws on reading, is none', () => {
    expect(setUp({ isSandboxed: true }).told).toEqual(['/page ']);
  });

  test('is noted where the app’s scripts don’t see it', async () => {
    const { document, kept, store } = setUp();
    document.cookie = 'a=1';
    expect(kept.get(NOTE)).toBe('.a');
    expect(document.cookie).toBe('a=1');
    expect(await store.getAll()).toEqual([{ name: 'a' }]);
  });

  test('is not noted for a deletion: whose cookie that was, nobody knows', async () => {
    const { document, kept, store, written } = setUp();
    written.resolve();
    document.cookie = 'foreign=; Max-Age=0';
    await store.set({ name: 'foreign', value: '', ...{ expires: Date.now() - 1 } });
    await store.delete('foreign');
    expect(kept.has(NOTE)).toBe(false);
  });

  test('is not noted for a deletion that leaves another cookie of that name, which has no value', () => {
    const { document, kept } = setUp();
    kept.set('foreign', '');
    Object.defineProperty(kept, 'delete', { value: () => false });
    document.cookie = 'foreign=; Max-Age=0';
    expect(kept.has(NOTE)).toBe(false);
  });

  test('is noted for a cookie that has no value', async () => {
    const { document, kept, store, written } = setUp();
    written.resolve();
    document.cookie = 'a=';
    expect(kept.get(NOTE)).toBe('.a');
    await store.set('b', '');
    await store.set({ name: 'c', value: '', ...{ expires: Date.now() + 60_000 } });
    expect(kept.get(NOTE)).toBe('.a/.b/.c');
  });
});

describe('our own cookie', () => {
  test('is found by nobody who asks for it, and hides no other', async () => {
    const { document, kept, store } = setUp();
    kept.set(NOTE, '.a');
    expect(await store.get(NOTE)).toBeNull();
    expect(await store.getAll(NOTE)).toEqual([]);
    document.cookie = 'a=1';
    expect(await store.get()).toEqual({ name: 'a' });
    expect(document.cookie).toBe('a=1');
  });

  test('changes without anybody being told', () => {
    const { changes, change } = setUp();
    const heard: unknown[] = [];
    changes.addEventListener('change', (event) => {
      const { changed, deleted } = event as unknown as Record<'changed' | 'deleted', object[]>;
      heard.push([changed, deleted]);
    });
    change([NOTE], []);
    change([], [NOTE]);
    expect(heard).toEqual([]);
    change([NOTE, 'a'], []);
    change(['a'], [NOTE]);
    change([], ['a']);
    expect(heard).toEqual([
      [[{ name: 'a' }], []],
      [[{ name: 'a' }], []],
      [[], [{ name: 'a' }]],
    ]);
  });
});
