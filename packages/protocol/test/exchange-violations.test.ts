import { describe, expect, test } from '@jest/globals';
import { WingmanError, type ErrorCode } from '../src/errors.js';
import { header } from '../src/exchange/headers.js';
import type { IncomingRequest } from '../src/exchange/incoming-request.js';
import type { IncomingWebSocket } from '../src/exchange/incoming-websocket.js';
import { MessageType, tag, type MessageTypeCode } from '../src/exchange/message-type.js';
import { openWebSocket, WebSocketRejected } from '../src/exchange/open-websocket.js';
import { create, encodeMessage } from '../src/exchange/proto-message.js';
import { request, type RequestOptions } from '../src/exchange/request.js';
import {
  RequestHead,
  ResponseHead,
  Trailers,
  WebSocketAccept,
  WebSocketOpen,
} from '../src/gen/wingman/v1/exchange.js';
import { LIMITS } from '../src/limits.js';
import type { MuxStream } from '../src/mux/mux-stream.js';
import { Mux } from '../src/mux/mux.js';
import { concatBytes } from '../src/wire/bytes.js';
import { settle } from './support/fake-clock.js';
import { collect, exchangePair, linkedPair } from './support/linked-pair.js';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const message = (type: MessageTypeCode, bytes: Uint8Array = new Uint8Array()): Uint8Array =>
  concatBytes([tag(type), bytes]);

const GET = create(RequestHead, { method: 'GET', target: '/' });
const POST = create(RequestHead, { method: 'POST', target: '/', hasBody: true });
const WS = create(WebSocketOpen, { target: '/ws', protocols: ['chat'] });
const OK = message(MessageType.RESPONSE, encodeMessage(ResponseHead, { status: 200 }));
const EARLY_HINTS = message(MessageType.RESPONSE, encodeMessage(ResponseHead, { status: 103 }));
const BODY = message(MessageType.BODY, text('body'));
const TRAILERS = message(
  MessageType.TRAILERS,
  encodeMessage(Trailers, { headers: [header('sum', '4')] }),
);
const GARBAGE = Uint8Array.of(0xff, 0xff);

/** An opener's mux, and an acceptor that says these messages, then ends or resets. */
function acceptorThatSays(messages: readonly Uint8Array[], reset?: ErrorCode) {
  const { initiator, acceptor } = linkedPair();
  const streams: MuxStream[] = [];
  new Mux(acceptor, {
    onStream: (stream) => {
      streams.push(stream);
      for (const bytes of messages) stream.write([bytes]).catch(() => undefined);
      if (reset === undefined) stream.end();
      // What was written has to go out first.
      else void settle().then(() => stream.reset(reset));
    },
  });
  return { mux: new Mux(initiator), streams };
}

/** The whole answer to a GET, or the code it failed with. */
async function outcome(mux: Mux, options: RequestOptions = {}): Promise<unknown> {
  try {
    const response = await request(mux, GET, options);
    const body = new TextDecoder().decode(await collect(response.body));
    return [response.head.status, body, (await response.trailers).map(({ name }) => name)];
  } catch (error) {
    return error instanceof WingmanError ? error.code : error;
  }
}

describe('an answer in another order than head, body, trailers', () => {
  test.each<[string, Uint8Array[], unknown]>([
    ['head and end', [OK], [200, '', []]],
    ['head, body, body', [OK, BODY, BODY], [200, 'bodybody', []]],
    [
      '1xx, 1xx, head, body, trailers',
      [EARLY_HINTS, EARLY_HINTS, OK, BODY, TRAILERS],
      [200, 'body', ['sum']],
    ],
    ['nothing', [], 'PROTOCOL_ERROR'],
    ['body without a head', [BODY], 'PROTOCOL_ERROR'],
    ['1xx and end', [EARLY_HINTS], 'PROTOCOL_ERROR'],
    ['garbage for a head', [message(MessageType.RESPONSE, GARBAGE)], 'PROTOCOL_ERROR'],
    ['two heads', [OK, OK], 'PROTOCOL_ERROR'],
    ['body behind trailers', [OK, TRAILERS, BODY], 'PROTOCOL_ERROR'],
    ['garbage for trailers', [OK, message(MessageType.TRAILERS, GARBAGE)], 'PROTOCOL_ERROR'],
    ['an empty message', [OK, new Uint8Array()], 'PROTOCOL_ERROR'],
    ['a WebSocket’s message', [OK, message(MessageType.WEBSOCKET_TEXT)], 'PROTOCOL_ERROR'],
  ])('%s', async (_, messages, expected) => {
    const { mux } = acceptorThatSays(messages);
    expect(await outcome(mux)).toEqual(expected);
    await settle();
    // The stream is over in any case, and the link lives.
    expect([mux.streamCount, mux.link.state]).toEqual([0, 'open']);
  });

  test.each<ErrorCode>(['UPSTREAM_ABORTED', 'TIMEOUT', 'LIMIT_EXCEEDED', 'REFUSED', 'INTERNAL'])(
    'a body that breaks off with %s is never whole, its trailers neither',
    async (code) => {
      const { mux } = acceptorThatSays([OK, BODY], code);
      const response = await request(mux, GET);
      await expect(collect(response.body)).rejects.toMatchObject({ code });
      await expect(response.trailers).rejects.toMatchObject({ code });
    },
  );

  test('before its head, a reset is the answer', async () => {
    expect(await outcome(acceptorThatSays([], 'TOO_MANY_VIEWERS').mux)).toBe('TOO_MANY_VIEWERS');
    expect(await outcome(acceptorThatSays([EARLY_HINTS], 'SESSION_ENDED').mux)).toBe(
      'SESSION_ENDED',
    );
  });
});

