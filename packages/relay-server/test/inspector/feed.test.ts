import { beforeEach, describe, expect, test } from '@jest/globals';
import type { FeedEvent, ViewersState } from '@wingman/inspector';
import type { Response } from 'express';
import { EventStream, Feed } from '../../src/inspector/feed.js';
import { RecordStore } from '../../src/inspector/record-store.js';
import type { ViewerWatch } from '../../src/inspector/viewers.js';
import { HOST_LIMITS } from '../../src/limits.js';
import { FakeClock } from '../support/fake-clock.js';
import { nobody, recording } from '../support/recorded.js';

const TURN = HOST_LIMITS.inspectorFeedMs;
const SAMPLES = [1, 2, 3, 4].map((at) => ({
  ...{ at, rttMs: 1, down: 0, up: 0, path: 'relay' as const },
}));
const STATE: ViewersState = { viewers: [], visitors: [], samples: { tab: SAMPLES } };

let clock: FakeClock;
let records: ReturnType<typeof recording>;
let feed: Feed;

beforeEach(() => {
  clock = new FakeClock();
  records = recording(new RecordStore({ exchanges: 3, factBytes: 1e6, bodyBytes: 1e6 }));
  feed = new Feed(
    records.store,
    { state: () => STATE, visitorOf: nobody } as unknown as ViewerWatch,
    clock,
  );
});

/** A page that listens, and what it was told. */
function listen() {
  const page = { told: [] as FeedEvent[], isFull: false, isLeft: false };
  let close = (): void => undefined;
  feed.add({
    get isFull() {
      return page.isFull;
    },
    send: (event: FeedEvent) => void page.told.push(event),
    end: () => {
      page.isLeft = true;
      close();
    },
    onClose: (listener: () => void) => (close = listener),
  } as unknown as EventStream);
  const ids = (): (number[] | string)[] =>
    page.told
      .splice(0)
      .map((one) => (one.event === 'exchanges' ? one.exchanges.map(({ id }) => id) : one.event));
  return Object.assign(page, { ids, close: () => close() });
}

describe('a page', () => {
  test('is told of all there is at once, and of the newest exchanges in turns', () => {
    records.whole();
    records.whole();
    const page = listen();
    clock.advance(0);
    expect(page.ids()).toEqual([[1, 2], 'viewers']);
    records.whole();
    expect(page.ids()).toEqual([]);
    clock.advance(TURN);
    expect(page.ids()).toEqual([[3]]);
  });

  test('is told once of an exchange that has changed many times in one turn', () => {
    const page = listen();
    page.ids();
    const exchange = records.begin();
    for (let at = 0; at < 10; at++) exchange.passed('download', { bytes: Buffer.from('x') });
    exchange.end({ outcome: 'complete' });
    clock.advance(TURN);
    expect(page.ids().filter(Array.isArray)).toEqual([[1]]);
  });

  test('that does not read is told nothing, and of what it missed when it reads again', () => {
    const page = listen();
    page.ids();
    page.isFull = true;
    records.whole();
    clock.advance(TURN * 3);
    expect(page.ids()).toEqual([]);
    page.isFull = false;
    clock.advance(TURN);
    expect(page.ids()[0]).toEqual([1]);
  });

  test('hears what is forgotten, once, and nothing of an exchange that has gone', () => {
    records.whole();
    const page = listen();
    page.ids();
    for (let at = 0; at < 4; at++) records.whole();
    clock.advance(TURN);
    expect(page.told).toContainEqual({ event: 'forgotten', before: 3 });
    expect(page.ids()[0]).toEqual([3, 4, 5]);
    clock.advance(TURN);
    expect(page.ids()).toEqual([]);
  });

  test('hears at once that all was cleared, and no more of what was due', () => {
    const page = listen();
    page.ids();
    records.whole();
    records.store.clear();
    expect(page.ids()).toEqual(['cleared']);
    clock.advance(TURN);
    expect(page.ids().filter((one) => one !== 'forgotten')).toEqual([]);
  });

  test('hears of viewers each second: all samples first, and then the newest', () => {
    const page = listen();
    const samples = () =>
      page.told
        .splice(0)
        .flatMap((one) => (one.event === 'viewers' ? [one.state.samples['tab']?.length] : []));
    expect(samples()).toEqual([4]);
    clock.advance(HOST_LIMITS.inspectorSampleMs - TURN);
    expect(samples()).toEqual([]);
    clock.advance(TURN);
    expect(samples()).toEqual([2]);
  });
});

describe('pages', () => {
  test('are so many: one more, and the one that has listened longest leaves', () => {
    const pages = Array.from({ length: HOST_LIMITS.inspectorPages + 1 }, listen);
    expect(pages.map(({ isLeft }) => isLeft)).toEqual([
      true,
      ...Array.from({ length: HOST_LIMITS.inspectorPages }, () => false),
    ]);
  });

  test('that have all gone leave no timer, and one that comes later is told again', () => {
    const page = listen();
    page.close();
    clock.advance(TURN);
    expect(clock.pending).toEqual([]);
    records.whole();
    const next = listen();
    expect(next.ids()).toEqual([[1], 'viewers']);
  });

  test('are all left at the end, for good', () => {
    const [one, other] = [listen(), listen()];
    feed.stop();
    expect([one.isLeft, other.isLeft, clock.pending]).toEqual([true, true, []]);
  });
});

describe('a stream of events', () => {
  /** An answer that is told apart by what was done to it. */
  function answered(fields: object = {}) {
    const done: unknown[] = [];
    const response: Record<string, unknown> = { writableLength: 0, ...fields };
    for (const name of ['status', 'type', 'set', 'flushHeaders', 'write', 'destroy'])
      response[name] = (...words: unknown[]) => {
        done.push([name, ...words]);
        return response;
      };
    return { done, stream: new EventStream(response as unknown as Response) };
  }

  test('begins at once, and is kept by nobody on its way', () => {
    expect(answered().done).toEqual([
      ['status', 200],
      ['type', 'text/event-stream'],
      ['set', 'cache-control', 'no-store'],
      ['flushHeaders'],
    ]);
  });

  test('has a line of JSON for each event', () => {
    const { done, stream } = answered();
    stream.send({ text: 'a\nb' });
    expect(done.at(-1)).toEqual(['write', 'data: {"text":"a\\nb"}\n\n']);
  });

  test('to a page that takes nothing ends, and keeps no more for it', () => {
    const { done, stream } = answered({ writableLength: HOST_LIMITS.inspectorQueueBytes + 1 });
    stream.send({});
    expect(done.at(-1)).toEqual(['destroy']);
  });
});
