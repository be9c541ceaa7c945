import { describe, expect, test } from '@jest/globals';
import {
  CloseCode,
  ConnectionRequest,
  EndReason,
  Heartbeat,
  HostPresence,
  ServerToViewer,
  ViewerMessage,
  create,
  createLinkKey,
  createPass,
  deriveGateKey,
  decodeMessage,
  encodeMessage,
  type Clock,
} from '@wingman/protocol';
import { BROWSER_LIMITS } from '../src/shared/limits.js';
import { endCode, Signaling, signalingUrl, type ServerMessage } from '../src/shell/signaling.js';
import { FakeClock } from './support/fake-clock.js';
import { FakeSocket } from './support/fake-socket.js';

function setUp<C extends Clock>(clock: C) {
  const sockets: FakeSocket[] = [];
  const events: unknown[] = [];
  const signaling = new Signaling({
    url: 'wss://s/__wingman/signal',
    clock,
    random: () => 1,
    open: (url) => {
      const socket = new FakeSocket(url);
      sockets.push(socket);
      return socket.asWebSocket;
    },
    onOpen: () => events.push('open'),
    onMessage: (message) => events.push(message?.$case),
    onTrouble: (code) => events.push(code),
  });
  signaling.connect();
  return { clock, sockets, events, signaling };
}

function fromServer(message: ServerMessage): Uint8Array {
  return encodeMessage(ServerToViewer, create(ServerToViewer, { message }));
}

