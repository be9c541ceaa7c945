import { describe, expect, test } from '@jest/globals';
import type { SocketCommand, SocketEvent } from '../../src/shared/exchange-messages.js';
import { SHIM_LIMITS } from '../../src/shared/limits.js';
import { TunnelSocket, type SocketRealm } from '../../src/shim/tunnel-socket.js';
import { settle } from '../support/fake-clock.js';
import { FakePort } from '../support/fake-port.js';
import '../support/close-event.js';

const CLEAN: SocketEvent = { kind: 'closed', code: 1000, reason: 'bye', wasClean: true };
const LOST: SocketEvent = {
  ...{ kind: 'closed', code: 1006, reason: '', wasClean: false },
  why: 'LINK_LOST',
};

function setUp({ isOpen = true } = {}) {
  const port = new FakePort<SocketEvent, SocketCommand>();
  const target = new EventTarget();
  const complaints: string[] = [];
  const { EventTarget: Target, Event, MessageEvent, CloseEvent, Blob, DOMException } = globalThis;
  const realm = { EventTarget: Target, Event, MessageEvent, CloseEvent, Blob, DOMException };
  const socket = new TunnelSocket(target, {
    realm: realm as unknown as SocketRealm,
    url: new URL('wss://s.example:8443/chat?x'),
    port: port,
    failed: (why) => complaints.push(why),
  });
  const events: Event[] = [];
  for (const type of ['open', 'message', 'error', 'close']) {
    target.addEventListener(type, (event) => events.push(event));
  }
  const types = (): string[] => events.map(({ type }) => type);
  if (isOpen) port.gives({ kind: 'open', protocol: 'chat', extensions: 'x' });
  return { socket, port, target, events, types, complaints };
}

describe('a socket’s states', () => {
  test('go from connecting to open, with what was agreed on', () => {
    const { socket, port, types } = setUp({ isOpen: false });
    expect([socket.readyState, socket.protocol, socket.extensions]).toEqual([0, '', '']);
    expect(socket.url).toBe('wss://s.example:8443/chat?x');
    port.gives({ kind: 'open', protocol: 'chat', extensions: 'x' });
    expect([socket.readyState, socket.protocol, socket.extensions]).toEqual([1, 'chat', 'x']);
    expect(types()).toEqual(['open']);
  });

  test('go on to closing and closed, and the port is let go', () => {
    const { socket, port, events, types } = setUp();
    socket.close(3001, 'done');
    expect(socket.readyState).toBe(2);
    expect(port.posted).toEqual([{ kind: 'close', code: 3001, reason: 'done' }]);
    port.gives({ kind: 'closed', code: 3001, reason: 'done', wasClean: true });
    expect([socket.readyState, port.isClosed]).toEqual([3, true]);
    expect(types()).toEqual(['open', 'close']);
    expect(events[1]).toMatchObject({ code: 3001, reason: 'done', wasClean: true });
  });

  test('never go back: what comes after the end is not heard', () => {
    const { socket, port, types } = setUp();
    const { onmessage } = port;
    port.gives(CLEAN);
    for (const data of [CLEAN, { kind: 'open', protocol: '', extensions: '' } as const]) {
      onmessage?.({ data } as MessageEvent<SocketEvent>);
    }
    expect([socket.readyState, types()]).toEqual([3, ['open', 'close']]);
  });

  test('say "closing" once, however often it is closed', () => {
    const { socket, port } = setUp();
    socket.close();
    socket.close(3000, 'again');
    socket.leave();
    expect(port.posted).toEqual([{ kind: 'close', code: undefined, reason: '' }]);
  });

  test('of a page that goes away say so with 1001', () => {
    const { socket, port } = setUp();
    socket.leave();
    expect(port.posted).toEqual([{ kind: 'close', code: 1001, reason: '' }]);
  });
});

