import { beforeEach, describe, expect, test } from '@jest/globals';
import { deferred } from '@wingman/protocol';
import { AnswerStore } from '../../src/service-worker/answer-store.js';
import {
  held,
  LIMITS,
  NAME,
  ORIGIN,
  settled,
  StoreBench,
  VALIDITY,
  whole,
} from '../support/store-bench.js';

let bench: StoreBench;

beforeEach(() => {
  bench = new StoreBench();
});

describe('a store of answers', () => {
  test('makes no cache before it has something to keep', async () => {
    expect(await bench.store.find(`${ORIGIN}/a`)).toBeUndefined();
    expect(await bench.caches.keys()).toEqual([]);
  });

  test.each([true, false])(
    'is empty where the disk says nothing; a cache was there: %j',
    async (was) => {
      const never = new Promise<never>(() => undefined);
      const stuck = {
        has: () => Promise.resolve(was),
        open: () => never,
      } as unknown as CacheStorage;
      const slow = new AnswerStore(stuck, NAME, Promise.resolve(), {
        limits: { ...LIMITS, keptAnswerMs: 1 },
      });
      expect(await slow.find(`${ORIGIN}/a`)).toBeUndefined();
      expect(await slow.read(`${ORIGIN}/a`)).toBeUndefined();
    },
  );

  test('waits no longer for what is deleted before', async () => {
    bench.reopen(new Promise(() => undefined), { ...LIMITS, keptAnswerMs: 1 });
    expect(await bench.store.find(`${ORIGIN}/a`)).toBeUndefined();
  });

  test('knows after a restart what it has known before', async () => {
    await bench.keep('/a');
    bench.reopen();
    expect(await bench.store.find(`${ORIGIN}/a`)).toMatchObject(VALIDITY);
    expect(await (await bench.store.read(`${ORIGIN}/a`))?.text()).toBe('x');
  });

  test('lets the least recently used go when there are too many', async () => {
    for (const path of ['/a', '/b', '/c']) await bench.keep(path);
    await bench.store.find(`${ORIGIN}/a`);
    await bench.keep('/d');
    await new Promise(setImmediate);
    expect(bench.caches.pathsIn(NAME).sort()).toEqual(['/a', '/c', '/d']);
  });

  test('lets go of as many as have too many bytes, also of what was there at its start', async () => {
    await bench.keep('/a', 4);
    await bench.keep('/b', 4);
    bench.reopen();
    await bench.store.find('/');
    await bench.keep('/c', 7);
    await new Promise(setImmediate);
    expect(bench.caches.pathsIn(NAME)).toEqual(['/c']);
  });

  test('counts an answer that is replaced or renewed once', async () => {
    for (let times = 0; times < 5; times++) await bench.keep('/a', 4);
    bench.store.renew(`${ORIGIN}/a`, { ...VALIDITY, freshUntil: 3 });
    await bench.keep('/b', 4);
    await new Promise(setImmediate);
    expect(bench.caches.pathsIn(NAME)).toEqual(['/a', '/b']);
    expect((await bench.store.find(`${ORIGIN}/a`))?.freshUntil).toBe(3);
  });

  test('waits for what the page has had in full and the disk has yet to write', async () => {
    const written = deferred<void>();
    bench.caches.disk = written.promise;
    let isWhole = false;
    const url = `${ORIGIN}/a`;
    const size = { told: null, isWhole: () => isWhole, read: () => 1 };
    void bench.store.keep(url, new Response('x'), VALIDITY, size);
    expect(await bench.store.find(url)).toBeUndefined();
    isWhole = true;
    const found = bench.store.find(url);
    setImmediate(() => written.resolve());
    expect(await found).toMatchObject(VALIDITY);
    expect(await (await bench.store.read(url))?.text()).toBe('x');
  });

  test('waits no longer for a disk that does not write', async () => {
    bench.caches.disk = new Promise(() => undefined);
    bench.reopen(undefined, { ...LIMITS, keptAnswerMs: 1 });
    let isWhole = false;
    const size = { told: null, isWhole: () => isWhole, read: () => 1 };
    void bench.store.keep(`${ORIGIN}/a`, new Response('x'), VALIDITY, size);
    isWhole = true;
    expect(await bench.store.find(`${ORIGIN}/a`)).toBeUndefined();
  });

  test('has the answer that comes while one before it is written and forgotten', async () => {
    const url = `${ORIGIN}/a`;
    const first = held();
    const writing = bench.store.keep(url, first.response, VALIDITY, first.size);
    bench.store.forget(url);
    const second = bench.store.keep(url, new Response('second'), VALIDITY, whole(6));
    await settled();
    expect(bench.caches.pathsIn(NAME)).toEqual([]);
    first.end();
    await Promise.all([writing, second]);
    expect(await (await bench.store.read(url))?.text()).toBe('second');
  });

  test('has nothing of an answer whose keeping was not finished', async () => {
    await bench.keep('/a');
    const cache = await bench.caches.open(NAME);
    const headers = { 'wingman-kept': JSON.stringify({ ...VALIDITY, bytes: null }) };
    await cache.put(new Request(`${ORIGIN}/b`, { headers }), new Response('half'));
    await cache.put(new Request(`${ORIGIN}/c`), new Response('not ours'));
    bench.reopen();
    expect(await bench.store.find(`${ORIGIN}/b`)).toBeUndefined();
    expect(bench.caches.pathsIn(NAME)).toEqual(['/a']);
  });

  test('reads nothing before what is being deleted is gone', async () => {
    await bench.keep('/a');
    bench.reopen(bench.caches.delete(NAME));
    expect(await bench.store.find(`${ORIGIN}/a`)).toBeUndefined();
  });

  test('that is closed keeps nothing, and makes no cache anew', async () => {
    const { copy, cancelled } = endless();
    bench.store.close();
    const size = { told: null, isWhole: () => false, read: () => 0 };
    await bench.store.keep(`${ORIGIN}/a`, new Response(copy), VALIDITY, size);
    expect(await cancelled).toBe(true);
    expect(await bench.caches.keys()).toEqual([]);
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
