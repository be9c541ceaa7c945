import { describe, expect, test } from '@jest/globals';
import {
  WebSocketAccept,
  WebSocketOpen,
  create,
  headerValue,
  openWebSocket,
  type IncomingWebSocket,
  type TunnelWebSocket,
} from '@wingman/protocol';
import { replaceWebSocket } from '../src/shim/replace-web-socket.js';
import { checkClose, parseProtocols, parseSocketUrl } from '../src/shim/socket-rules.js';
import type { TunnelSocket } from '../src/shim/tunnel-socket.js';
import { routeFrom } from '../src/shim/page-sockets.js';
import { toWebSocketOpen } from '../src/worker/messages.js';
import { ServedWebSocket } from '../src/worker/serve-web-socket.js';
import './support/close-event.js';
import { eventually, head, linkedHost } from './support/linked-host.js';
import { FakeClock, settle } from './support/fake-clock.js';
import { nativeWebSocketClass } from './support/native-web-socket.js';

const APP = new URL('https://app.example');

/** A page whose WebSockets go through ports and a link to `serve`. */
function setUp(serve: (incoming: IncomingWebSocket) => void) {
  const { mux, viewer } = linkedHost({ webSocket: serve });
  const created: TunnelSocket[] = [];
  const complaints: string[] = [];
  const clock = new FakeClock();
  const native = nativeWebSocketClass();
  const { EventTarget, Event, MessageEvent, CloseEvent, Blob, DOMException } = globalThis;
  const realm = {
    ...{ WebSocket: native, EventTarget, Event, MessageEvent, CloseEvent, Blob, DOMException },
  };
  replaceWebSocket({
    realm,
    baseUrl: () => 'https://app.example/page?x',
    route: (url) => routeFrom(APP, url),
    headers: (): [string, string][] => [['origin', 'https://app.example']],
    open: (request) => {
      const { port1, port2 } = new MessageChannel();
      const served = new ServedWebSocket(port2, clock);
      void served.run(async (signal) => {
        await Promise.resolve();
        return openWebSocket(mux, toWebSocketOpen(request), { signal });
      });
      return port1;
    },
    complain: (text) => complaints.push(text),
    created: (socket) => created.push(socket),
  });
  return { Socket: realm.WebSocket, native, created, complaints, viewer, clock };
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

  test.each(['before it is open', 'when it is open'])(
    'fails when the tunnel worker has ended, %s, and hears nothing afterwards',
    async (when) => {
      const { Socket, created, complaints } = setUp(echo);
      const socket = new Socket('/');
      const events = record(socket);
      if (when === 'when it is open') await eventually(() => socket.readyState === Socket.OPEN);
      created[0]?.lost();
      const failure = ['error', { code: 1006, reason: '', wasClean: false }];
      expect(events.slice(-2)).toEqual(failure);
      expect(socket.readyState).toBe(Socket.CLOSED);
      created[0]?.lost();
      await settle();
      expect(events.slice(-2)).toEqual(failure);
      expect(events.length).toBeLessThanOrEqual(3);
      expect(complaints).toEqual([]);
    },
  );

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
    const { Socket, complaints } = setUp((incoming) => incoming.reject(head(403)));
    const socket = new Socket('/');
    const events = record(socket);
    await eventually(() => socket.readyState === Socket.CLOSED);
    expect(events).toEqual(['error', { code: 1006, reason: '', wasClean: false }]);
    expect(complaints).toEqual([
      "WebSocket connection to 'wss://app.example/' failed: Unexpected response code: 403",
    ]);
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

  test('other hosts get the browser’s own, of the same class and prototype', () => {
    const { Socket, created } = setUp(echo);
    class Chat extends Socket {
      hello(): string {
        return this.url;
      }
    }
    const socket = new Chat('wss://elsewhere.example/');
    expect(socket.hello()).toBe('wss://elsewhere.example/');
    expect(socket instanceof Socket && socket instanceof Chat).toBe(true);
    expect(created).toHaveLength(0);
  });

  test('the developer’s other ports go through the tunnel, with cookies by name only', async () => {
    const seen: IncomingWebSocket['open'][] = [];
    const { Socket, complaints } = setUp((incoming) => {
      seen.push(incoming.open);
      incoming.reject(head(403, [['wingman-error', 'PORT_NOT_ALLOWED']]));
    });
    const urls = ['ws://localhost:8080/a?b', 'http://127.0.0.1:8081/', 'ws://[::1]/'];
    const sockets = urls.map((url) => new Socket(url));
    await eventually(() => sockets.every(({ readyState }) => readyState === Socket.CLOSED));
    expect(seen.map(({ port, target }) => [port, target])).toEqual([
      [8080, '/a?b'],
      [8081, '/'],
      [80, '/'],
    ]);
    const hosts = seen.map(({ headers }) => headerValue(headers, 'host'));
    expect(hosts).toEqual(['localhost:8080', '127.0.0.1:8081', '[::1]']);
    expect(complaints[0]).toContain('wingman with --also 8080');
    const elsewhere = ['wss://localhost:8080', 'ws://localhost.example', 'ws://127.0.0.2'];
    for (const url of elsewhere) expect(routeFrom(APP, new URL(url))).toBeUndefined();
    expect(routeFrom(APP, new URL('ws://localhost'))?.hasCredentials).toBe(true);
    expect(routeFrom(APP, new URL('ws://127.0.0.1'))?.hasCredentials).toBe(false);
  });

  test('a patch of the prototype meets every socket', async () => {
    const { Socket, native } = setUp(echo);
    const sent: unknown[] = [];
    const original: unknown = Reflect.get(Socket.prototype, 'send');
    Socket.prototype.send = function (data) {
      sent.push(data);
      Reflect.apply(original as () => void, this, [data]);
    };
    expect(Socket.prototype).toBe(native.prototype);
    const socket = new Socket('/');
    await eventually(() => socket.readyState === Socket.OPEN);
    socket.send('x');
    expect(sent).toEqual(['x']);
    socket.close();
    await eventually(() => socket.readyState === Socket.CLOSED);
  });

  test('what a page has not dealt with stays with its sender', async () => {
    let sent = 0;
    const { port1, port2 } = new MessageChannel();
    const { mux } = linkedHost({
      webSocket: (incoming) => {
        const socket = incoming.accept(create(WebSocketAccept, {}));
        void (async () => {
          for (; sent < 400; sent += 1) await socket.send(new Uint8Array(64 * 1024));
        })();
      },
    });
    let arrived = 0;
    port1.onmessage = () => (arrived += 1);
    void new ServedWebSocket(port2, new FakeClock()).run(() =>
      Promise.resolve(openWebSocket(mux, create(WebSocketOpen, { target: '/' }))),
    );
    // 1 MiB on the port and 2 MiB in the stream's window; nobody has said that it took any.
    await eventually(() => arrived >= 17);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(arrived).toBeLessThan(20);
    expect(sent).toBeLessThan(60);
    port1.postMessage({ kind: 'taken', weight: 1024 * 1024 });
    await eventually(() => arrived >= 30);
    port1.close();
  });
});

describe('the rules of the constructor and of close', () => {
  const base = 'https://app.example/';

  test.each(['ftp://x/', 'wss://app.example/#fragment', 'wss://app.example/#', 'http://['])(
    '%s is refused',
    (url) => {
      expect(() => parseSocketUrl(url, base)).toThrow(
        expect.objectContaining({ name: 'SyntaxError' }),
      );
    },
  );

  test('http and https stand for ws and wss', () => {
    expect(parseSocketUrl('http://a/', base).href).toBe('ws://a/');
    expect(parseSocketUrl('path', base).href).toBe('wss://app.example/path');
  });

  test('protocols are tokens and distinct', () => {
    expect(parseProtocols('one')).toEqual(['one']);
    expect(parseProtocols(['A', 'a'])).toEqual(['A', 'a']);
    expect(parseProtocols(undefined)).toEqual([]);
    expect(parseProtocols(null)).toEqual(['null']);
    expect(parseProtocols(new Set(['a', 'b']))).toEqual(['a', 'b']);
    for (const protocols of [['a', 'a'], ['a b'], ['']]) {
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
