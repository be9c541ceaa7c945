import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { MessageType, tag } from '../src/exchange/message-type.js';
import { create, encodeMessage } from '../src/exchange/proto-message.js';
import type { IncomingWebSocket } from '../src/exchange/incoming-websocket.js';
import { openWebSocket, WebSocketRejected } from '../src/exchange/open-websocket.js';
import {
  isMessagePart,
  type MessagePart,
  type TunnelWebSocket,
} from '../src/exchange/websocket.js';
import { ResponseHead, WebSocketOpen } from '../src/gen/wingman/v1/exchange.js';
import { LIMITS } from '../src/limits.js';
import { concatBytes } from '../src/wire/bytes.js';
import { settle } from './support/fake-clock.js';
import { collect, exchangePair } from './support/linked-pair.js';

const open = create(WebSocketOpen, { target: '/ws', protocols: ['chat'] });

async function connected(onIncoming?: (incoming: IncomingWebSocket) => void) {
  let host: TunnelWebSocket | undefined;
  const { mux, hostMux } = exchangePair({
    webSocket: (incoming) => {
      onIncoming?.(incoming);
      host = incoming.accept({ protocol: incoming.open.protocols[0] ?? '' });
    },
  });
  const viewer = openWebSocket(mux, open);
  const accept = await viewer.accepted;
  return { viewer, host: host!, accept, mux, hostMux };
}

describe('a WebSocket through a link', () => {
  test('keeps text and binary, order and boundaries, whatever their size', async () => {
    const { viewer, host, accept } = await connected();
    expect(accept.protocol).toBe('chat');
    const message = fc.oneof(fc.string({ unit: 'binary' }), fc.uint8Array({ maxLength: 100 }));
    await fc.assert(
      fc.asyncProperty(fc.array(message, { maxLength: 20 }), async (messages) => {
        const sending = Promise.all(messages.map((data) => viewer.send(data)));
        for (const data of messages) expect(await host.receive()).toEqual(data);
        await sending;
      }),
      { numRuns: 50 },
    );
    const large = new Uint8Array(5_000_000).map((_, index) => index % 251);
    const sending = host.send(large);
    expect(Buffer.compare((await viewer.receive()) as Uint8Array, large)).toBe(0);
    await sending;
  });

  test('a byte order mark is text like any other', async () => {
    const { viewer, host } = await connected();
    const text = '\ufeff\ufeffmarked';
    const sending = [viewer.send(text), host.send(text)];
    expect([await host.receive(), await viewer.receive()]).toEqual([text, text]);
    await Promise.all(sending);
    viewer.close(4000, text);
    expect(await host.receive()).toMatchObject({ reason: text });
  });

  test('shows a large message part by part, each with the type of the whole', async () => {
    const { viewer, host } = await connected();
    for (const data of ['ü'.repeat(100_000), new Uint8Array(200_000).fill(7)]) {
      const sending = viewer.send(data);
      const parts: MessagePart[] = [];
      do parts.push((await host.receivePart()) as MessagePart);
      while (parts.at(-1)?.isLast !== true);
      await sending;
      expect(parts.length).toBeGreaterThan(3);
      expect(new Set(parts.map(({ isText }) => isText))).toEqual(
        new Set([typeof data === 'string']),
      );
      const whole = Buffer.concat(parts.map(({ bytes }) => bytes));
      expect(whole.equals(Buffer.from(data as string))).toBe(true);
    }
  });

  test('bytes that are said to be a text arrive as one', async () => {
    const { viewer, host } = await connected();
    const text = 'ü'.repeat(100_000);
    const sending = viewer.send(new TextEncoder().encode(text), true);
    expect(await host.receive()).toBe(text);
    await sending;
  });

  test.each([
    [
      'a text that goes on as bytes',
      [MessageType.WEBSOCKET_TEXT_FRAGMENT, MessageType.WEBSOCKET_BINARY],
    ],
    [
      'bytes that go on as a text',
      [MessageType.WEBSOCKET_BINARY_FRAGMENT, MessageType.WEBSOCKET_TEXT],
    ],
    ['a message of no kind', [0x7f]],
  ])('%s ends the stream', async (_, types) => {
    const { mux, hostMux } = exchangePair({
      webSocket: (incoming) => {
        const socket = incoming.accept({ protocol: '' });
        void socket.receive().then((received) => ends.push(received));
      },
    });
    const ends: unknown[] = [];
    const opening = encodeMessage(WebSocketOpen, open);
    const stream = mux.open(concatBytes([tag(MessageType.WEBSOCKET_OPEN), opening]));
    for (const type of types) stream.write([Uint8Array.of(type, 1)]).catch(() => undefined);
    await settle();
    expect(ends).toMatchObject([{ code: 1006, reason: 'PROTOCOL_ERROR' }]);
    expect([mux.streamCount, hostMux.streamCount]).toEqual([0, 0]);
  });

  test('a message above the limit ends the stream, however it is read', async () => {
    const { viewer, host } = await connected();
    const part = new Uint8Array(LIMITS.maxWebSocketMessageBytes + 1);
    viewer.send(part).catch(() => undefined);
    let last = await host.receivePart();
    while (isMessagePart(last)) last = await host.receivePart();
    expect(last).toMatchObject({ code: 1006, reason: 'LIMIT_EXCEEDED' });
    expect(await viewer.receive()).toMatchObject({ code: 1006, reason: 'LIMIT_EXCEEDED' });
  });

  test('close codes and reasons cross, and free the stream on both sides', async () => {
    const { viewer, host, mux, hostMux } = await connected();
    viewer.close(4321, 'bye');
    expect(await host.receive()).toMatchObject({ code: 4321, reason: 'bye', wasClean: true });
    expect(await viewer.receive()).toMatchObject({ code: 4321 });
    expect(await viewer.receive()).toMatchObject({ code: 4321 });
    await settle();
    expect([mux.streamCount, hostMux.streamCount]).toEqual([0, 0]);
  });

  test('a dead stream is a close with 1006', async () => {
    const { viewer, host } = await connected();
    host.abort('UPSTREAM_ABORTED');
    expect(await viewer.receive()).toMatchObject({ code: 1006, wasClean: false });
  });

  test('a refusal brings the response of the app', async () => {
    const { mux } = exchangePair({
      webSocket: (incoming) =>
        incoming.reject(create(ResponseHead, { status: 403 }), new TextEncoder().encode('no')),
    });
    const socket = openWebSocket(mux, open);
    const rejection = await socket.accepted.then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(rejection).toBeInstanceOf(WebSocketRejected);
    const { head, body } = rejection as WebSocketRejected;
    expect(head.status).toBe(403);
    expect(new TextDecoder().decode(await collect(body))).toBe('no');
    await settle();
    expect(mux.streamCount).toBe(0);
  });

  test('aborting while it opens reaches the host', async () => {
    const abort = new AbortController();
    let incoming: IncomingWebSocket | undefined;
    const { mux } = exchangePair({ webSocket: (arrived) => (incoming = arrived) });
    const socket = openWebSocket(mux, open, { signal: abort.signal });
    await settle();
    abort.abort();
    await expect(socket.accepted).rejects.toMatchObject({ code: 'CANCELLED' });
    await settle();
    expect(incoming?.signal.aborted).toBe(true);
  });
});
