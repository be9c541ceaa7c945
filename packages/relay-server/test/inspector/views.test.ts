import { describe, expect, test } from '@jest/globals';
import { detailOf, phasesOf, summaryOf } from '../../src/inspector/views.js';
import { nobody, recording, responseHead } from '../support/recorded.js';

test('a line of the list is what is known so far', () => {
  const { store, time, begin } = recording();
  const exchange = begin({ method: 'POST', target: '/a?wingman-pass=secret&b=1' });
  const line = () => summaryOf(store.get(1)!, nobody);
  expect(line()).toEqual({
    ...{ id: 1, kind: 'http', method: 'POST', target: '/a?b=1', port: 3000, path: 'relay' },
    ...{ viewer: 'viewer-1', startedAt: expect.any(Number), upload: 0, download: 0 },
    outcome: 'running',
  });
  exchange.passed('upload', { bytes: new Uint8Array(5) });
  exchange.head(responseHead(404, ['content-type', 'Text/HTML; charset=utf-8']));
  time.now = 30;
  exchange.end({ outcome: 'aborted', code: 'CANCELLED', by: 'opener' });
  expect(line()).toMatchObject({
    ...{ status: 404, type: 'text/html', upload: 5, durationMs: 30 },
    ...{ outcome: 'aborted', code: 'CANCELLED' },
  });
  expect(detailOf(store.get(1)!, false, nobody)).toMatchObject({ by: 'opener', paths: ['relay'] });
});

test('an exchange of the ingress is no viewer’s, and has no round trip', () => {
  const { whole } = recording();
  const detail = detailOf(whole({ path: 'ingress' }), false, nobody);
  expect([detail.viewer, detail.path, detail.rttMs]).toEqual(['', 'ingress', undefined]);
});

test('the close of a WebSocket is told', () => {
  const { store, begin } = recording();
  const socket = begin({ kind: 'websocket' });
  socket.head(responseHead(101));
  socket.passed('upload', { bytes: Buffer.from('hi'), isText: true, isLast: true });
  socket.end({ outcome: 'complete', close: { code: 1000, reason: 'bye' } });
  expect(detailOf(store.get(1)!, false, nobody).close).toEqual({ code: 1000, reason: 'bye' });
  expect(store.get(1)?.messages.messages).toMatchObject([{ data: 'hi' }]);
  expect(store.get(1)?.body('upload').length).toBe(0);
});

test('the pieces of an event stream are kept as a body and as messages', () => {
  const { whole } = recording();
  const events = ['content-type', 'text/event-stream; charset=utf-8'];
  const record = whole({ answer: events, answerBody: 'data: 1\n\n' });
  expect(record.messages.messages).toMatchObject([{ isText: false, bytes: 9 }]);
  expect(record.body('download').toString()).toBe('data: 1\n\n');
});

test('the fields of an exchange that has ended are what they were', () => {
  const { store, begin } = recording();
  const exchange = begin({ headers: ['accept', '*/*', 'x', 'a: b', 'empty', '', 'x', '7'] });
  const { headers } = exchange.asked;
  const changed = { name: 'host', value: 'localhost:3000' };
  const sent = { ...exchange.asked, headers: [changed, ...headers.slice(1)] };
  exchange.sent(sent);
  exchange.head(responseHead(200, ['set-cookie', 'a=1', 'set-cookie', 'b=2']));
  const before = structuredClone(store.get(1)!.facts);
  exchange.end({ outcome: 'complete' });
  const { end, times, ...after } = store.get(1)!.facts;
  expect({ ...after, times: before.times }).toEqual(before);
  expect([end?.outcome, times.end]).toEqual(['complete', 0]);
});

test('an upload that outlives its answer is counted on', () => {
  const { store, begin } = recording();
  const exchange = begin();
  exchange.end({ outcome: 'complete' });
  exchange.passed('upload', { bytes: new Uint8Array(7) });
  expect(store.get(1)!.facts.counted).toEqual({ upload: 7, download: 0 });
});

test('an exchange without an answer has none when it has ended', () => {
  const { store, begin } = recording();
  begin().end({ outcome: 'refused', code: 'LOCAL_PORT_REFUSED' });
  const { asked, sent, head } = store.get(1)!.facts;
  expect([asked.headers, sent, head]).toEqual([[], undefined, undefined]);
});

describe('where the time went', () => {
  async function* slowly(time: { now: number }, ms: number) {
    for (let n = 0; n < 2; n++) {
      time.now += ms;
      yield await Promise.resolve(Buffer.from('piece'));
    }
  }

  test('is path, host, app, the viewer’s taking, and path again', async () => {
    const { store, time, begin } = recording();
    const exchange = begin();
    time.now = 5;
    exchange.sent(exchange.asked);
    time.now = 45;
    exchange.head(responseHead(200));
    // The app takes 10 ms for each piece, and the viewer 50 for taking it.
    for await (const piece of exchange.watchBody('download', slowly(time, 10))) {
      void piece;
      time.now += 50;
    }
    exchange.end({ outcome: 'complete' });
    expect(phasesOf(store.get(1)!.facts)).toEqual([
      { name: 'path', from: 0, ms: 10 },
      { name: 'host', from: 10, ms: 5 },
      { name: 'app', from: 15, ms: 40 },
      { name: 'app', from: 55, ms: 20 },
      { name: 'viewer', from: 75, ms: 100 },
      { name: 'path', from: 175, ms: 10 },
    ]);
  });

  test('an app that never answered had the time', () => {
    const { store, time, begin } = recording(undefined, null);
    const exchange = begin();
    exchange.sent(exchange.asked);
    time.now = 100;
    exchange.end({ outcome: 'aborted', code: 'TIMEOUT', by: 'app' });
    expect(phasesOf(store.get(1)!.facts)).toEqual([{ name: 'app', from: 0, ms: 100 }]);
  });

  test('a page of the host’s own never was at the app', () => {
    const { store, time, begin } = recording(undefined, null);
    const exchange = begin();
    time.now = 2;
    exchange.head(responseHead(503));
    time.now = 3;
    exchange.end({ outcome: 'refused', code: 'LOCAL_PORT_REFUSED' });
    expect(phasesOf(store.get(1)!.facts)).toEqual([
      { name: 'host', from: 0, ms: 2 },
      { name: 'viewer', from: 2, ms: 1 },
    ]);
  });

  test('a WebSocket is open', () => {
    const { store, time, begin } = recording(undefined, null);
    const socket = begin({ kind: 'websocket' });
    socket.sent(socket.asked);
    time.now = 4;
    socket.head(responseHead(101));
    time.now = 1_004;
    socket.end({ outcome: 'complete' });
    expect(phasesOf(store.get(1)!.facts)).toEqual([
      { name: 'app', from: 0, ms: 4 },
      { name: 'open', from: 4, ms: 1_000 },
    ]);
  });
});

test('a line has whose tab it was, where that is known', () => {
  const { store, begin } = recording();
  begin();
  begin({ path: 'ingress' });
  const visitor = { number: 2, browser: 'Firefox 153 on Linux' };
  const visitorOf = (id: string) => (id === 'viewer-1' ? visitor : undefined);
  expect(store.all.map((record) => summaryOf(record, visitorOf).visitor)).toEqual([
    visitor,
    undefined,
  ]);
  expect(detailOf(store.get(1)!, false, visitorOf).visitor).toEqual(visitor);
});
