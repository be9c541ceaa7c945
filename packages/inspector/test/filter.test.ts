import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { ExchangeSummary } from '../src/api/index.js';
import { filtered, isError } from '../src/page/filter.js';

const exchange = (fields: Partial<ExchangeSummary>): ExchangeSummary => ({
  ...{ id: 1, kind: 'http', method: 'GET', target: '/', port: 3000, path: 'relay', viewer: 'abc' },
  ...{ startedAt: 0, upload: 0, download: 0, outcome: 'complete', status: 200 },
  ...fields,
});

const ALL = [
  exchange({ id: 1, target: '/index.html', type: 'text/html', durationMs: 900 }),
  exchange({ id: 2, method: 'POST', target: '/api/Cart', type: 'application/json', status: 201 }),
  exchange({ id: 3, target: '/logo.png', type: 'image/png', status: 404, path: 'p2p' }),
  exchange({ id: 4, kind: 'websocket', target: '/live', status: 101, outcome: 'running' }),
  exchange({ id: 5, target: '/cut', outcome: 'aborted', port: 8080, download: 20_000 }),
  exchange({ id: 6, target: '/events', type: 'text/event-stream', path: 'replay', viewer: '' }),
  exchange({
    ...{ id: 7, target: '/turned', path: 'turn', viewer: 'xyz', status: undefined! },
    visitor: { number: 12, browser: 'Firefox 153 on Linux' },
  }),
  exchange({ id: 8, target: '/ahead.js', outcome: 'unused', status: 206, viewer: 'ahead' }),
];

describe('a filter', () => {
  test.each([
    ['', [1, 2, 3, 4, 5, 6, 7, 8]],
    ['cart', [2]],
    ['CART post', [2]],
    ['status:4xx', [3]],
    ['status:404', [3]],
    ['status:2', [1, 2, 5, 6, 8]],
    ['method:post', [2]],
    ['type:json', [2]],
    ['path:direct', [3]],
    ['path:turn', [7]],
    ['-path:turn status:2', [1, 2, 5, 6, 8]],
    ['path:p2p', [3]],
    ['path:replay', [6]],
    ['path:relay -method:post', [1, 4, 5, 8]],
    ['viewer:ab', [1, 2, 3, 4, 5]],
    ['viewer:xy', [7]],
    ['viewer:12', [7]],
    ['viewer:#12', [7]],
    ['viewer:1', []],
    ['viewer:firefox', [7]],
    ['port:8080', [5]],
    ['slower:500', [1]],
    ['larger:10000', [5]],
    ['is:error', [3, 5]],
    ['is:running', [4]],
    ['is:unused', [8]],
    ['is:websocket', [4]],
    ['is:events', [6]],
    ['is:image', [3]],
    ['is:replay', [6]],
    ['is:unknown', []],
    ['-cart -html', [3, 4, 5, 6, 7, 8]],
    // No field of that name: it is a word like any other.
    ['foo:bar', []],
  ])('%j leaves %j', (query, ids) => {
    expect(filtered(ALL, query).map(({ id }) => id)).toEqual(ids);
  });
});

test('what was refused is an error, whatever its status', () => {
  expect(isError(exchange({ outcome: 'refused', status: undefined! }))).toBe(true);
  expect(isError(exchange({ status: 399 }))).toBe(false);
});

describe('whatever is asked for', () => {
  const word = fc.constantFrom(
    ...['cart', 'status:4xx', 'path:turn', 'is:error', 'type:image', 'larger:1', 'viewer:a'],
  );
  const idsOf = (query: string): number[] => filtered(ALL, query).map(({ id }) => id);

  test('a line is left by a word or by its opposite, never by both', () => {
    fc.assert(
      fc.property(word, (one) => {
        const both = [...idsOf(one), ...idsOf(`-${one}`)];
        expect(both.sort()).toEqual(ALL.map(({ id }) => id));
      }),
    );
  });

  test('the order of words says nothing, and each leaves fewer lines', () => {
    fc.assert(
      fc.property(word, word, (one, other) => {
        const ids = idsOf(`${one} ${other}`);
        expect(idsOf(` ${other}  ${one} `)).toEqual(ids);
        expect(ids).toEqual(idsOf(one).filter((id) => idsOf(other).includes(id)));
      }),
    );
  });
});
