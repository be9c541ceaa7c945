import { describe, expect, test } from '@jest/globals';
import type { ExchangeEnd } from '@wingman/protocol';
import type { ExchangeRecord } from '../../src/inspector/exchange-record.js';
import { packed } from '../../src/inspector/packed-facts.js';
import { RecordStore } from '../../src/inspector/record-store.js';
import { recording, responseHead } from '../support/recorded.js';

const KIB = 1024;

type Step = 'sent' | 'head';

const storeOf = (factBytes: number, bodyBytes: number) =>
  new RecordStore({ exchanges: 1_000, factBytes, bodyBytes });

const hasBody = (record: ExchangeRecord | undefined) => (record?.bodyBytes ?? 0) > 0;

describe('what a store keeps', () => {
  test('is the newest exchanges, no more than so many', () => {
    const { store, whole } = recording(
      new RecordStore({ exchanges: 3, factBytes: 1e6, bodyBytes: 1e6 }),
    );
    for (let n = 0; n < 5; n++) whole();
    expect(store.all.map(({ id }) => id)).toEqual([3, 4, 5]);
    expect([store.oldestId, store.newestId]).toEqual([3, 5]);
    expect(store.get(1)).toBeUndefined();
  });

  test('is bounded in bytes: the oldest lose their bodies first, and keep their heads', () => {
    const { store, whole } = recording(storeOf(1_000 * KIB, 80 * KIB));
    for (let n = 0; n < 4; n++) whole({ target: `/${n}`, answerBody: new Uint8Array(30 * KIB) });
    expect(store.all.reduce((sum, { bodyBytes }) => sum + bodyBytes, 0)).toBeLessThan(80 * KIB);
    expect(store.all.map(hasBody)).toEqual([false, false, true, true]);
    expect(store.all.map(({ facts }) => facts.asked.target)).toEqual(['/0', '/1', '/2', '/3']);
  });

  test('is bounded by heads alone, too: then the oldest go', () => {
    const { store, whole } = recording(storeOf(50 * KIB, 80 * KIB));
    for (let n = 0; n < 30; n++) whole({ headers: ['cookie', 'x'.repeat(4 * KIB)] });
    expect(store.bytes).toBeLessThanOrEqual(50 * KIB);
    expect(store.newestId).toBe(30);
    expect(store.all.length).toBeLessThan(8);
  });

  test('a body that was dropped while it ran does not grow again', () => {
    const { store, begin, whole } = recording(storeOf(1_000 * KIB, 60 * KIB));
    const running = begin();
    running.passed('download', { bytes: new Uint8Array(20 * KIB) });
    whole({ answerBody: new Uint8Array(50 * KIB) });
    expect(hasBody(store.get(1))).toBe(false);
    running.passed('download', { bytes: new Uint8Array(20 * KIB) });
    expect(hasBody(store.get(1))).toBe(false);
    expect(store.get(1)?.facts.counted.download).toBe(40 * KIB);
  });

  test('counts what a record really takes', () => {
    const { store, whole } = recording();
    whole({ body: 'x'.repeat(100) });
    whole();
    expect(store.bytes).toBe(
      store.all.reduce((sum, { factBytes, bodyBytes }) => sum + factBytes + bodyBytes, 0),
    );
    store.clear();
    expect([store.bytes, store.all, store.oldestId]).toEqual([0, [], 0]);
  });
});

test('the fields of ended exchanges come back as they were, beyond ASCII too', () => {
  const { whole } = recording();
  const answer = ['x-name', 'Zoë', 'x-name', '漢字', 'x-empty', ''];
  const { facts } = whole({
    headers: ['x-größe', 'é'],
    sent: ['x-größe', 'é', 'host', 'a'],
    answer,
  });
  const fields = (head: typeof facts.asked | typeof facts.sent) =>
    head?.headers.map(({ name, value }) => [name, value]);
  expect(fields(facts.asked)).toEqual([['x-größe', 'é']]);
  expect(fields(facts.sent)).toEqual([
    ['x-größe', 'é'],
    ['host', 'a'],
  ]);
  expect(facts.head?.headers.flatMap(({ name, value }) => [name, value])).toEqual(answer);
});

test.each<[string, ExchangeEnd, Step[]]>([
  ['was answered', { outcome: 'complete' }, ['sent', 'head']],
  ['was refused', { outcome: 'refused', code: 'HOST_OFFLINE' }, []],
  ['broke', { outcome: 'aborted', code: 'CANCELLED', by: 'opener' }, ['sent']],
])('all that is known of an exchange that %s outlives it', (_how, end, steps) => {
  const { store, time, begin } = recording(undefined, null);
  const exchange = begin({ method: 'POST', target: '/ä?b', headers: ['a', '"1"'] });
  time.now = 12.345;
  if (steps.includes('sent')) exchange.sent(exchange.asked);
  if (steps.includes('head')) exchange.head(responseHead(204, ['b', '2']));
  const before = structuredClone(store.get(1)?.facts);
  time.now = 20;
  exchange.end(end);
  expect(store.get(1)?.facts).toEqual({ ...before, end, times: { ...before?.times, end: 20 } });
});

test('heads hold on to no memory of bodies, which are dropped before them', () => {
  const { whole } = recording();
  const record = whole({ answerBody: 'a' });
  const heads = packed(record.facts).text.bytes;
  expect(record.body('download').toString()).toBe('a');
  expect(heads.buffer).not.toBe(record.body('download').buffer);
});

test('changes are told while somebody listens; a forgotten exchange tells nothing', () => {
  const { store, begin } = recording(
    new RecordStore({ exchanges: 1, factBytes: 1e6, bodyBytes: 1e6 }),
  );
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
