import { expect, test } from '@jest/globals';
import {
  create,
  ExchangeObservers,
  headersFromRaw,
  RequestHead,
  ResponseHead,
} from '@wingman/protocol';
import { requestLog, type RequestReport } from '../src/exchange/requests.js';
import { FakeClock } from './support/fake-clock.js';

function setUp(asked: Partial<RequestHead> = {}, kind: 'http' | 'websocket' = 'http') {
  const clock = new FakeClock();
  const reports: RequestReport[] = [];
  const observers = new ExchangeObservers(undefined, clock);
  observers.add(requestLog((report) => reports.push(report)));
  const head = create(RequestHead, { method: 'GET', target: '/cart?token=secret', ...asked });
  const exchange = observers.begin({ kind, link: 'ann', asked: head, path: () => 'relay' });
  const answer = (status: number, ...fields: string[]): void =>
    exchange.head(create(ResponseHead, { status, headers: headersFromRaw(fields) }));
  return { clock, exchange, answer, reports };
}

test('an exchange is told once, at its end, without its query', () => {
  const { clock, exchange, answer, reports } = setUp();
  answer(200, 'content-type', 'text/html');
  exchange.passed('download', { bytes: new Uint8Array(100) });
  exchange.passed('upload', { bytes: new Uint8Array(7) });
  clock.advance(40);
  expect(reports).toEqual([]);
  exchange.end({ outcome: 'complete' });
  expect(reports).toEqual([
    {
      ...{ id: 'ann-1', viewer: 'ann', kind: 'http', method: 'GET', port: 0, page: '/cart' },
      ...{ status: 200, state: 'done', code: undefined, ms: 40, bytes: 100, path: 'relay' },
    },
  ]);
});

test.each([
  ['refused', { outcome: 'refused', code: 'PORT_NOT_ALLOWED' }],
  ['broken-off', { outcome: 'aborted', code: 'CANCELLED', by: 'opener' }],
] as const)('it says what was %s', (state, end) => {
  const { exchange, reports } = setUp({ port: 9_000 });
  exchange.end(end);
  expect(reports).toMatchObject([{ state, code: end.code, status: undefined, port: 9_000 }]);
});

test('what was asked ahead of a page and not used is not told', () => {
  const { answer, exchange, reports } = setUp();
  answer(200);
  exchange.end({ outcome: 'unused' });
  expect(reports).toEqual([]);
});

test('what lasts is told at its beginning, and not again', () => {
  const socket = setUp({}, 'websocket');
  socket.answer(101);
  expect(socket.reports).toMatchObject([{ state: 'open', kind: 'websocket', status: 101 }]);
  socket.exchange.end({ outcome: 'complete' });
  const events = setUp();
  events.answer(200, 'content-type', 'text/event-stream; charset=utf-8');
  events.exchange.end({ outcome: 'aborted', code: 'CANCELLED', by: 'opener' });
  expect([socket.reports.length, events.reports.map(({ state }) => state)]).toEqual([1, ['open']]);
});

test('a WebSocket that was not accepted is told at its end', () => {
  const { answer, exchange, reports } = setUp({}, 'websocket');
  answer(403);
  exchange.end({ outcome: 'complete' });
  expect(reports).toMatchObject([{ state: 'done', status: 403 }]);
});

test('our own pages are not the app’s; those of other ports are', () => {
  const own = setUp({ target: '/__wingman/ports' });
  own.exchange.end({ outcome: 'complete' });
  const other = setUp({ target: '/__wingman/ports', port: 9_000 });
  other.exchange.end({ outcome: 'complete' });
  expect([own.reports.length, other.reports.length]).toEqual([0, 1]);
});