describe('the end', () => {
  test('of a link is an error and 1006, and why is said in the console', () => {
    const { port, events, types, complaints } = setUp();
    port.gives(LOST);
    expect(types()).toEqual(['open', 'error', 'close']);
    expect(events[2]).toMatchObject({ code: 1006, reason: '', wasClean: false });
    expect(complaints).toEqual(['LINK_LOST']);
  });

  test('that is not clean is an error before it is a close', () => {
    const { port, events, types } = setUp();
    port.gives({ kind: 'closed', code: 1011, reason: 'crash', wasClean: false });
    expect(types()).toEqual(['open', 'error', 'close']);
    expect(events[2]).toMatchObject({ code: 1011, reason: 'crash', wasClean: false });
  });

  test('of a clean close by the peer is no error', () => {
    const { port, events, types, complaints } = setUp();
    port.gives(CLEAN);
    expect(types()).toEqual(['open', 'close']);
    expect(events[1]).toMatchObject({ code: 1000, reason: 'bye', wasClean: true });
    expect(complaints).toEqual([]);
  });

  test('of what was closed before it was open is a failure, whatever the other side says', () => {
    const { socket, port, events, types, complaints } = setUp({ isOpen: false });
    socket.close();
    port.gives({ kind: 'open', protocol: 'chat', extensions: '' });
    expect([socket.readyState, socket.protocol]).toEqual([2, '']);
    port.gives({ ...CLEAN, why: 'CANCELLED' });
    expect(types()).toEqual(['error', 'close']);
    expect(events[1]).toMatchObject({ code: 1006, reason: '', wasClean: false });
    expect(complaints).toEqual([]);
  });
});

describe('messages to the page', () => {
  test('have the origin that they come from, which for wss is that of the URL', () => {
    const { port, events } = setUp();
    port.gives({ kind: 'message', data: 'text' });
    expect(events[1]).toMatchObject({ data: 'text', origin: 'wss://s.example:8443' });
  });

  test('with bytes are blobs or buffers, as the page has chosen by then', async () => {
    const { socket, port, events } = setUp();
    expect(socket.binaryType).toBe('blob');
    port.gives({ kind: 'message', data: Uint8Array.of(1, 2) });
    socket.binaryType = 'arraybuffer';
    port.gives({ kind: 'message', data: Uint8Array.of(9, 3, 9).subarray(1, 2) });
    const [blob, buffer] = events.slice(1).map((event) => (event as MessageEvent<unknown>).data);
    expect(await (blob as Blob).arrayBuffer()).toEqual(Uint8Array.of(1, 2).buffer);
    expect(buffer).toEqual(Uint8Array.of(3).buffer);
  });

  test('keep their type when the page sets one that there is not (WebIDL, enumerations)', () => {
    const { socket } = setUp();
    socket.binaryType = 'arraybuffer';
    socket.binaryType = 'text' as BinaryType;
    expect(socket.binaryType).toBe('arraybuffer');
  });

  test('are not delivered once it is closing, and still make room for others', () => {
    const { socket, port, types } = setUp();
    socket.close();
    port.gives({ kind: 'message', data: new Uint8Array(SHIM_LIMITS.socketCreditBytes) });
    expect(types()).toEqual(['open']);
    expect(port.posted.at(-1)).toMatchObject({ kind: 'taken' });
  });

  test('are acknowledged in portions, each by its weight, and small ones all together', () => {
    const { port } = setUp();
    const half = new Uint8Array(SHIM_LIMITS.socketCreditBytes / 2);
    port.gives({ kind: 'message', data: half });
    expect(port.posted).toEqual([]);
    port.gives({ kind: 'message', data: half });
    const weight = SHIM_LIMITS.socketCreditBytes + 2 * 64;
    expect(port.posted).toEqual([{ kind: 'taken', weight }]);
    port.gives({ kind: 'message', data: half });
    expect(port.posted).toHaveLength(1);
  });

  test('that close the socket are not acknowledged: the port is gone', () => {
    const { socket, port, target } = setUp();
    target.addEventListener('message', () => port.gives(CLEAN));
    port.gives({ kind: 'message', data: new Uint8Array(SHIM_LIMITS.socketCreditBytes) });
    expect([socket.readyState, port.posted]).toEqual([3, []]);
  });
});

