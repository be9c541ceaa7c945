import { describe, expect, test } from '@jest/globals';
import { RecordStore } from '../../src/inspector/record-store.js';
import { recording } from '../support/recorded.js';

const KIB = 1024;

describe('what a store keeps', () => {
  test('is the newest exchanges, no more than so many', () => {
    const { store, whole } = recording(new RecordStore({ exchanges: 3, bytes: 1e6 }));
    for (let n = 0; n < 5; n++) whole();
    expect(store.all.map(({ id }) => id)).toEqual([3, 4, 5]);
    expect([store.oldestId, store.newestId]).toEqual([3, 5]);
    expect(store.get(1)).toBeUndefined();
  });

  test('is bounded in bytes: the oldest lose their bodies first, and keep their heads', () => {
    const { store, whole } = recording(new RecordStore({ exchanges: 100, bytes: 80 * KIB }));
    for (let n = 0; n < 4; n++) whole({ target: `/${n}`, answerBody: new Uint8Array(30 * KIB) });
    expect(store.bytes).toBeLessThanOrEqual(80 * KIB);
    expect(store.all.map(({ hasBodies }) => hasBodies)).toEqual([false, false, true, true]);
    expect(store.all.map(({ asked }) => asked.target)).toEqual(['/0', '/1', '/2', '/3']);
  });

  test('is bounded by heads alone, too: then the oldest go', () => {
    const { store, whole } = recording(new RecordStore({ exchanges: 1_000, bytes: 50 * KIB }));
    for (let n = 0; n < 30; n++) whole({ headers: ['cookie', 'x'.repeat(4 * KIB)] });
    expect(store.bytes).toBeLessThanOrEqual(50 * KIB);
    expect(store.newestId).toBe(30);
    expect(store.all.length).toBeLessThan(8);
  });

  test('a body that was dropped while it ran does not grow again', () => {
    const { store, begin, whole } = recording(new RecordStore({ exchanges: 99, bytes: 60 * KIB }));
    const running = begin();
    running.passed('download', { bytes: new Uint8Array(20 * KIB) });
    whole({ answerBody: new Uint8Array(50 * KIB) });
    expect(store.get(1)?.hasBodies).toBe(false);
    running.passed('download', { bytes: new Uint8Array(20 * KIB) });
    expect(store.get(1)?.hasBodies).toBe(false);
    expect(store.get(1)?.counted.download).toBe(40 * KIB);
  });

  test('counts what a record really takes', () => {
    const { store, whole } = recording();
    whole({ body: 'x'.repeat(100) });
    whole();
    expect(store.bytes).toBe(store.all.reduce((sum, { size }) => sum + size, 0));
    store.clear();
    expect([store.bytes, store.all, store.oldestId]).toEqual([0, [], 0]);
  });
});

test('changes are told while somebody listens; a forgotten exchange tells nothing', () => {
  const { store, begin } = recording(new RecordStore({ exchanges: 1, bytes: 1e6 }));
  const told: number[] = [];
  const first = begin();
  const leave = store.onChange(({ id }) => told.push(id));
  begin();
  first.passed('upload', { bytes: new Uint8Array(1) });
  expect(told).toEqual([2]);
  leave();
  begin();
  expect(told).toEqual([2]);
});
