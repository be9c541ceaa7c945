import { describe, expect, test } from '@jest/globals';
import {
  WebSocketAccept,
  create,
  openWebSocket,
  type IncomingWebSocket,
  type TunnelWebSocket,
} from '@wingman/protocol';
import { createWebSocketClass } from '../src/shim/replace-web-socket.js';
import { checkClose, parseProtocols, parseSocketUrl } from '../src/shim/socket-rules.js';
import type { TunnelSocket } from '../src/shim/tunnel-socket.js';
import { toWebSocketOpen } from '../src/worker/messages.js';
import { ServedWebSocket } from '../src/worker/serve-web-socket.js';
import './support/close-event.js';
import { eventually, head, linkedHost } from './support/linked-host.js';
import { FakeClock } from './support/fake-clock.js';

class NativeSocket {
  constructor(readonly url: string | URL) {}
}

/** A page whose WebSockets go through ports and a link to `serve`. */
function setUp(serve: (incoming: IncomingWebSocket) => void) {
  const { mux, viewer } = linkedHost({ webSocket: serve });
  const created: TunnelSocket[] = [];
  const clock = new FakeClock();
  const world = {
    baseUrl: () => 'https://app.example/page?x',
    headers: (): [string, string][] => [['origin', 'https://app.example']],
    open: (request: Parameters<typeof toWebSocketOpen>[0], port: MessagePort) => {
      const served = new ServedWebSocket(port, clock);
      void served.run(async (signal) => {
        await Promise.resolve();
        return openWebSocket(mux, toWebSocketOpen(request), { signal });
      });
    },
  };
  const native = NativeSocket as unknown as typeof WebSocket;
  const Socket = createWebSocketClass(native, world, 'app.example', (socket) =>
    created.push(socket),
  );
  return { Socket, created, viewer, clock };
}

function echo(incoming: IncomingWebSocket): void {
  const [protocol = ''] = incoming.open.protocols;
  const socket = incoming.accept(create(WebSocketAccept, { protocol }));
  void pump(socket);
}

async function pump(socket: TunnelWebSocket): Promise<void> {
  for (;;) {
    const message = await socket.receive();
    if (typeof message !== 'string' && !(message instanceof Uint8Array)) return;
    await socket.send(message);
  }
}

/** Everything that happens to a socket, in order. */
function record(socket: WebSocket): unknown[] {
  const events: unknown[] = [];
  socket.addEventListener('open', () => events.push('open'));
  socket.addEventListener('message', ({ data }) => events.push(data));
  socket.addEventListener('error', () => events.push('error'));
  socket.addEventListener('close', ({ code, reason, wasClean }) =>
    events.push({ code, reason, wasClean }),
  );
  return events;
}

