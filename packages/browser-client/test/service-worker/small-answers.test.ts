import { beforeEach, describe, expect, test } from '@jest/globals';
import { deferred } from '@wingman/protocol';
import type { BodySize } from '../../src/service-worker/answer-store.js';
import type { Validity } from '../../src/service-worker/validity.js';
import {
  held,
  LIMITS,
  NAME,
  ORIGIN,
  settled,
  StoreBench,
  VALIDITY,
} from '../support/store-bench.js';

let bench: StoreBench;

beforeEach(() => {
  bench = new StoreBench();
});

describe('small answers in a store', () => {
  test('has the latest of several that come at once', async () => {
    const url = `${ORIGIN}/a`;
    const slow = held();
    const first = bench.store.keep(url, slow.response, VALIDITY, slow.size);
    const etag = '"2"';
    bench.keepSmall('/a', 'second', { ...VALIDITY, etag });
    slow.end();
    await first;
    expect((await bench.store.find(url))?.etag).toBe(etag);
    expect(bench.smallText('/a')).toBe('second');
    await bench.rest();
    bench.reopen();
    expect((await bench.store.find(url))?.etag).toBe(etag);
    expect(await (await bench.store.read(url))?.text()).toBe('second');
  });

  test('has the large answer that follows a small one', async () => {
    const url = `${ORIGIN}/a`;
    bench.keepSmall('/a', 'first');
    await bench.keep('/a', 2);
    await bench.rest();
    expect(bench.smallText('/a')).toBeUndefined();
    expect(await (await bench.store.read(url))?.text()).toBe('xx');
  });

  test('writes small answers when nothing was asked for a while', async () => {
    bench.keepSmall('/a');
    await bench.clock.advance(LIMITS.keptRestMs - 1);
    await bench.store.find(`${ORIGIN}/a`);
    await bench.clock.advance(1);
    expect(bench.caches.pathsIn(NAME)).toEqual([]);
    await bench.rest();
    expect(bench.caches.pathsIn(NAME)).toEqual(['/a']);
    expect(bench.clock.timers).toBe(0);
    bench.reopen();
    expect(await bench.store.find(`${ORIGIN}/a`)).toMatchObject(VALIDITY);
    expect(await (await bench.store.read(`${ORIGIN}/a`))?.text()).toBe('x');
  });

  test('stops writing when the page asks again, and goes on later', async () => {
    for (const path of ['/a', '/b', '/c']) bench.keepSmall(path);
    const written = deferred<void>();
    bench.caches.disk = written.promise;
    await bench.clock.advance(2 * LIMITS.keptRestMs);
    await bench.store.find(`${ORIGIN}/c`);
    bench.caches.disk = Promise.resolve();
    written.resolve();
    await settled();
    expect(bench.caches.pathsIn(NAME)).toEqual(['/a']);
    await bench.rest();
    expect(bench.caches.pathsIn(NAME)).toEqual(['/a', '/b', '/c']);
  });

  test('writes small answers of a page that never rests', async () => {
    bench.keepSmall('/a');
    for (let asked = 0; asked < 4; asked++) {
      expect(bench.caches.pathsIn(NAME)).toEqual([]);
      await bench.store.find(`${ORIGIN}/a`);
      await bench.clock.advance(LIMITS.keptLatestMs / 4);
      await settled();
    }
    expect(bench.caches.pathsIn(NAME)).toEqual(['/a']);
  });

  test('writes at once when half of the room is taken by what the disk has not', async () => {
    bench.keepSmall('/a', 'aaa');
    bench.keepSmall('/b', 'bb');
    await settled();
    expect(bench.caches.pathsIn(NAME)).toEqual(['/a']);
  });

  test('keeps no more in memory than there is room for', async () => {
    bench.caches.disk = new Promise(() => undefined);
    for (const path of ['/a', '/b', '/c', '/d']) bench.keepSmall(path, 'xxx');
    expect(['/a', '/b', '/c', '/d'].map((path) => bench.smallText(path))).toEqual([
      undefined,
      undefined,
      'xxx',
      'xxx',
    ]);
    bench.reopen(undefined, { ...LIMITS, keptAnswerMs: 1 });
    expect(await bench.store.read(`${ORIGIN}/a`)).toBeUndefined();
  });

  test('lets small answers go when there are too many, also those without a body', async () => {
    for (const path of ['/a', '/b', '/c', '/d']) bench.keepSmall(path, '');
    expect(await bench.store.find(`${ORIGIN}/a`)).toBeUndefined();
    expect(bench.store.small(`${ORIGIN}/a`)).toBeUndefined();
    await bench.rest();
    expect(bench.caches.pathsIn(NAME)).toEqual(['/b', '/c', '/d']);
  });

  test.each([
    ['large answers follow and break off', () => bench.store.keep(`${ORIGIN}/a`, ...brokenOff())],
    [
      'memory has no room',
      () => ['/b', '/c', '/d'].forEach((path) => bench.keepSmall(path, 'xxx')),
    ],
  ])('knows nothing of an answer that only memory had, when %s', async (_, lose) => {
    await bench.keep('/a');
    bench.keepSmall('/a', 'new', { ...VALIDITY, etag: '"new"' });
    bench.caches.refusesMore = true;
    void lose();
    await settled();
    expect(await bench.store.find(`${ORIGIN}/a`)).toBeUndefined();
    expect(bench.caches.pathsIn(NAME)).toEqual([]);
  });

  test('takes a small answer for lost whose writing the disk refused', async () => {
    await bench.keep('/a');
    bench.keepSmall('/a', 'new', { ...VALIDITY, etag: '"new"' });
    bench.caches.refusesMore = true;
    await bench.rest();
    expect(bench.smallText('/a')).toBe('new');
    for (const path of ['/b', '/c', '/d']) bench.keepSmall(path, 'xxx');
    expect(await bench.store.find(`${ORIGIN}/a`)).toBeUndefined();
  });

  test('knows what the disk has of an answer that memory had, too', async () => {
    bench.keepSmall('/a');
    await bench.rest();
    for (const path of ['/b', '/c']) bench.keepSmall(path, 'xxxx');
    expect(bench.smallText('/a')).toBeUndefined();
    expect(await bench.store.find(`${ORIGIN}/a`)).toMatchObject(VALIDITY);
    expect(await (await bench.store.read(`${ORIGIN}/a`))?.text()).toBe('x');
  });

  test('writes with a small answer what was learned of that since', async () => {
    bench.keepSmall('/a');
    bench.store.renew(`${ORIGIN}/a`, { ...VALIDITY, freshUntil: 3 });
    await bench.rest();
    bench.reopen();
    expect((await bench.store.find(`${ORIGIN}/a`))?.freshUntil).toBe(3);
  });

  test('writes nothing that was forgotten', async () => {
    bench.keepSmall('/a');
    bench.store.forget(`${ORIGIN}/a`);
    await bench.rest();
    expect(bench.caches.pathsIn(NAME)).toEqual([]);
    expect(await bench.store.find(`${ORIGIN}/a`)).toBeUndefined();
  });

  test('that is closed writes nothing', async () => {
    bench.keepSmall('/a');
    bench.store.close();
    bench.keepSmall('/b');
    await bench.rest();
    expect(bench.caches.pathsIn(NAME)).toEqual([]);
  });

  test('writes nothing that lasts into a cache that a tab has deleted', async () => {
    bench.keepSmall('/a');
    await settled();
    await bench.caches.delete(NAME);
    await bench.rest();
    expect(await bench.caches.keys()).toEqual([]);
  });
});

/** An answer whose body breaks off. */
function brokenOff(): [Response, Validity, BodySize] {
  const body = new ReadableStream({ pull: (source) => source.error(new Error('broken off')) });
  return [new Response(body), VALIDITY, { told: 1, isWhole: () => false, read: () => 0 }];
}
