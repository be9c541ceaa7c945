import { beforeEach, describe, expect, test } from '@jest/globals';
import { deferred } from '@wingman/protocol';
import { AnswerStore, type BodySize } from '../../src/service-worker/answer-store.js';
import type { Validity } from '../../src/service-worker/validity.js';
import { FakeCaches } from '../support/fake-caches.js';
import { FakeClock, settle } from '../support/fake-clock.js';

const ORIGIN = 'https://s.example';
const NAME = 'wingman-1-http-s';
/** The disk here answers at once, however busy the machine is. */
const LIMITS = {
  ...{ maxKeptAnswers: 3, keptAnswersBytes: 10, keptAnswerMs: 20_000 },
  ...{ smallAnswersBytes: 8, keptRestMs: 500 },
};
const VALIDITY: Validity = {
  ...{ bornAt: 1, freshUntil: 2, etag: 'W/"é"', lastModified: null },
  ...{ varied: [['accept', 'text/css']], isForAuthorized: false },
};

let caches: FakeCaches;
let store: AnswerStore;
let clock: FakeClock;

beforeEach(() => {
  caches = new FakeCaches();
  clock = new FakeClock();
  store = opened();
});

function opened(after: Promise<unknown> = Promise.resolve(), limits = LIMITS): AnswerStore {
  return new AnswerStore(caches.asCaches, NAME, after, { limits, clock });
}

function keepSmall(path: string, text = 'x', validity = VALIDITY): void {
  const body = new TextEncoder().encode(text);
  const head = { status: 200, statusText: '', headers: new Headers() };
  store.keepSmall(ORIGIN + path, { ...head, body }, validity);
}

function smallText(path: string): string | undefined {
  const small = store.small(ORIGIN + path);
  return small && new TextDecoder().decode(small.body);
}

/** The page asks for nothing, and the disk has done what it was given. */
async function rest(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) {
    await clock.advance(LIMITS.keptRestMs);
    await settled();
  }
}

async function settled(): Promise<void> {
  for (let step = 0; step < 8; step++) await settle();
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
      const slow = new AnswerStore(stuck, NAME, Promise.resolve(), {
        limits: { ...LIMITS, keptAnswerMs: 1 },
      });
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
    const slow = held();
    const first = store.keep(url, slow.response, VALIDITY, slow.size);
    const etag = '"2"';
    keepSmall('/a', 'second', { ...VALIDITY, etag });
    slow.end();
    await first;
    expect((await store.find(url))?.etag).toBe(etag);
    expect(smallText('/a')).toBe('second');
    await rest();
    store = opened();
    expect((await store.find(url))?.etag).toBe(etag);
    expect(await (await store.read(url))?.text()).toBe('second');
  });

  test('has the large answer that follows a small one', async () => {
    const url = `${ORIGIN}/a`;
    keepSmall('/a', 'first');
    await keep('/a', 2);
    await rest();
    expect(smallText('/a')).toBeUndefined();
    expect(await (await store.read(url))?.text()).toBe('xx');
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

  test('writes small answers when nothing was asked for a while', async () => {
    keepSmall('/a');
    await clock.advance(LIMITS.keptRestMs - 1);
    await store.find(`${ORIGIN}/a`);
    await clock.advance(1);
    expect(caches.pathsIn(NAME)).toEqual([]);
    await rest();
    expect(caches.pathsIn(NAME)).toEqual(['/a']);
    expect(clock.timers).toBe(0);
    store = opened();
    expect(await store.find(`${ORIGIN}/a`)).toMatchObject(VALIDITY);
    expect(await (await store.read(`${ORIGIN}/a`))?.text()).toBe('x');
  });

  test('stops writing when the page asks again, and goes on later', async () => {
    for (const path of ['/a', '/b', '/c']) keepSmall(path);
    const written = deferred<void>();
    caches.disk = written.promise;
    await clock.advance(2 * LIMITS.keptRestMs);
    await store.find(`${ORIGIN}/c`);
    caches.disk = Promise.resolve();
    written.resolve();
    await settled();
    expect(caches.pathsIn(NAME)).toEqual(['/a']);
    await rest();
    expect(caches.pathsIn(NAME)).toEqual(['/a', '/b', '/c']);
  });

  test('writes at once when half of the room is taken by what the disk has not', async () => {
    keepSmall('/a', 'aaa');
    keepSmall('/b', 'bb');
    await settled();
    expect(caches.pathsIn(NAME)).toEqual(['/a']);
  });

  test('keeps no more in memory than there is room for', async () => {
    caches.disk = new Promise(() => undefined);
    for (const path of ['/a', '/b', '/c', '/d']) keepSmall(path, 'xxx');
    expect(['/a', '/b', '/c', '/d'].map(smallText)).toEqual([undefined, undefined, 'xxx', 'xxx']);
    store = opened(undefined, { ...LIMITS, keptAnswerMs: 1 });
    expect(await store.read(`${ORIGIN}/a`)).toBeUndefined();
  });

  test('writes with a small answer what was learned of that since', async () => {
    keepSmall('/a');
    store.renew(`${ORIGIN}/a`, { ...VALIDITY, freshUntil: 3 });
    await rest();
    store = opened();
    expect((await store.find(`${ORIGIN}/a`))?.freshUntil).toBe(3);
  });

  test('writes nothing that was forgotten', async () => {
    keepSmall('/a');
    store.forget(`${ORIGIN}/a`);
    await rest();
    expect(caches.pathsIn(NAME)).toEqual([]);
    expect(await store.find(`${ORIGIN}/a`)).toBeUndefined();
  });

  test('that is closed writes nothing', async () => {
    keepSmall('/a');
    store.close();
    keepSmall('/b');
    await rest();
    expect(caches.pathsIn(NAME)).toEqual([]);
  });

  test('writes nothing that lasts into a cache that a tab has deleted', async () => {
    keepSmall('/a');
    await settled();
    await caches.delete(NAME);
    await rest();
    expect(await caches.keys()).toEqual([]);
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

/** An answer whose body ends when it is told to. */
function held() {
  let end: () => void = () => undefined;
  const body = new ReadableStream({ start: (source) => void (end = () => source.close()) });
  const size = { told: 1, isWhole: () => false, read: () => 0 };
  return { response: new Response(body), size, end: () => end() };
}

/** A body that ends only when nobody wants it. */
function endless() {
  let copy!: ReadableStream<Uint8Array>;
  const cancelled = new Promise<boolean>((resolve) => {
    copy = new ReadableStream({ cancel: () => resolve(true) });
  });
  return { copy, cancelled };
}
