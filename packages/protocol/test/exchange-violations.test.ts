import { describe, expect, test } from '@jest/globals';
import { WingmanError, type ErrorCode } from '../src/errors.js';
import { header } from '../src/exchange/headers.js';
import type { IncomingRequest } from '../src/exchange/incoming-request.js';
import { MessageType } from '../src/exchange/message-type.js';
import { create, encodeMessage } from '../src/exchange/proto-message.js';
import { request, type RequestOptions } from '../src/exchange/request.js';
import { RequestHead, ResponseHead, Trailers } from '../src/gen/wingman/v1/exchange.js';
import { LIMITS } from '../src/limits.js';
import type { Mux } from '../src/mux/mux.js';
import { settle } from './support/fake-clock.js';
import { collect, exchangePair } from './support/linked-pair.js';
import { acceptorThatSays, GARBAGE, message, text } from './support/scripted-acceptor.js';

const GET = create(RequestHead, { method: 'GET', target: '/' });
const POST = create(RequestHead, { method: 'POST', target: '/', hasBody: true });
const OK = message(MessageType.RESPONSE, encodeMessage(ResponseHead, { status: 200 }));
const EARLY_HINTS = message(MessageType.RESPONSE, encodeMessage(ResponseHead, { status: 103 }));
const BODY = message(MessageType.BODY, text('body'));
const TRAILERS = message(
  MessageType.TRAILERS,
  encodeMessage(Trailers, { headers: [header('sum', '4')] }),
);

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