describe('messages from the page', () => {
  test('are counted until they have left, and handed over with their buffer', () => {
    const { socket, port } = setUp();
    socket.send('é');
    socket.send(Uint8Array.of(1, 2, 3));
    expect(socket.bufferedAmount).toBe(5);
    expect(port.posted).toEqual([
      { kind: 'send', data: 'é' },
      { kind: 'send', data: Uint8Array.of(1, 2, 3) },
    ]);
    expect(port.transferred).toEqual([Uint8Array.of(1, 2, 3).buffer]);
    port.gives({ kind: 'sent', bytes: 2 });
    expect(socket.bufferedAmount).toBe(3);
  });

  test('stay in order when a blob has to be read first, the close too', async () => {
    const { socket, port } = setUp();
    socket.send(new Blob(['blob']));
    socket.send('text');
    socket.close(1000);
    expect([port.posted, socket.bufferedAmount]).toEqual([[], 8]);
    await settle();
    await settle();
    expect(port.posted).toEqual([
      { kind: 'send', data: new Uint8Array(Buffer.from('blob')) },
      { kind: 'send', data: 'text' },
      { kind: 'close', code: 1000, reason: '' },
    ]);
  });

  test('go at once again when the blobs have been read', async () => {
    const { socket, port } = setUp();
    socket.send(new Blob(['blob']));
    await settle();
    await settle();
    socket.send('at once');
    expect(port.posted.at(-1)).toEqual({ kind: 'send', data: 'at once' });
  });

  test('of a blob that can’t be read fail the socket', async () => {
    const { socket, port, events } = setUp();
    const gone = new Blob(['x']);
    gone.arrayBuffer = () => Promise.reject(new DOMException('gone', 'NotFoundError'));
    socket.send(gone);
    await settle();
    expect([socket.readyState, port.posted]).toEqual([2, [{ kind: 'fail' }]]);
    port.gives(CLEAN);
    expect(events.at(-1)).toMatchObject({ code: 1006, wasClean: false });
  });

  test('that nothing takes end in a failure, without a closing handshake', () => {
    const { socket, port, complaints } = setUp();
    const chunk = new Uint8Array(SHIM_LIMITS.socketQueueBytes / 4);
    for (let index = 0; index < 4; index += 1) socket.send(chunk);
    expect(port.posted).toHaveLength(4);
    socket.send('one more');
    expect([socket.readyState, port.posted.at(-1)]).toEqual([2, { kind: 'fail' }]);
    port.gives({ ...LOST });
    expect(complaints).toEqual([]);
  });

  test('that come too early are an error, and too late only count', () => {
    const early = setUp({ isOpen: false });
    expect(() => early.socket.send('x')).toThrow(
      expect.objectContaining({ name: 'InvalidStateError' }),
    );
    expect(early.socket.bufferedAmount).toBe(0);
    const late = setUp();
    late.port.gives(CLEAN);
    late.socket.send('four');
    expect([late.socket.bufferedAmount, late.port.posted]).toEqual([4, []]);
  });

  test('a close that is refused changes nothing', () => {
    const { socket, port } = setUp();
    expect(() => socket.close(999)).toThrow(
      expect.objectContaining({ name: 'InvalidAccessError' }),
    );
    expect([socket.readyState, port.posted]).toEqual([1, []]);
  });

  test('a reason without a code has no place in a close frame (RFC 6455 section 5.5.1)', () => {
    const { socket, port } = setUp();
    socket.close(undefined, 'a reason');
    expect(port.posted).toEqual([{ kind: 'close', code: undefined, reason: '' }]);
  });
});

describe('handler attributes (HTML, "event handlers")', () => {
  test('take the place in which the first of them was set', () => {
    const { socket, target, port } = setUp({ isOpen: false });
    const called: string[] = [];
    socket.handlers.set('open', () => called.push('replaced'));
    target.addEventListener('open', () => called.push('listener'));
    socket.handlers.set('open', () => called.push('handler'));
    port.gives({ kind: 'open', protocol: '', extensions: '' });
    expect(called).toEqual(['handler', 'listener']);
  });

  test('that were taken away come last when they are set again', () => {
    const { socket, target, port } = setUp({ isOpen: false });
    const called: string[] = [];
    socket.handlers.set('open', () => called.push('first'));
    socket.handlers.set('open', null);
    target.addEventListener('open', () => called.push('listener'));
    socket.handlers.set('open', () => called.push('handler'));
    port.gives({ kind: 'open', protocol: '', extensions: '' });
    expect(called).toEqual(['listener', 'handler']);
  });

  test('are called with the socket for `this`, and give back what was set', () => {
    const { socket, target, port } = setUp();
    const called: unknown[] = [];
    const handler = function (this: unknown, event: Event): void {
      called.push(this, event.type);
    };
    socket.handlers.set('message', handler);
    expect(socket.handlers.get('message')).toBe(handler);
    port.gives({ kind: 'message', data: 'x' });
    expect(called).toEqual([target, 'message']);
  });

  test('that are no object are null, and an object that can’t be called does nothing', () => {
    const { socket, port } = setUp();
    for (const value of ['text', 5, undefined]) {
      socket.handlers.set('message', value);
      expect(socket.handlers.get('message')).toBeNull();
    }
    const object = {};
    socket.handlers.set('message', object);
    expect(socket.handlers.get('message')).toBe(object);
    expect(() => port.gives({ kind: 'message', data: 'x' })).not.toThrow();
    expect(socket.handlers.get('close')).toBeNull();
  });
});
