import { beforeEach, describe, expect, test } from '@jest/globals';
import { deferred } from '@wingman/protocol';
import { AnswerStore, type BodySize } from '../../src/service-worker/answer-store.js';
import type { Validity } from '../../src/service-worker/validity.js';
import { FakeCaches } from '../support/fake-caches.js';

const ORIGIN = 'https://s.example';
const NAME = 'wingman-1-http-s';
/** The disk here answers at once, however busy the machine is. */
const LIMITS = { maxKeptAnswers: 3, keptAnswersBytes: 10, keptAnswerMs: 20_000 };
const VALIDITY: Validity = {
  ...{ bornAt: 1, freshUntil: 2, etag: 'W/"é"', lastModified: null },
  ...{ varied: [['accept', 'text/css']], isForAuthorized: false },
};

let caches: FakeCaches;
let store: AnswerStore;

beforeEach(() => {
  caches = new FakeCaches();
  store = opened();
});

function opened(after: Promise<unknown> = Promise.resolve(), limits = LIMITS): AnswerStore {
  return new AnswerStore(caches.asCaches, NAME, after, limits);
}

function whole(bytes: number): BodySize {
  return { told: bytes, isWhole: () => true, read: () => 0 };
}

async function keep(path: string, bytes = 1): Promise<void> {
  await store.keep(ORIGIN + path, new Response('x'.repeat(bytes)), VALIDITY, whole(bytes));
}

describe('a store of answers', () => {
  test('makes no cache before it has something to keep', async () => {
    expect(await store.find(`${ORIGIN}/a`)).toBeUndefined();
    expect(await caches.keys()).toEqual([]);
  });

  test.each([true, false])(
    'is empty where the disk says nothing; a cache was there: %j',
    async (was) => {
      const never = new Promise<never>(() => undefined);
      const stuck = {
        has: () => Promise.resolve(was),
        open: () => never,
      } as unknown as CacheStorage;
      const slow = new AnswerStore(stuck, NAME, Promise.resolve(), { ...LIMITS, keptAnswerMs: 1 });
      expect(await slow.find(`${ORIGIN}/a`)).toBeUndefined();
      expect(await slow.read(`${ORIGIN}/a`)).toBeUndefined();
    },
  );

  test('waits no longer for what is deleted before', async () => {
    store = opened(new Promise(() => undefined), { ...LIMITS, keptAnswerMs: 1 });
    expect(await store.find(`${ORIGIN}/a`)).toBeUndefined();
  });

  test('knows after a restart what it has known before', async () => {
    await keep('/a');
    store = opened();
    expect(await store.find(`${ORIGIN}/a`)).toMatchObject(VALIDITY);
    expect(await (await store.read(`${ORIGIN}/a`))?.text()).toBe('x');
  });

  test('lets the least recently used go when there are too many', async () => {
    for (const path of ['/a', '/b', '/c']) await keep(path);
    await store.find(`${ORIGIN}/a`);
    await keep('/d');
    await new Promise(setImmediate);
    expect(caches.pathsIn(NAME).sort()).toEqual(['/a', '/c', '/d']);
  });

  test('lets go of as many as have too many bytes, also of what was there at its start', async () => {
    await keep('/a', 4);
    await keep('/b', 4);
    store = opened();
    await store.find('/');
    await keep('/c', 7);
    await new Promise(setImmediate);
    expect(caches.pathsIn(NAME)).toEqual(['/c']);
  });

  test('counts an answer that is replaced or renewed once', async () => {
    for (let times = 0; times < 5; times++) await keep('/a', 4);
    store.renew(`${ORIGIN}/a`, { ...VALIDITY, freshUntil: 3 });
    await keep('/b', 4);
    await new Promise(setImmediate);
    expect(caches.pathsIn(NAME)).toEqual(['/a', '/b']);
    expect((await store.find(`${ORIGIN}/a`))?.freshUntil).toBe(3);
  });

  test('has the latest of several that come at once', async () => {
    const url = `${ORIGIN}/a`;
    let end: () => void = () => undefined;
    const body = new ReadableStream({ start: (source) => void (end = () => source.close()) });
    const slow = new Response(body);
    const first = store.keep(url, slow, VALIDITY, { ...whole(0), told: 1, isWhole: () => false });
    const etag = '"2"';
    const second = store.keep(url, new Response('second'), { ...VALIDITY, etag }, whole(6));
    expect(await (await store.read(url))?.text()).toBe('second');
    end();
    await Promise.all([first, second]);
    expect((await store.find(url))?.etag).toBe(etag);
    expect(await (await store.read(url))?.text()).toBe('second');
  });

  test('waits for what the page has had in full and the disk has yet to write', async () => {
    const written = deferred<void>();
    caches.disk = written.promise;
    let isWhole = false;
    const url = `${ORIGIN}/a`;
    const size = { told: null, isWhole: () => isWhole, read: () => 1 };
    void store.keep(url, new Response('x'), VALIDITY, size);
    expect(await store.find(url)).toBeUndefined();
    isWhole = true;
    const found = store.find(url);
    setImmediate(() => written.resolve());
    expect(await found).toMatchObject(VALIDITY);
    expect(await (await store.read(url))?.text()).toBe('x');
  });

  test('waits no longer for a disk that does not write', async () => {
    caches.disk = new Promise(() => undefined);
    store = opened(undefined, { ...LIMITS, keptAnswerMs: 1 });
    let isWhole = false;
    const size = { told: null, isWhole: () => isWhole, read: () => 1 };
    void store.keep(`${ORIGIN}/a`, new Response('x'), VALIDITY, size);
    isWhole = true;
    expect(await store.find(`${ORIGIN}/a`)).toBeUndefined();
  });

  test('has nothing of an answer whose keeping was not finished', async () => {
    await keep('/a');
    const cache = await caches.open(NAME);
    const headers = { 'wingman-kept': JSON.stringify({ ...VALIDITY, bytes: null }) };
    await cache.put(new Request(`${ORIGIN}/b`, { headers }), new Response('half'));
    await cache.put(new Request(`${ORIGIN}/c`), new Response('not ours'));
    store = opened();
    expect(await store.find(`${ORIGIN}/b`)).toBeUndefined();
    expect(caches.pathsIn(NAME)).toEqual(['/a']);
  });

  test('reads nothing before what is being deleted is gone', async () => {
    await keep('/a');
    store = opened(caches.delete(NAME));
    expect(await store.find(`${ORIGIN}/a`)).toBeUndefined();
  });

  test('that is closed keeps nothing, and makes no cache anew', async () => {
    const { copy, cancelled } = endless();
    store.close();
    const size = { told: null, isWhole: () => false, read: () => 0 };
    await store.keep(`${ORIGIN}/a`, new Response(copy), VALIDITY, size);
    expect(await cancelled).toBe(true);
    expect(await caches.keys()).toEqual([]);
  });
});

/** A body that ends only when nobody wants it. */
function endless() {
  let copy!: ReadableStream<Uint8Array>;
  const cancelled = new Promise<boolean>((resolve) => {
    copy = new ReadableStream({ cancel: () => resolve(true) });
  });
  return { copy, cancelled };
}