describe('Signaling', () => {
  test('moves to another connection at once, without a word of leaving', () => {
    const { sockets, events, signaling } = setUp(new FakeClock());
    sockets[0]?.opens();
    signaling.move();
    expect(sockets).toHaveLength(2);
    expect(sockets[0]?.closedWith).toBe(CloseCode.NORMAL);
    sockets[1]?.opens();
    expect(events).toEqual(['open', 'open']);
  });

  test('passes messages on and answers heartbeats itself', () => {
    const { sockets, events, signaling } = setUp(new FakeClock());
    const [socket] = sockets;
    expect(signaling.isOpen).toBe(false);
    socket?.opens();
    const presence = create(HostPresence, { online: true });
    socket?.gives(fromServer({ $case: 'hostPresence', value: presence }));
    const beat = create(Heartbeat, { nonce: 7n });
    socket?.gives(fromServer({ $case: 'heartbeat', value: beat }));
    expect(events).toEqual(['open', 'hostPresence']);
    const reply = decodeMessage(ViewerMessage, socket?.sent[0] ?? new Uint8Array());
    expect(reply.message).toMatchObject({ $case: 'heartbeat', value: { nonce: 7n, reply: true } });
  });

  test('says when nothing was sent', () => {
    const { signaling } = setUp(new FakeClock());
    expect(signaling.send({ $case: 'heartbeat', value: create(Heartbeat, {}) })).toBe(false);
  });

  test('connects again with growing waits, at once when told to', async () => {
    const { clock, sockets, signaling } = setUp(new FakeClock());
    sockets[0]?.ends(1006);
    await clock.advance(249);
    expect(sockets).toHaveLength(1);
    await clock.advance(1);
    expect(sockets).toHaveLength(2);
    sockets[1]?.ends(1006);
    signaling.connect();
    expect(sockets).toHaveLength(3);
    await clock.advance(5_000);
    expect(sockets).toHaveLength(3);
  });

  test('a socket that never opens is given up', async () => {
    const { clock, sockets } = setUp(new FakeClock());
    await clock.advance(10_250);
    expect(sockets[0]?.closedWith).toBeDefined();
    expect(sockets).toHaveLength(2);
  });

  test('tells what the server says of the session, and that it can’t be reached', async () => {
    const { clock, sockets, events } = setUp(new FakeClock());
    sockets[0]?.ends(CloseCode.SESSION_UNKNOWN);
    await clock.advance(250);
    sockets[1]?.ends(1006);
    expect(events).toEqual(['SESSION_UNKNOWN', 'SERVER_UNREACHABLE']);
  });

  test('a connection that gives no sign of life is replaced, since a dead one stays open', async () => {
    const { clock, sockets, signaling } = setUp(new FakeClock());
    sockets[0]?.opens();
    signaling.probe();
    signaling.connect();
    expect(sockets[0]?.sent).toHaveLength(1);
    await clock.advance(BROWSER_LIMITS.signalingProbeMs - 1);
    expect(sockets).toHaveLength(1);
    await clock.advance(1);
    expect([sockets.length, sockets[0]?.closedWith]).toEqual([2, CloseCode.DEAD_PEER]);
  });

  test('a suspicion shortens the wait for an answer that was asked for without one', async () => {
    const { clock, sockets, signaling } = setUp(new FakeClock());
    sockets[0]?.opens();
    signaling.send({ $case: 'connectionRequest', value: create(ConnectionRequest, {}) });
    signaling.probe();
    await clock.advance(BROWSER_LIMITS.signalingProbeMs);
    expect([sockets.length, sockets[0]?.closedWith]).toEqual([2, CloseCode.DEAD_PEER]);
  });

  test('a page that was blocked hears the answer before it gives the connection up', () => {
    const due: (() => void)[] = [];
    const clock = {
      now: () => 0,
      setTimeout: (action: () => void) => (due.push(action), { cancel: () => void due.splice(0) }),
    };
    const { sockets, signaling } = setUp(clock);
    sockets[0]?.opens();
    signaling.probe();
    expect(due).toHaveLength(1);
    // The timer comes late, and before the message that has waited as long.
    due.shift()?.();
    const beat = create(Heartbeat, { reply: true });
    sockets[0]?.gives(fromServer({ $case: 'heartbeat', value: beat }));
    expect([due.length, sockets.length]).toEqual([0, 1]);
  });

  test('anything that comes is a sign of life, and a slow network gets longer', async () => {
    const { clock, sockets, signaling } = setUp(new FakeClock());
    await clock.advance(1_000);
    sockets[0]?.opens();
    signaling.send({ $case: 'connectionRequest', value: create(ConnectionRequest, {}) });
    await clock.advance(BROWSER_LIMITS.signalingAnswerMs - 1);
    const beat = create(Heartbeat, { reply: true });
    sockets[0]?.gives(fromServer({ $case: 'heartbeat', value: beat }));
    await clock.advance(10_000);
    expect([sockets.length, sockets[0]?.sent.length]).toEqual([1, 2]);
    signaling.probe();
    await clock.advance(2_000);
    expect(sockets).toHaveLength(2);
  });

  test('closes on what it does not understand', () => {
    const { sockets, events } = setUp(new FakeClock());
    sockets[0]?.opens();
    sockets[0]?.gives(Uint8Array.of(0xff, 0xff, 0xff));
    expect(sockets[0]?.closedWith).toBe(CloseCode.PROTOCOL);
    expect(events).toEqual(['open']);
  });
});

describe('where signaling is', () => {
  test.each([
    ['https://s.example', 'wss://s.example'],
    ['http://s.localhost:8080', 'ws://s.localhost:8080'],
  ])('for %s, with a pass for this tab', async (origin, server) => {
    const key = createLinkKey();
    const url = await signalingUrl(origin, 'tab-1', key);
    const pass = await createPass(await deriveGateKey(key), 'signal', 'tab-1');
    expect(url).toBe(`${server}/__wingman/signal?tab=tab-1&pass=${pass}`);
    expect(await signalingUrl(origin, 'tab-1', createLinkKey())).not.toBe(url);
  });
});

describe('the end of a session', () => {
  test.each([
    [EndReason.UNSPECIFIED, 'SESSION_ENDED'],
    [EndReason.STOPPED, 'SESSION_STOPPED'],
    [EndReason.EXPIRED, 'SESSION_EXPIRED'],
  ])('for reason %s is told as %s', (reason, code) => {
    expect(endCode(reason)).toBe(code);
  });
});
