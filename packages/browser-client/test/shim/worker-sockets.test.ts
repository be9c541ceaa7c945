import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { SocketCommand, SocketEvent } from '../../src/shared/exchange-messages.js';
import { SHIM_LIMITS } from '../../src/shared/limits.js';
import {
  channelOf,
  LOBBY,
  lockOf,
  type SocketCall,
  type SocketServed,
} from '../../src/shared/exchange-messages.js';
import { tunnelWorkerSockets } from '../../src/shim/worker-sockets.js';
import { settle } from '../support/fake-clock.js';
import { FakeChannel } from '../support/fake-channel.js';
import { FakeLocks } from '../support/fake-locks.js';
import { nativeWebSocketClass } from '../support/native-web-socket.js';
import '../support/close-event.js';

type Scope = Parameters<typeof tunnelWorkerSockets>[0];

interface Options {
  tab?: string | null;
  origin?: string;
  hasLocks?: boolean;
}

/** A worker of a tab, and what its calls for a tunnel look like from outside. */
function setUp({ tab = 'tab-1', origin = 'https://s.example', hasLocks = true }: Options = {}) {
  const locks = new FakeLocks();
  const { EventTarget, Event, MessageEvent, CloseEvent, Blob, DOMException } = globalThis;
  const native = nativeWebSocketClass();
  const errors: unknown[] = [];
  const scope = {
    ...{ WebSocket: native, EventTarget, Event, MessageEvent, CloseEvent, Blob, DOMException },
    console: { error: (text: unknown) => void errors.push(text) },
    ...{ origin, location: { href: 'https://s.example/worker.js' } },
  };
  Object.defineProperty(globalThis, 'navigator', {
    value: { userAgent: 'agent', languages: [], ...(hasLocks ? { locks } : {}) },
    configurable: true,
  });
  const lobby = new FakeChannel(LOBBY);
  const calls: SocketCall[] = [];
  lobby.onmessage = ({ data }) => calls.push(data as SocketCall);
  tunnelWorkerSockets(scope as unknown as Scope, tab);
  return { scope, native, locks, calls, errors, Socket: scope.WebSocket };
}

/** Takes a call, as the tunnel of a tab does. */
function serve(call: SocketCall, locks: FakeLocks) {
  const heard: SocketCommand[] = [];
  const channel = new FakeChannel(channelOf(call.id));
  channel.onmessage = ({ data }) => heard.push(data as SocketCommand);
  void locks.request(lockOf(call.id, 'server'), () => new Promise(() => undefined));
  const say = (message: SocketEvent | SocketServed): void => channel.postMessage(message);
  return { heard, say };
}

const { BroadcastChannel: realChannel } = globalThis;
const realNavigator = Object.getOwnPropertyDescriptor(globalThis, 'navigator');

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'queueMicrotask'] });
  Object.assign(globalThis, { BroadcastChannel: FakeChannel });
});

afterEach(() => {
  jest.useRealTimers();
  FakeChannel.open.clear();
  Object.assign(globalThis, { BroadcastChannel: realChannel });
  if (realNavigator === undefined) Reflect.deleteProperty(globalThis, 'navigator');
  else Object.defineProperty(globalThis, 'navigator', realNavigator);
});

