import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { ExchangeSummary, FeedEvent, Sample, ViewersState } from '../src/api/index.js';
import { InspectorState } from '../src/page/state.js';

const exchange = (id: number, fields: Partial<ExchangeSummary> = {}): ExchangeSummary => ({
  ...{ id, kind: 'http', method: 'GET', target: '/', port: 3000, path: 'relay', viewer: 'abc' },
  ...{ startedAt: 0, upload: 0, download: 0, outcome: 'running' },
  ...fields,
});
const ids = ({ exchanges }: InspectorState) => exchanges.map(({ id }) => id);
const sample = (at: number): Sample => ({ at, rttMs: 1, down: 0, up: 0, path: 'relay' });
const viewers = (samples: Sample[]): ViewersState => ({
  viewers: [],
  visitors: [],
  samples: { abc: samples },
});

test('exchanges come in any order, and again when they have changed', () => {
  const state = new InspectorState();
  state.apply({ event: 'exchanges', exchanges: [exchange(2), exchange(1)] });
  state.apply({ event: 'exchanges', exchanges: [exchange(1, { status: 200 })] });
  expect(ids(state)).toEqual([1, 2]);
  expect(state.get(1)?.status).toBe(200);
});

test('what the host forgets, the page forgets', () => {
  const state = new InspectorState();
  state.apply({ event: 'exchanges', exchanges: [1, 2, 3].map((id) => exchange(id)) });
  state.apply({ event: 'forgotten', before: 3 });
  expect(ids(state)).toEqual([3]);
  state.apply({ event: 'cleared' });
  expect(ids(state)).toEqual([]);
});

test('samples are added to those that are known, each once, for ten minutes', () => {
  const state = new InspectorState();
  const all = () => state.viewers.samples['abc']?.map(({ at }) => at);
  state.apply({ event: 'viewers', state: viewers([sample(1), sample(2)]) });
  state.apply({ event: 'viewers', state: viewers([sample(2), sample(3)]) });
  expect(all()).toEqual([1, 2, 3]);
  for (let at = 4; at < 700; at++) state.apply({ event: 'viewers', state: viewers([sample(at)]) });
  expect(all()?.length).toBe(600);
  expect(all()?.at(-1)).toBe(699);
});

test('a host that is back tells everything anew', () => {
  const state = new InspectorState();
  state.apply({ event: 'exchanges', exchanges: [exchange(1)] });
  state.apply({ event: 'viewers', state: viewers([sample(1)]) });
  state.restart();
  expect([ids(state), state.viewers.samples]).toEqual([[], {}]);
});

test('whatever comes in whatever order, the list is what was told last and not forgotten', () => {
  const id = fc.integer({ min: 1, max: 12 });
  const event: fc.Arbitrary<FeedEvent> = fc.oneof(
    { weight: 6, arbitrary: fc.array(id).map((all) => told(all)) },
    { weight: 2, arbitrary: id.map((before) => ({ event: 'forgotten', before }) as const) },
    { weight: 1, arbitrary: fc.constant({ event: 'cleared' } as const) },
  );
  fc.assert(
    fc.property(fc.array(event, { maxLength: 30 }), (events) => {
      const state = new InspectorState();
      let known = new Set<number>();
      for (const one of events) {
        state.apply(one);
        if (one.event === 'exchanges') for (const { id } of one.exchanges) known.add(id);
        if (one.event === 'cleared') known = new Set();
        if (one.event === 'forgotten') known = new Set([...known].filter((id) => id >= one.before));
        expect(ids(state)).toEqual([...known].sort((left, right) => left - right));
      }
    }),
  );
});

function told(all: readonly number[]): FeedEvent {
  return { event: 'exchanges', exchanges: all.map((id) => exchange(id)) };
}