describe('a request', () => {
  test('that was aborted before is not sent', async () => {
    const { mux, streams } = acceptorThatSays([OK]);
    const signal = AbortSignal.abort();
    expect(await outcome(mux, { signal })).toBe('CANCELLED');
    await settle();
    expect([streams.length, mux.streamCount]).toEqual([0, 0]);
  });

  test('that is over does not listen to its signal any more', async () => {
    const abort = new AbortController();
    let listeners = 0;
    const { signal } = abort;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => ((listeners += 1), add(...args));
    signal.removeEventListener = (...args: Parameters<typeof remove>) => (
      (listeners -= 1),
      remove(...args)
    );
    expect(await outcome(acceptorThatSays([OK, BODY]).mux, { signal })).toEqual([200, 'body', []]);
    expect(listeners).toBe(0);
    expect(await outcome(acceptorThatSays([], 'TIMEOUT').mux, { signal })).toBe('TIMEOUT');
    expect(listeners).toBe(0);
  });

  test('whose answer is read to its end is not touched by a late abort', async () => {
    const abort = new AbortController();
    const { mux, streams } = acceptorThatSays([OK, BODY]);
    expect(await outcome(mux, { signal: abort.signal })).toEqual([200, 'body', []]);
    abort.abort();
    await settle();
    expect(streams[0]!.error).toBeUndefined();
  });
});

describe('an incoming request', () => {
  /** One request to a host, which does with it what a test says. */
  async function incoming(head = GET, options: RequestOptions = {}) {
    const arrived: IncomingRequest[] = [];
    const { mux, hostMux } = exchangePair({ request: (one) => void arrived.push(one) });
    const response = request(mux, head, options);
    response.catch(() => undefined);
    await settle();
    return { response, host: arrived[0]!, mux, hostMux };
  }

  test('has one final head, and no 1xx behind it', async () => {
    const { host, response } = await incoming();
    host.respond(create(ResponseHead, { status: 204 }));
    expect(() => host.respond(create(ResponseHead, { status: 500 }))).toThrow(
      expect.objectContaining({ code: 'INTERNAL', message: 'second response head' }),
    );
    host.informational(create(ResponseHead, { status: 103 }));
    host.end();
    const { head, body } = await response;
    expect(head.status).toBe(204);
    expect((await collect(body)).byteLength).toBe(0);
  });

  test('with a head that is too large can still be answered', async () => {
    const { host, response } = await incoming();
    const headers = [header('x', 'y'.repeat(LIMITS.maxHeadBytes))];
    expect(() => host.respond(create(ResponseHead, { status: 200, headers }))).toThrow(
      expect.objectContaining({
        code: 'LIMIT_EXCEEDED',
        message: 'the response head is too large',
      }),
    );
    host.respond(create(ResponseHead, { status: 502 }));
    host.end();
    expect((await response).head.status).toBe(502);
  });

  test('sends bodies in pieces that others can get in between', async () => {
    const { host, response } = await incoming();
    host.respond(create(ResponseHead, { status: 200 }));
    const bytes = new Uint8Array(2 * LIMITS.bodyChunkBytes + 1).fill(3);
    const writing = host.write(bytes).then(() => host.end([header('Sum', '9')]));
    const sizes: number[] = [];
    const { body, trailers } = await response;
    for await (const chunk of body) sizes.push(chunk.byteLength);
    await writing;
    expect(sizes).toEqual([LIMITS.bodyChunkBytes, LIMITS.bodyChunkBytes, 1]);
    expect(await trailers).toMatchObject([{ name: 'sum', value: '9' }]);
  });

  test('tells its trailers behind the body, and their lack when the opener is gone', async () => {
    async function* once(): AsyncGenerator<Uint8Array> {
      yield text('up');
    }
    const trailers = () => [header('t', '1')];
    const { host } = await incoming(POST, { body: once(), trailers });
    expect(new TextDecoder().decode(await collect(host.body))).toBe('up');
    expect(await host.requestTrailers).toMatchObject([{ name: 't', value: '1' }]);
    const abort = new AbortController();
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) yield new Uint8Array(32_000);
    }
    const other = await incoming(POST, { body: endless(), signal: abort.signal });
    expect(other.host.signal.aborted).toBe(false);
    abort.abort();
    await settle();
    expect(other.host.signal.reason).toMatchObject({ code: 'CANCELLED' });
    await expect(other.host.requestTrailers).rejects.toMatchObject({ code: 'CANCELLED' });
    await expect(other.host.write(text('late'))).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  test.each<ErrorCode>(['UPSTREAM_ABORTED', 'TIMEOUT', 'INTERNAL'])(
    'is aborted with %s, and the opener sees that code',
    async (code) => {
      const { host, response, mux, hostMux } = await incoming();
      host.abort(code);
      await expect(response).rejects.toMatchObject({ code });
      expect([mux.streamCount, hostMux.streamCount]).toEqual([0, 0]);
    },
  );
});