describe('a worker’s WebSocket', () => {
  test('calls for the tunnel of its own tab, and speaks with it on a channel of its own', async () => {
    const { Socket, locks, calls } = setUp();
    const socket = new Socket('/chat', 'one');
    await settle();
    expect(calls).toMatchObject([
      { tab: 'tab-1', request: { target: '/chat', protocols: ['one'], hasCredentials: true } },
    ]);
    const { say, heard } = serve(calls[0]!, locks);
    say({ kind: 'served' });
    say({ kind: 'open', protocol: 'one', extensions: '' });
    await settle();
    expect([socket.readyState, socket.protocol]).toEqual([Socket.OPEN, 'one']);
    expect(locks.waitingFor(lockOf(calls[0]!.id, 'server'))).toBe(1);
    socket.send('text');
    await settle();
    expect(heard).toEqual([{ kind: 'send', data: 'text' }]);
  });

  test('holds a lock as long as it lives, by which the tunnel notices its end', async () => {
    const { Socket, locks, calls } = setUp();
    const socket = new Socket('/');
    await settle();
    const { say } = serve(calls[0]!, locks);
    const lock = lockOf(calls[0]!.id, 'caller');
    expect(locks.held).toContain(lock);
    say({ kind: 'closed', code: 1000, reason: '', wasClean: true });
    await settle();
    expect(socket.readyState).toBe(Socket.CLOSED);
    await settle();
    expect(locks.held).not.toContain(lock);
    // The test's own two are left.
    expect(FakeChannel.open.size).toBe(2);
  });

  test('asks any tab when its own does not answer, and fails when none does', async () => {
    const { Socket, calls } = setUp();
    const socket = new Socket('/');
    await settle();
    await jest.advanceTimersByTimeAsync(SHIM_LIMITS.ownTabMs);
    expect(calls.map(({ tab }) => tab)).toEqual(['tab-1', null]);
    expect(calls[1]?.id).toBe(calls[0]?.id);
    await jest.advanceTimersByTimeAsync(SHIM_LIMITS.anyTabMs - 1);
    expect(socket.readyState).toBe(Socket.CONNECTING);
    const codes: number[] = [];
    socket.addEventListener('close', ({ code }) => codes.push(code));
    await jest.advanceTimersByTimeAsync(1);
    expect([socket.readyState, codes]).toEqual([Socket.CLOSED, [1006]]);
  });

  test('of a worker that has no tab asks any at once', async () => {
    const { Socket, calls } = setUp({ tab: null });
    new Socket('/');
    await settle();
    expect(calls.map(({ tab }) => tab)).toEqual([null]);
  });

  test('that is served waits without a deadline', async () => {
    const { Socket, locks, calls } = setUp();
    const socket = new Socket('/');
    await settle();
    serve(calls[0]!, locks).say({ kind: 'served' });
    await settle();
    await jest.advanceTimersByTimeAsync(SHIM_LIMITS.ownTabMs + SHIM_LIMITS.anyTabMs);
    expect([socket.readyState, calls.length]).toEqual([Socket.CONNECTING, 1]);
  });

  test('fails when the tab that serves it is closed', async () => {
    const { Socket, locks, calls } = setUp();
    const socket = new Socket('/');
    const codes: unknown[] = [];
    socket.addEventListener('close', ({ code, wasClean }) => codes.push([code, wasClean]));
    await settle();
    const { say } = serve(calls[0]!, locks);
    say({ kind: 'open', protocol: '', extensions: '' });
    await settle();
    expect(socket.readyState).toBe(Socket.OPEN);
    locks.drop(lockOf(calls[0]!.id, 'server'));
    await settle();
    expect([socket.readyState, codes]).toEqual([Socket.CLOSED, [[1006, false]]]);
  });

  test('fails when the browser gives no lock', async () => {
    const { Socket, locks, errors } = setUp();
    locks.request = () => Promise.reject(new DOMException('no', 'SecurityError'));
    const socket = new Socket('/');
    await settle();
    expect(socket.readyState).toBe(Socket.CLOSED);
    expect(errors).toEqual(["WebSocket connection to 'wss://s.example/' failed: LINK_LOST"]);
  });
});

describe('sockets stay the browser’s own', () => {
  test('without locks: nobody would notice the end of the worker', () => {
    const { scope, native } = setUp({ hasLocks: false });
    expect(scope.WebSocket).toBe(native);
  });

  test('in a worker of no origin, which shares no channel with a tab', () => {
    const { scope, native } = setUp({ origin: 'null' });
    expect(scope.WebSocket).toBe(native);
  });
});
