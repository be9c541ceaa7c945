import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { SocketCommand, SocketRequest } from '../../src/shared/exchange-messages.js';
import type { ShellApi } from '../../src/shared/shell-api.js';
import { browserHeaders, routeFrom, tunnelPageSockets } from '../../src/shim/page-sockets.js';
import { FakeChannel } from '../support/fake-channel.js';
import { fakeShellApi } from '../support/fake-shell-api.js';
import { eventually } from '../support/linked-host.js';
import { nativeWebSocketClass } from '../support/native-web-socket.js';
import '../support/close-event.js';

const AGENT = { userAgent: 'agent', languages: ['de', 'en'] };
const ports: MessagePort[] = [];

/** A page whose shell keeps what its sockets ask for, and hears what they say. */
function setUp() {
  const opened: { request: SocketRequest; port: MessagePort; heard: SocketCommand[] }[] = [];
  const openWebSocket: ShellApi['openWebSocket'] = (request, port) => {
    const heard: SocketCommand[] = [];
    port.onmessage = ({ data }: MessageEvent<SocketCommand>) => void heard.push(data);
    ports.push(port);
    opened.push({ request, port, heard });
  };
  const native = nativeWebSocketClass();
  const errors: unknown[] = [];
  const { EventTarget: Target, Event, MessageEvent, CloseEvent, Blob, DOMException } = globalThis;
  const page = Object.assign(new EventTarget(), {
    ...{ WebSocket: native, EventTarget: Target, Event, MessageEvent, CloseEvent, Blob },
    DOMException,
    console: { error: (text: unknown) => void errors.push(text) },
    document: { baseURI: 'https://s.example/dir/page' },
  });
  const { shell } = fakeShellApi({ openWebSocket });
  const leave = tunnelPageSockets(page as unknown as Window & typeof globalThis, shell);
  return { page, native, opened, errors, leave, Socket: page.WebSocket };
}

const globals = {
  ...{ location: new URL('https://s.example/'), navigator: AGENT },
  BroadcastChannel: FakeChannel,
};
const before = new Map<string, PropertyDescriptor | undefined>();

beforeEach(() => {
  for (const [name, value] of Object.entries(globals)) {
    before.set(name, Object.getOwnPropertyDescriptor(globalThis, name));
    Object.defineProperty(globalThis, name, { value, configurable: true });
  }
});

afterEach(() => {
  for (const [name, descriptor] of before) {
    if (descriptor === undefined) Reflect.deleteProperty(globalThis, name);
    else Object.defineProperty(globalThis, name, descriptor);
  }
  for (const port of ports.splice(0)) port.close();
  FakeChannel.open.clear();
});

describe('a page’s WebSocket', () => {
  test('asks the shell for what the browser would have asked the server', () => {
    const { Socket, opened } = setUp();
    new Socket('chat?a=1', ['one', 'two']);
    expect(opened[0]?.request).toEqual({
      target: '/dir/chat?a=1',
      protocols: ['one', 'two'],
      headers: [
        ['origin', 'https://s.example'],
        ['user-agent', 'agent'],
        ['accept-language', 'de,en;q=0.9'],
        ['host', 's.example'],
      ],
      hasCredentials: true,
    });
  });

  test('speaks with the tunnel over the port that the shell was given', async () => {
    const { Socket, opened } = setUp();
    const socket = new Socket('/');
    opened[0]?.port.postMessage({ kind: 'open', protocol: '', extensions: '' });
    await eventually(() => socket.readyState === Socket.OPEN);
    socket.send('text');
    await eventually(() => opened[0]?.heard.length === 1);
    expect(opened[0]?.heard).toEqual([{ kind: 'send', data: 'text' }]);
  });

  test('says in the page’s console why it has failed; how to share a port, where that is it', async () => {
    const { Socket, opened, errors } = setUp();
    const end = { kind: 'closed', code: 1006, reason: '', wasClean: false };
    new Socket('/');
    new Socket('ws://localhost:8080/');
    opened[0]?.port.postMessage({ ...end, why: 'LINK_LOST' });
    opened[1]?.port.postMessage({ ...end, why: 'PORT_NOT_ALLOWED' });
    new Socket('ws://localhost:8080/');
    opened[2]?.port.postMessage({ ...end, why: 'LINK_LOST' });
    await eventually(() => errors.length === 3);
    expect(errors).toEqual([
      "WebSocket connection to 'wss://s.example/' failed: LINK_LOST",
      expect.stringContaining("'ws://localhost:8080/' failed: localhost:8080 of the developer's"),
      "WebSocket connection to 'ws://localhost:8080/' failed: LINK_LOST",
    ]);
  });

  test('that is invalid opens nothing, and raises the error where it is made', () => {
    const { Socket, opened } = setUp();
    const raises = (...args: ConstructorParameters<typeof WebSocket>): void =>
      expect(() => new Socket(...args)).toThrow(expect.objectContaining({ name: 'SyntaxError' }));
    raises('ws://[');
    raises('/#fragment');
    raises('/', ['a', 'a']);
    expect(opened).toEqual([]);
  });

  test('of another site is the browser’s own', () => {
    const { Socket, native, opened } = setUp();
    const socket = new Socket('wss://other.example/');
    socket.binaryType = 'arraybuffer';
    socket.send('x');
    expect([socket.bufferedAmount, socket.binaryType]).toEqual([1, 'arraybuffer']);
    socket.close();
    expect([socket.bufferedAmount, opened.length]).toEqual([0, 0]);
    expect(socket).toBeInstanceOf(native);
  });
});

