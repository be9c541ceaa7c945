import { describe, expect, test } from '@jest/globals';
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
];

describe('a filter', () => {
  test.each([
    ['', [1, 2, 3, 4, 5, 6]],
    ['cart', [2]],
    ['CART post', [2]],
    ['status:4xx', [3]],
    ['status:404', [3]],
    ['status:2', [1, 2, 5, 6]],
    ['method:post', [2]],
    ['type:json', [2]],
    ['path:direct', [3]],
    ['path:relay -method:post', [1, 4, 5]],
    ['viewer:ab', [1, 2, 3, 4, 5]],
    ['port:8080', [5]],
    ['slower:500', [1]],
    ['larger:10000', [5]],
    ['is:error', [3, 5]],
    ['is:running', [4]],
    ['is:websocket', [4]],
    ['is:events', [6]],
    ['is:image', [3]],
    ['is:replay', [6]],
    ['is:unknown', []],
    ['-cart -html', [3, 4, 5, 6]],
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
