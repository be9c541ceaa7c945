import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  create,
  openWebSocket,
  WebSocketOpen,
  WingmanError,
  type IncomingWebSocket,
  type TunnelWebSocket,
} from '@wingman/protocol';
import type {
  SocketCommand,
  SocketEvent,
  SocketRequest,
} from '../../src/shared/exchange-messages.js';
import { BROWSER_LIMITS } from '../../src/shared/limits.js';
import { channelOf, LOBBY, lockOf } from '../../src/shared/exchange-messages.js';
import { ServedWebSocket } from '../../src/worker/serve-web-socket.js';
import { SocketLobby } from '../../src/worker/serve-web-socket.js';
import { FakeChannel } from '../support/fake-channel.js';
import { FakeClock, settle } from '../support/fake-clock.js';
import { FakeLocks } from '../support/fake-locks.js';
import { FakePort } from '../support/fake-port.js';
import { eventually, head, linkedHost } from '../support/linked-host.js';

const REQUEST: SocketRequest = {
  ...{ target: '/chat', protocols: ['one'], headers: [], hasCredentials: true },
};

/** A page's socket at the tunnel worker, with the app behind the link. */
function setUp(serve: (incoming: IncomingWebSocket) => void) {
  const { mux, viewer } = linkedHost({ webSocket: serve });
  const port = new FakePort<SocketCommand, SocketEvent>();
  const clock = new FakeClock();
  const served = new ServedWebSocket(port, clock);
  const signals: AbortSignal[] = [];
  const run = served.run((signal) => {
    signals.push(signal);
    const open = create(WebSocketOpen, { target: '/chat', protocols: ['one'] });
    return Promise.resolve(openWebSocket(mux, open, { signal }));
  });
  const kinds = (): string[] => port.posted.map(({ kind }) => kind);
  const has = (kind: SocketEvent['kind']): Promise<void> =>
    eventually(() => kinds().includes(kind));
  return { port, clock, served, signals, run, viewer, kinds, has };
}

/** An app that takes every socket and hands it to the test. */
function accepting(sockets: TunnelWebSocket[]) {
  return (incoming: IncomingWebSocket): void =>
    void sockets.push(incoming.accept({ protocol: 'one', extensions: 'x' }));
}