describe('an exchange that opens with', () => {
  test.each<[string, Uint8Array]>([
    ['nothing', new Uint8Array()],
    ['an unknown type', Uint8Array.of(0x7f)],
    ['a response', OK],
    ['a request that is none', message(MessageType.REQUEST, GARBAGE)],
    ['a WebSocket that is none', message(MessageType.WEBSOCKET_OPEN, GARBAGE)],
  ])('%s is reset, and nobody is bothered', async (_, opening) => {
    const { mux, hostMux } = exchangePair({});
    await expect(mux.open(opening).read()).rejects.toMatchObject({ code: 'PROTOCOL_ERROR' });
    expect([hostMux.streamCount, mux.link.state]).toEqual([0, 'open']);
  });

  test('a handler that throws is reset, and the link lives', async () => {
    const { mux } = exchangePair({
      request: () => {
        throw new Error('a bug');
      },
    });
    expect(await outcome(mux)).toBe('PROTOCOL_ERROR');
    expect(mux.link.state).toBe('open');
  });
});

describe('the answer to a WebSocket', () => {
  const accept = message(
    MessageType.WEBSOCKET_ACCEPT,
    encodeMessage(WebSocketAccept, { protocol: 'chat' }),
  );

  test.each<[string, Uint8Array[]]>([
    ['is nothing', []],
    ['is a message', [message(MessageType.WEBSOCKET_TEXT, text('hi'))]],
    ['is garbage', [message(MessageType.WEBSOCKET_ACCEPT, GARBAGE)]],
    ['is a refusal that is none', [message(MessageType.RESPONSE, GARBAGE)]],
  ])('that %s fails the WebSocket alone', async (_, messages) => {
    const { mux } = acceptorThatSays(messages);
    const socket = openWebSocket(mux, WS);
    await expect(socket.accepted).rejects.toMatchObject({ code: 'PROTOCOL_ERROR' });
    expect(await socket.receive()).toMatchObject({ code: 1006, wasClean: false });
    expect(mux.link.state).toBe('open');
  });

  test.each<[string, Uint8Array[], object]>([
    ['ends without a close', [accept], { code: 1006 }],
    [
      'closes with garbage',
      [accept, message(MessageType.WEBSOCKET_CLOSE, GARBAGE)],
      { code: 1006, reason: 'PROTOCOL_ERROR' },
    ],
    [
      'sends HTTP',
      [accept, message(MessageType.BODY, text('x'))],
      { code: 1006, reason: 'PROTOCOL_ERROR' },
    ],
  ])('that %s is a close with 1006', async (_, messages, close) => {
    const { mux } = acceptorThatSays(messages);
    const socket = openWebSocket(mux, WS);
    expect((await socket.accepted).protocol).toBe('chat');
    expect(await socket.receive()).toMatchObject({ ...close, wasClean: false });
    expect(await socket.receive()).toMatchObject(close);
  });

  test('is not waited for when it was aborted before', async () => {
    const { mux, streams } = acceptorThatSays([accept]);
    const socket = openWebSocket(mux, WS, { signal: AbortSignal.abort() });
    await expect(socket.accepted).rejects.toMatchObject({ code: 'CANCELLED' });
    expect([streams.length, mux.streamCount]).toEqual([0, 0]);
  });

  test('is not asked for with a head that is too large', () => {
    const { mux } = acceptorThatSays([]);
    const protocols = ['x'.repeat(LIMITS.maxHeadBytes)];
    expect(() => openWebSocket(mux, create(WebSocketOpen, { target: '/', protocols }))).toThrow(
      expect.objectContaining({ code: 'LIMIT_EXCEEDED' }),
    );
    expect(mux.streamCount).toBe(0);
  });

  test('refused: leaving its body ends the stream', async () => {
    const arrived: IncomingWebSocket[] = [];
    const { mux, hostMux } = exchangePair({ webSocket: (one) => void arrived.push(one) });
    const socket = openWebSocket(mux, WS);
    const refusal = socket.accepted.catch((error: unknown) => error);
    await settle();
    const headers = [header('x', 'y'.repeat(LIMITS.maxHeadBytes))];
    expect(() => arrived[0]!.reject(create(ResponseHead, { status: 403, headers }))).toThrow(
      expect.objectContaining({ code: 'LIMIT_EXCEEDED' }),
    );
    arrived[0]!.reject(create(ResponseHead, { status: 403 }), new Uint8Array(4_000_000));
    const rejected = await refusal;
    expect(rejected).toBeInstanceOf(WebSocketRejected);
    expect(rejected).toMatchObject({
      code: 'REFUSED',
      message: 'the app refused the WebSocket with status 403',
    });
    await (rejected as WebSocketRejected).body[Symbol.asyncIterator]().return?.();
    await settle();
    expect([mux.streamCount, hostMux.streamCount]).toEqual([0, 0]);
  });

  test('that fails ends the WebSocket at the host with its code', async () => {
    const arrived: IncomingWebSocket[] = [];
    const { mux } = exchangePair({ webSocket: (one) => void arrived.push(one) });
    const socket = openWebSocket(mux, WS);
    await settle();
    arrived[0]!.abort('TIMEOUT');
    await expect(socket.accepted).rejects.toMatchObject({ code: 'TIMEOUT' });
    expect(await socket.receive()).toMatchObject({ code: 1006, reason: 'TIMEOUT' });
    await expect(socket.send('late')).rejects.toMatchObject({ code: 'TIMEOUT' });
  });
});

