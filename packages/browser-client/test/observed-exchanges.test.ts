import { describe, expect, test } from '@jest/globals';
import {
  create,
  ExchangeObservers,
  headersFromRaw,
  openWebSocket,
  ResponseHead,
  WingmanError,
  type ExchangeEnd,
  type IncomingWebSocket,
  type ObservedExchange,
} from '@wingman/protocol';
import type { FetchHead, SocketRequest } from '../src/shared/exchange-messages.js';
import { toWebSocketOpen } from '../src/worker/messages.js';
import { observed, observedSockets } from '../src/worker/observed-exchanges.js';
import type { SendRequest } from '../src/worker/serve-fetch.js';
import type { OpenSocket } from '../src/worker/serve-web-socket.js';
import { head, linkedHost } from './support/linked-host.js';

const { signal } = new AbortController();
const post: FetchHead = {
  method: 'POST',
  target: '/x',
  headers: [['x-a', '1']],
  destination: '',
  mode: 'cors',
  hasBody: true,
  hasCredentials: true,
};

async function* texts(...pieces: string[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield await Promise.resolve(new TextEncoder().encode(piece));
}

async function readAll(body: AsyncIterable<Uint8Array>): Promise<string> {
  let text = '';
  for await (const piece of body) text += new TextDecoder().decode(piece);
  return text;
}

/** A way that takes the upload and answers, seen by an observer. */
function way(body: AsyncIterable<Uint8Array> = texts('the ', 'answer'), headers: string[] = []) {
  const seen: ObservedExchange[] = [];
  const ends: ExchangeEnd[] = [];
  const observers = new ExchangeObservers();
  const observe = () =>
    observers.add((exchange) => {
      seen.push(exchange);
      return { end: (end) => ends.push(end) };
    });
  const head = create(ResponseHead, { status: 200, headers: headersFromRaw(headers) });
  const send: SendRequest = async (_, options) => {
    if (options.body !== undefined) await readAll(options.body);
    return { head, body, trailers: Promise.resolve([]) };
  };
  const status = () => ({ link: { id: 'link', state: 'open' }, mode: 'p2p' as const });
  return { send: observed(send, observers, status), plain: send, observe, seen, ends };
}

test('a request that leaves the tab is seen with its head, path, sizes and end', async () => {
  const { send, observe, seen, ends } = way();
  observe();
  const response = await send(post, { body: texts('question'), signal });
  expect(ends).toEqual([]);
  expect(await readAll(response.body)).toBe('the answer');
  expect(seen[0]).toMatchObject({
    kind: 'http',
    link: 'link',
    paths: ['p2p'],
    asked: { method: 'POST', target: '/x', headers: [{ name: 'x-a', value: '1' }] },
    bytes: { upload: 8, download: 10 },
  });
  expect(ends).toEqual([{ outcome: 'complete' }]);
});

test('one that the host refuses says so', async () => {
  const { send, observe, ends } = way(texts('{}'), ['wingman-error', 'LOCAL_PORT_REFUSED']);
  observe();
  await readAll((await send(post, { signal })).body);
  expect(ends).toEqual([{ outcome: 'refused', code: 'LOCAL_PORT_REFUSED' }]);
});

test('one that is cut, before or within its answer, says by whom; the error reaches its reader', async () => {
  const cut = (async function* () {
    yield new Uint8Array(1);
    throw await Promise.resolve(new WingmanError('LINK_LOST', 'gone'));
  })();
  const { send, observe, ends } = way(cut);
  observe();
  const response = await send(post, { signal });
  await expect(readAll(response.body)).rejects.toMatchObject({ code: 'LINK_LOST' });
  const failing = (async function* () {
    yield new Uint8Array(1);
    throw await Promise.resolve(new WingmanError('SESSION_ENDED', 'over'));
  })();
  await expect(send(post, { body: failing, signal })).rejects.toMatchObject({
    code: 'SESSION_ENDED',
  });
  expect(ends).toEqual([
    { outcome: 'aborted', code: 'LINK_LOST', by: 'link' },
    { outcome: 'aborted', code: 'SESSION_ENDED', by: 'host' },
  ]);
});

test('one whose reader leaves is given up all the way', async () => {
  let isLeft = false;
  const body = (async function* () {
    try {
      for (;;) yield await Promise.resolve(new Uint8Array(1));
    } finally {
      isLeft = true;
    }
  })();
  const { send, observe, ends } = way(body);
  observe();
  for await (const piece of (await send(post, { signal })).body) if (piece.byteLength > 0) break;
  expect(isLeft).toBe(true);
  expect(ends).toEqual([{ outcome: 'aborted', code: 'CANCELLED', by: 'opener' }]);
});

test('while nobody observes, a request is left as it is', async () => {
  const { send, seen, plain } = way();
  const response = await send(post, { signal });
  expect(response.body).toBe((await plain(post, { signal })).body);
  expect(seen).toEqual([]);
});

describe('a WebSocket that leaves the tab', () => {
  const asked: SocketRequest = {
    target: '/live',
    protocols: ['chat'],
    headers: [['origin', 'https://app.example']],
    hasCredentials: false,
  };

  /** A way to a host, seen by an observer. */
  function socketWay(serve: (incoming: IncomingWebSocket) => void) {
    const { mux, viewer } = linkedHost({ webSocket: serve });
    const seen: ObservedExchange[] = [];
    const heads: number[] = [];
    const ends: ExchangeEnd[] = [];
    const pieces: string[] = [];
    const observers = new ExchangeObservers();
    observers.add((exchange) => {
      seen.push(exchange);
      exchange.tap((direction, { bytes }) => {
        pieces.push(`${direction} ${Buffer.from(bytes).toString()}`);
      });
      return { head: ({ status }) => heads.push(status), end: (end) => ends.push(end) };
    });
    const plain: OpenSocket = (request, options) =>
      Promise.resolve(openWebSocket(mux, toWebSocketOpen(request), options));
    const status = () => ({ link: { id: 'link', state: 'open' }, mode: 'relay' as const });
    const open = observedSockets(plain, observers, status);
    return { open: () => open(asked, { signal }), viewer, seen, heads, ends, pieces };
  }

  test('is seen with its opening, its messages and its close', async () => {
    const { open, seen, heads, ends, pieces } = socketWay((incoming) => {
      const socket = incoming.accept({ protocol: 'chat' });
      void socket.receive().then(async (message) => {
        await socket.send(typeof message === 'string' ? `echo ${message}` : 'no text');
        socket.close(4000, 'enough');
      });
    });
    const socket = await open();
    await socket.accepted;
    await socket.send('hello');
    expect(await socket.receive()).toBe('echo hello');
    expect(ends).toEqual([]);
    await socket.receive();
    expect(seen[0]).toMatchObject({
      kind: 'websocket',
      link: 'link',
      paths: ['relay'],
      asked: { method: 'GET', target: '/live', headers: [{ name: 'origin' }] },
      bytes: { upload: 5, download: 10 },
    });
    expect(pieces).toEqual(['upload hello', 'download echo hello']);
    expect(heads).toEqual([101]);
    expect(ends).toMatchObject([{ outcome: 'complete', close: { code: 4000, reason: 'enough' } }]);
  });

  test('that the app refuses is complete with its answer, and one that the host refuses says so', async () => {
    const answers = [head(403), head(502, [['wingman-error', 'LOCAL_PORT_REFUSED']])];
    const { open, heads, ends } = socketWay((incoming) =>
      incoming.reject(answers.shift() ?? head(500)),
    );
    for (const status of [403, 502]) {
      await expect((await open()).accepted).rejects.toMatchObject({ head: { status } });
    }
    expect(heads).toEqual([403, 502]);
    expect(ends).toEqual([
      { outcome: 'complete' },
      { outcome: 'refused', code: 'LOCAL_PORT_REFUSED' },
    ]);
  });

  test('that is cut says by whom, before it was accepted and after', async () => {
    let isFirst = true;
    const { open, viewer, ends } = socketWay((incoming) => {
      if (isFirst) incoming.abort('UPSTREAM_ABORTED');
      else incoming.accept({ protocol: '' });
      isFirst = false;
    });
    await expect((await open()).accepted).rejects.toMatchObject({ code: 'UPSTREAM_ABORTED' });
    const socket = await open();
    await socket.accepted;
    viewer.close('LINK_LOST');
    expect(await socket.receive()).toMatchObject({ code: 1006 });
    expect(ends).toEqual([
      { outcome: 'aborted', code: 'UPSTREAM_ABORTED', by: 'app' },
      { outcome: 'aborted', code: 'LINK_LOST', by: 'link' },
    ]);
  });

  test('for which no link comes up is over before it began', async () => {
    const ends: ExchangeEnd[] = [];
    const observers = new ExchangeObservers();
    observers.add(() => ({ end: (end) => ends.push(end) }));
    const fail: OpenSocket = () => Promise.reject(new WingmanError('TIMEOUT', 'no link'));
    const status = () => ({ link: { id: 'link', state: 'waiting' }, mode: 'offline' as const });
    const opened = observedSockets(fail, observers, status)(asked, { signal });
    await expect(opened).rejects.toMatchObject({ code: 'TIMEOUT' });
    expect(ends).toEqual([{ outcome: 'aborted', code: 'TIMEOUT', by: 'opener' }]);
  });
});
