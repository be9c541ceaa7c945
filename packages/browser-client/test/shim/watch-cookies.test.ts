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
      kept.set(name, value);
    }
  }
  class OwnCookieStore {
    async set(name: string, value: string): Promise<void> {
      await written.promise;
      if (value === 'bad') throw new TypeError('refused');
      kept.set(name, value);
    }

    async delete(name: string): Promise<void> {
      await written.promise;
      kept.delete(name);
    }

    get(name: string): string | undefined {
      return kept.get(name);
    }

    async getAll(): Promise<{ name: string }[]> {
      return [...kept.keys()].map((name) => ({ name }));
    }
  }
  const document = new OwnDocument();
  const realm = {
    ...{ document, Document: OwnDocument, parent: top },
    location: { protocol: 'https:', pathname: '/page' },
    ...(hasStore ? { CookieStore: OwnCookieStore } : {}),
  } as unknown as CookieRealm;
  const told: string[] = [];
  const watch = (watched: CookieRealm): void =>
    watchCookies(watched, ({ text, path }) => told.push(`${path} ${text}`));
  watch(realm);
  return { document, realm, store: new OwnCookieStore(), kept, told, watch, written };
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

  test('without changing anything is not told', () => {
    const { document, store, kept, told } = setUp();
    kept.set('a', '1');
    expect([document.cookie, store.get('a')]).toEqual(['a=1', '1']);
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

  test('is not noted for a deletion: whose cookie that was, nobody knows', () => {
    const { document, kept } = setUp();
    document.cookie = 'foreign=; Max-Age=0';
    expect(kept.has(NOTE)).toBe(false);
  });
});