describe('a page’s socket', () => {
  test('opens with what the app has chosen', async () => {
    const { port, has, viewer } = setUp(accepting([]));
    await has('open');
    expect(port.posted).toEqual([{ kind: 'open', protocol: 'one', extensions: 'x' }]);
    viewer.close('LINK_CLOSED');
    await has('closed');
  });

  test('passes messages on, and says how much of the page’s has left', async () => {
    const sockets: TunnelWebSocket[] = [];
    const { port, has, viewer } = setUp(accepting(sockets));
    await has('open');
    port.gives({ kind: 'send', data: 'é' });
    port.gives({ kind: 'send', data: Uint8Array.of(1, 2, 3) });
    expect([await sockets[0]?.receive(), await sockets[0]?.receive()]).toEqual([
      'é',
      Uint8Array.of(1, 2, 3),
    ]);
    await eventually(() => port.posted.filter(({ kind }) => kind === 'sent').length === 2);
    expect(port.posted.slice(1)).toEqual([
      { kind: 'sent', bytes: 2 },
      { kind: 'sent', bytes: 3 },
    ]);
    await sockets[0]?.send('back');
    await has('message');
    expect(port.posted.at(-1)).toEqual({ kind: 'message', data: 'back' });
    viewer.close('LINK_CLOSED');
    await has('closed');
  });

  test('closes cleanly when both sides say so, and hears nothing after', async () => {
    const sockets: TunnelWebSocket[] = [];
    const { port, has, run } = setUp(accepting(sockets));
    await has('open');
    port.gives({ kind: 'close', code: 3001, reason: 'done' });
    expect(await sockets[0]?.receive()).toMatchObject({ code: 3001, reason: 'done' });
    sockets[0]?.close(3001, 'done');
    await run;
    expect(port.posted.at(-1)).toEqual({
      ...{ kind: 'closed', code: 3001, reason: 'done', wasClean: true },
    });
    expect(port.onmessage).toBeNull();
  });

  test('that the app never closes is given up after a deadline', async () => {
    const { port, clock, has, run } = setUp(accepting([]));
    await has('open');
    port.gives({ kind: 'close', code: 1000, reason: '' });
    await clock.advance(BROWSER_LIMITS.socketCloseMs - 1);
    expect(port.posted.at(-1)?.kind).not.toBe('closed');
    await clock.advance(1);
    await run;
    expect(port.posted.at(-1)).toMatchObject({ kind: 'closed', code: 1006, wasClean: false });
  });

  test('that has failed in the page ends without a closing handshake', async () => {
    const sockets: TunnelWebSocket[] = [];
    const { port, has, run } = setUp(accepting(sockets));
    await has('open');
    port.gives({ kind: 'fail' });
    await run;
    expect(await sockets[0]?.receive()).toMatchObject({ code: 1006, wasClean: false });
  });

  test.each<[SocketCommand]>([[{ kind: 'close', code: 1000, reason: '' }], [{ kind: 'fail' }]])(
    'that ends before it is open (%j) is taken back at the app',
    async (command) => {
      const incoming: IncomingWebSocket[] = [];
      const { port, run, signals } = setUp((each) => void incoming.push(each));
      await eventually(() => incoming.length === 1);
      port.gives(command);
      await run;
      expect(signals[0]?.aborted).toBe(true);
      await eventually(() => incoming[0]?.signal.aborted === true);
      expect(port.posted).toEqual([
        { ...{ kind: 'closed', code: 1006, reason: '', wasClean: false }, why: 'CANCELLED' },
      ]);
    },
  );

  test('sends what the page sent early once it is open', async () => {
    const sockets: TunnelWebSocket[] = [];
    const { port, has, viewer } = setUp(accepting(sockets));
    port.gives({ kind: 'send', data: 'early' });
    await has('sent');
    expect(await sockets[0]?.receive()).toBe('early');
    viewer.close('LINK_CLOSED');
    await has('closed');
  });

  test.each<[string, (incoming: IncomingWebSocket) => void, string]>([
    ['a status', (incoming) => incoming.reject(head(404)), 'Unexpected response code: 404'],
    [
      'a code of ours',
      (incoming) => incoming.reject(head(403, [['wingman-error', 'PORT_NOT_ALLOWED']])),
      'PORT_NOT_ALLOWED',
    ],
  ])('that the app refuses says why: %s', async (_, serve, why) => {
    const { port, run } = setUp(serve);
    await run;
    expect(port.posted).toEqual([
      { ...{ kind: 'closed', code: 1006, reason: '', wasClean: false }, why },
    ]);
  });

  test('whose link ends is closed with 1006', async () => {
    const { port, has, run, viewer } = setUp(accepting([]));
    await has('open');
    viewer.close('LINK_LOST');
    await run;
    expect(port.posted.at(-1)).toMatchObject({ kind: 'closed', code: 1006, wasClean: false });
  });

  test('that can’t even be asked for says why', async () => {
    const port = new FakePort<SocketCommand, SocketEvent>();
    const served = new ServedWebSocket(port, new FakeClock());
    await served.run(() => Promise.reject(new WingmanError('HOST_OFFLINE', 'away')));
    expect(port.posted).toMatchObject([{ kind: 'closed', code: 1006, why: 'HOST_OFFLINE' }]);
  });

  test('is closed with 1001 when nobody is left at the other end', async () => {
    const sockets: TunnelWebSocket[] = [];
    const { served, has, viewer, run } = setUp(accepting(sockets));
    await has('open');
    served.abandon();
    expect(await sockets[0]?.receive()).toMatchObject({ code: 1001 });
    viewer.close('LINK_CLOSED');
    await run;
  });
});