describe('the tunnelled WebSocket', () => {
  test('opens, exchanges text and binary in order, and closes cleanly', async () => {
    const { Socket } = setUp(echo);
    const socket = new Socket('/chat?a=1', ['one', 'two']);
    const events = record(socket);
    expect(socket.url).toBe('wss://app.example/chat?a=1');
    expect(socket.readyState).toBe(Socket.CONNECTING);
    socket.binaryType = 'arraybuffer';
    await eventually(() => socket.readyState === Socket.OPEN);
    expect(socket.protocol).toBe('one');
    socket.send('text');
    socket.send(new Blob(['blob']));
    socket.send(Uint8Array.of(1, 2, 3).subarray(1));
    expect(socket.bufferedAmount).toBe(10);
    await eventually(() => events.length === 4);
    expect(socket.bufferedAmount).toBe(0);
    socket.close(3001, 'done');
    expect(socket.readyState).toBe(Socket.CLOSING);
    await eventually(() => socket.readyState === Socket.CLOSED);
    const [open, text, blob, binary, close] = events;
    expect([open, text, close]).toEqual([
      'open',
      'text',
      { code: 3001, reason: 'done', wasClean: true },
    ]);
    expect(Buffer.from(blob as ArrayBuffer).toString()).toBe('blob');
    expect(new Uint8Array(binary as ArrayBuffer)).toEqual(Uint8Array.of(2, 3));
  });

  test('gives blobs unless told otherwise', async () => {
    const { Socket } = setUp(echo);
    const socket = new Socket('/');
    const events = record(socket);
    await eventually(() => events.length === 1);
    socket.send(Uint8Array.of(5));
    await eventually(() => events.length === 2);
    expect(events[1]).toBeInstanceOf(Blob);
    socket.close();
    await eventually(() => socket.readyState === Socket.CLOSED);
  });

  test('a refused upgrade is an error and 1006', async () => {
    const { Socket } = setUp((incoming) => incoming.reject(head(403)));
    const socket = new Socket('/');
    const events = record(socket);
    await eventually(() => socket.readyState === Socket.CLOSED);
    expect(events).toEqual(['error', { code: 1006, reason: 'REFUSED', wasClean: false }]);
  });

  test('the server’s close code and reason come through', async () => {
    const { Socket } = setUp((incoming) => {
      incoming.accept(create(WebSocketAccept, {})).close(4321, 'bye');
    });
    const events = record(new Socket('/'));
    await eventually(() => events.length === 2);
    expect(events).toEqual(['open', { code: 4321, reason: 'bye', wasClean: true }]);
  });

  test('the death of the link is an error and 1006', async () => {
    const { Socket, viewer } = setUp(echo);
    const events = record(new Socket('/'));
    await eventually(() => events.length === 1);
    viewer.close('LINK_LOST');
    await eventually(() => events.length === 3);
    expect(events.slice(1)).toMatchObject(['error', { code: 1006, wasClean: false }]);
  });

  test('a peer that does not answer the close is given up after a deadline', async () => {
    const { Socket, clock } = setUp((incoming) => {
      incoming.accept(create(WebSocketAccept, {}));
    });
    const socket = new Socket('/');
    const events = record(socket);
    await eventually(() => events.length === 1);
    socket.close(1000);
    await eventually(() => clock.timers === 1);
    await clock.advance(10_000);
    await eventually(() => socket.readyState === Socket.CLOSED);
    expect(events.at(-1)).toMatchObject({ code: 1006, wasClean: false });
  });

  test('closing while connecting never opens it', async () => {
    const { Socket } = setUp(echo);
    const socket = new Socket('/');
    const events = record(socket);
    socket.close();
    await eventually(() => socket.readyState === Socket.CLOSED);
    expect(events).toMatchObject(['error', { code: 1006 }]);
  });

  test('sending too early throws; sending too late only counts', async () => {
    const { Socket } = setUp(echo);
    const socket = new Socket('/');
    expect(() => socket.send('x')).toThrow(expect.objectContaining({ name: 'InvalidStateError' }));
    await eventually(() => socket.readyState === Socket.OPEN);
    socket.close();
    socket.send('four');
    expect(socket.bufferedAmount).toBe(4);
    await eventually(() => socket.readyState === Socket.CLOSED);
  });

  test('handler attributes, instanceof, subclasses, constants and the name are as usual', async () => {
    const { Socket, created } = setUp(echo);
    class Chat extends Socket {
      readonly extra = true;
    }
    const socket = new Chat('wss://app.example/');
    const seen: string[] = [];
    socket.onopen = () => seen.push('replaced');
    socket.onopen = function (this: WebSocket) {
      seen.push(this === socket ? 'open' : 'wrong this');
    };
    await eventually(() => seen.length === 1);
    expect(seen).toEqual(['open']);
    expect(socket.onopen).toBeInstanceOf(Function);
    expect(socket.extra && socket instanceof Socket && socket instanceof Chat).toBe(true);
    expect([Socket.name, Socket.OPEN, socket.CLOSED]).toEqual(['WebSocket', 1, 3]);
    expect(Object.prototype.toString.call(socket)).toBe('[object WebSocket]');
    expect(socket.constructor).toBe(Chat);
    expect(created).toHaveLength(1);
    socket.close();
    await eventually(() => socket.readyState === Socket.CLOSED);
  });

  test('other hosts get the browser’s own, which is still an instance', () => {
    const { Socket, created } = setUp(echo);
    const socket = new Socket('wss://elsewhere.example/');
    expect(socket).toBeInstanceOf(NativeSocket);
    expect(socket instanceof Socket).toBe(true);
    expect(created).toHaveLength(0);
  });
});

describe('the rules of the constructor and of close', () => {
  const base = 'https://app.example/';

  test.each(['ftp://x/', 'wss://app.example/#fragment', 'http://['])('%s is refused', (url) => {
    expect(() => parseSocketUrl(url, base)).toThrow(
      expect.objectContaining({ name: 'SyntaxError' }),
    );
  });

  test('http and https stand for ws and wss', () => {
    expect(parseSocketUrl('http://a/', base).href).toBe('ws://a/');
    expect(parseSocketUrl('path', base).href).toBe('wss://app.example/path');
  });

  test('protocols are tokens and distinct', () => {
    expect(parseProtocols('one')).toEqual(['one']);
    expect(parseProtocols(undefined)).toEqual([]);
    for (const protocols of [['a', 'a'], ['A', 'a'], ['a b'], ['']]) {
      expect(() => parseProtocols(protocols)).toThrow(
        expect.objectContaining({ name: 'SyntaxError' }),
      );
    }
  });

  test('close takes 1000 and 3000 to 4999, and 123 bytes of reason', () => {
    for (const code of [undefined, 1000, 3000, 4999]) checkClose(code, 'é'.repeat(61));
    for (const code of [0, 999, 1001, 2999, 5000]) {
      expect(() => checkClose(code, '')).toThrow(
        expect.objectContaining({ name: 'InvalidAccessError' }),
      );
    }
    expect(() => checkClose(1000, 'é'.repeat(62))).toThrow(
      expect.objectContaining({ name: 'SyntaxError' }),
    );
  });
});