describe('whoever watches a WebSocket', () => {
  test('is told of what passes in both directions, and of the end once', async () => {
    const seen: string[] = [];
    const arrived: IncomingWebSocket[] = [];
    const { mux } = exchangePair({ webSocket: (one) => void arrived.push(one) });
    const viewer = openWebSocket(mux, WS);
    await settle();
    const host = arrived[0]!.accept(
      { protocol: '' },
      {
        part: (direction, { bytes, isText, isLast }) =>
          seen.push(`${direction} ${bytes.byteLength} ${isText} ${isLast}`),
        ended: ({ code }) => seen.push(`ended ${code}`),
      },
    );
    await viewer.accepted;
    await Promise.all([viewer.send('abc'), host.send(new Uint8Array(100_000))]);
    expect(await host.receive()).toBe('abc');
    viewer.close(1000, 'done');
    expect(await host.receive()).toMatchObject({ code: 1000 });
    expect(await host.receive()).toMatchObject({ code: 1000 });
    expect(seen).toEqual(['sent 100000 false true', 'received 3 true true', 'ended 1000']);
  });

  test('a close is sent once, by the side that closes first too', async () => {
    const arrived: IncomingWebSocket[] = [];
    const { mux, hostMux } = exchangePair({ webSocket: (one) => void arrived.push(one) });
    const viewer = openWebSocket(mux, WS);
    await settle();
    const host = arrived[0]!.accept({ protocol: '' });
    viewer.close(4001, 'viewer');
    host.close(4002, 'host');
    host.close(4003, 'again');
    expect(await viewer.receive()).toMatchObject({ code: 4002, reason: 'host' });
    expect(await host.receive()).toMatchObject({ code: 4001, reason: 'viewer' });
    await settle();
    expect([mux.streamCount, hostMux.streamCount]).toEqual([0, 0]);
    await expect(viewer.send('late')).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  test('hears when the stream fails', async () => {
    const arrived: IncomingWebSocket[] = [];
    const { mux } = exchangePair({ webSocket: (one) => void arrived.push(one) });
    const viewer = openWebSocket(mux, WS);
    await settle();
    const codes: string[] = [];
    arrived[0]!.accept({ protocol: '' }).onFailure(({ code }) => codes.push(code));
    expect(arrived[0]!.signal.aborted).toBe(false);
    viewer.abort('CANCELLED');
    await settle();
    expect([codes, arrived[0]!.signal.aborted]).toEqual([['CANCELLED'], true]);
  });
});