describe('a page that goes away', () => {
  test('closes its sockets with 1001, and those that have ended not again', async () => {
    const { Socket, opened, page } = setUp();
    const sockets = [new Socket('/one'), new Socket('/two')];
    for (const { port } of opened) {
      port.postMessage({ kind: 'open', protocol: '', extensions: '' });
    }
    await eventually(() => sockets.every(({ readyState }) => readyState === Socket.OPEN));
    opened[0]?.port.postMessage({ kind: 'closed', code: 1000, reason: '', wasClean: true });
    await eventually(() => sockets[0]?.readyState === Socket.CLOSED);
    page.dispatchEvent(new Event('pagehide'));
    await eventually(() => opened[1]?.heard.length === 1);
    expect(opened.map(({ heard }) => heard)).toEqual([
      [],
      [{ kind: 'close', code: 1001, reason: '' }],
    ]);
  });

  test('closes them through what it was given, too: a frame’s next document has other listeners', () => {
    const { Socket, leave } = setUp();
    const socket = new Socket('/');
    leave();
    expect(socket.readyState).toBe(Socket.CLOSING);
  });
});

describe('the class that sockets have', () => {
  test('has the members of the standard, each in the form it has there', () => {
    const { Socket } = setUp();
    const of = (name: string) => Object.getOwnPropertyDescriptor(Socket.prototype, name);
    for (const name of ['url', 'readyState', 'bufferedAmount', 'protocol', 'extensions']) {
      expect(of(name)).toMatchObject({ enumerable: true, configurable: true, set: undefined });
    }
    for (const name of ['binaryType', 'onopen', 'onmessage', 'onerror', 'onclose']) {
      expect(of(name)).toMatchObject({ enumerable: true, set: expect.any(Function) as unknown });
    }
    expect(Reflect.get(Socket.prototype, 'constructor')).toBe(Socket);
    for (const name of ['send', 'close']) expect(of(name)?.writable).toBe(true);
    expect(of('send')?.value).toHaveProperty('name', 'send');
  });

  test('wants an argument for `send`', () => {
    const { Socket } = setUp();
    const socket = new Socket('/');
    const call = (): void => Reflect.apply(Reflect.get(socket, 'send') as () => void, socket, []);
    expect(call).toThrow(TypeError);
  });

  test('keeps handlers apart for each socket', () => {
    const { Socket } = setUp();
    const [one, two] = [new Socket('/'), new Socket('/')];
    const handler = (): void => undefined;
    one.onclose = handler;
    expect([one.onclose, two.onclose]).toEqual([handler, null]);
  });

  test('can be told what kind of data to give, by name', () => {
    const { Socket } = setUp();
    const socket = new Socket('/');
    Object.assign(socket, { binaryType: { toString: () => 'arraybuffer' } });
    expect(socket.binaryType).toBe('arraybuffer');
  });
});

describe('where a socket goes', () => {
  test.each<[string, object | undefined]>([
    ['wss://s.example/x', { hasCredentials: true }],
    ['ws://s.example/x', { hasCredentials: true }],
    ['wss://s.example:8443/', undefined],
    ['wss://sub.s.example/', undefined],
    ['ws://localhost:8080/', { port: 8080, hasCredentials: true }],
    ['ws://127.0.0.1/', { port: 80, hasCredentials: false }],
    ['ws://[::1]:9000/', { port: 9000, hasCredentials: false }],
    ['wss://localhost:8080/', undefined],
    ['ws://tenant.localhost:8080/', { port: 8080, hasCredentials: false }],
    ['ws://other.localhost/', undefined],
  ])('%s', (url, route) => {
    expect(routeFrom(new URL('http://s.example'), new URL(url))).toEqual(route);
  });

  const beside = { port: 3000, hasCredentials: true };

  test.each<[string, string, object | undefined]>([
    ['https://s.example', 'wss://s.example:3000/ws', beside],
    ['https://s.example:8443', 'ws://s.example:3000/ws', beside],
    ['http://s.example', 'ws://s.example:3000/ws', beside],
    ['http://s.localhost:8080', 'ws://s.localhost:3000/ws', beside],
    ['https://s.localhost:8443', 'wss://s.localhost:3000/ws', beside],
    ['https://s.example:8443', 'wss://s.example/ws', undefined],
    ['https://s.example', 'wss://t.example:3000/ws', undefined],
    ['https://s.localhost:8443', 'wss://t.localhost:3000/ws', undefined],
  ])('from %s, %s is the developer’s where the host is the page’s own', (page, url, route) => {
    expect(routeFrom(new URL(page), new URL(url))).toEqual(route);
  });

  test('is told with a language even by a browser that names none', () => {
    const headers = new Map(browserHeaders('https://s.example', { userAgent: 'a', languages: [] }));
    expect(headers.get('accept-language')).toBe('en');
  });
});
