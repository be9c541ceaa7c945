import { describe, expect, test } from '@jest/globals';
import { header } from '../src/exchange/headers.js';
import type { IncomingWebSocket } from '../src/exchange/incoming-websocket.js';
import { MessageType } from '../src/exchange/message-type.js';
import { openWebSocket, WebSocketRejected } from '../src/exchange/open-websocket.js';
import { create, encodeMessage } from '../src/exchange/proto-message.js';
import { ResponseHead, WebSocketAccept, WebSocketOpen } from '../src/gen/wingman/v1/exchange.js';
import { LIMITS } from '../src/limits.js';
import { settle } from './support/fake-clock.js';
import { exchangePair } from './support/linked-pair.js';
import { acceptorThatSays, GARBAGE, message, text } from './support/scripted-acceptor.js';

const WS = create(WebSocketOpen, { target: '/ws', protocols: ['chat'] });

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