describe('the lobby, where workers call for a tunnel', () => {
  const lobbies: SocketLobby[] = [];
  const { BroadcastChannel: real } = globalThis;

  beforeEach(() => void Object.assign(globalThis, { BroadcastChannel: FakeChannel }));

  afterEach(async () => {
    for (const lobby of lobbies.splice(0)) lobby.close();
    FakeChannel.open.clear();
    Object.assign(globalThis, { BroadcastChannel: real });
    await settle();
  });

  /** Tabs with a lobby each, and a worker that calls. */
  function tabs(...names: string[]) {
    const locks = new FakeLocks();
    const sockets: TunnelWebSocket[] = [];
    const opened: [tab: string, request: SocketRequest][] = [];
    const { mux, viewer } = linkedHost({ webSocket: accepting(sockets) });
    for (const tab of names) {
      const open = (request: SocketRequest, { signal }: { signal: AbortSignal }) => {
        opened.push([tab, request]);
        return Promise.resolve(openWebSocket(mux, create(WebSocketOpen, {}), { signal }));
      };
      lobbies.push(new SocketLobby(tab, open, locks.asLocks));
    }
    const call = (tab: string | null, id = 'call-1') => {
      const heard: SocketEvent['kind'][] = [];
      const own = new FakeChannel(channelOf(id));
      own.onmessage = ({ data }) => heard.push((data as SocketEvent).kind);
      void locks.request(lockOf(id, 'caller'), () => new Promise(() => undefined));
      new FakeChannel(LOBBY).postMessage({ id, tab, request: REQUEST });
      return { heard, say: (command: SocketCommand) => own.postMessage(command) };
    };
    return { locks, sockets, opened, viewer, call };
  }

  test('answers a call for this tab, says that it does first, and then opens', async () => {
    const { opened, call, viewer } = tabs('one', 'two');
    const { heard } = call('two');
    await eventually(() => heard.length === 2);
    expect(opened).toEqual([['two', REQUEST]]);
    expect(heard).toEqual(['served', 'open']);
    viewer.close('LINK_CLOSED');
    await eventually(() => heard.length === 3);
  });

  test('keeps silent for other tabs', async () => {
    const { opened, call } = tabs('one');
    const { heard } = call('another');
    await settle();
    await settle();
    expect([opened, heard]).toEqual([[], []]);
  });

  test('answers a call to any tab once, however many there are', async () => {
    const { opened, call, viewer } = tabs('one', 'two', 'three');
    const { heard } = call(null);
    await eventually(() => heard.includes('open'));
    await settle();
    expect([opened.length, heard]).toEqual([1, ['served', 'open']]);
    viewer.close('LINK_CLOSED');
    await eventually(() => heard.includes('closed'));
  });

  test('closes the app’s socket when the worker is gone: only its lock tells', async () => {
    const { locks, sockets, call } = tabs('one');
    const { heard } = call('one');
    await eventually(() => heard.includes('open'));
    locks.drop(lockOf('call-1', 'caller'));
    expect(await sockets[0]?.receive()).toMatchObject({ code: 1001 });
    sockets[0]?.close(1001);
    await eventually(() => !locks.held.includes(lockOf('call-1', 'server')));
  });

  test('lets go of a socket that has ended once the worker has, and of its channel', async () => {
    const { locks, sockets, call } = tabs('one');
    const { heard } = call('one');
    await eventually(() => heard.includes('open'));
    sockets[0]?.close(1000);
    await eventually(() => heard.includes('closed'));
    expect(locks.held).toContain(lockOf('call-1', 'server'));
    const channels = FakeChannel.open.size;
    locks.drop(lockOf('call-1', 'caller'));
    await eventually(() => !locks.held.includes(lockOf('call-1', 'server')));
    expect(FakeChannel.open.size).toBe(channels - 1);
  });

  test('closed hears no more calls', async () => {
    const { opened, call } = tabs('one');
    for (const lobby of lobbies) lobby.close();
    call('one');
    await settle();
    expect(opened).toEqual([]);
  });
});
