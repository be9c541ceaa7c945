import { beforeEach, describe, expect, test } from '@jest/globals';
import { newLinkId, type IncomingRequest } from '@wingman/protocol';
import { createConnection, type Socket } from 'node:net';
import { Budgets } from '../src/budgets/budgets.js';
import { SocketPlaces } from '../src/budgets/socket-places.js';
import { SERVER_LIMITS } from '../src/limits.js';
import { ClientSocket } from './support/client-socket.js';
import { FakeClock } from './support/fake-clock.js';
import { fetchWhole } from './support/http.js';
import { until } from './support/inbox.js';
import { FakeHost, head } from './support/fake-host.js';
import { startServer, startSession } from './support/server.js';

const HALF_SECOND_MS = SERVER_LIMITS.budgetMs;
const MIB = 1024 * 1024;

describe('the budgets of memory and throughput', () => {
  let clock: FakeClock;
  let held: number;
  let carried: number;
  let events: string[];

  beforeEach(() => {
    clock = new FakeClock();
    [held, carried, events] = [0, 0, []];
  });

  const budgets = (maxBytesPerSecond?: number): Budgets =>
    new Budgets({
      clock,
      maxHeldBytes: 100,
      maxBytesPerSecond,
      heldBytes: () => held,
      carriedBytes: () => carried,
      refused: (budget) => events.push(budget),
      shed: () => events.push('shed'),
    });

  test('a full memory refuses until it has room again', () => {
    const full = budgets();
    expect(full.refuses()).toBe(false);
    held = 100;
    clock.advance(HALF_SECOND_MS);
    expect([full.refuses(), full.heldBytes]).toEqual([true, 100]);
    held = 99;
    clock.advance(HALF_SECOND_MS);
    expect(full.refuses()).toBe(false);
    expect(events).toEqual(['memory']);
  });

  test('far above the budget something is let go at each measurement, and not before', () => {
    budgets();
    held = 100 * SERVER_LIMITS.shedAbove;
    clock.advance(HALF_SECOND_MS);
    expect(events).toEqual([]);
    held += 1;
    clock.advance(2 * HALF_SECOND_MS);
    expect(events).toEqual(['shed', 'shed']);
  });

  test('the rate is what has passed since the last measurement', () => {
    const limited = budgets(1_000);
    const free = budgets();
    carried = 499;
    clock.advance(HALF_SECOND_MS);
    expect([limited.bytesPerSecond, limited.refuses()]).toEqual([998, false]);
    carried += 500;
    clock.advance(HALF_SECOND_MS);
    expect([limited.refuses(), free.refuses()]).toEqual([true, false]);
    clock.advance(HALF_SECOND_MS);
    expect([limited.bytesPerSecond, limited.refuses()]).toEqual([0, false]);
    expect(events).toEqual(['rate']);
  });

  test('without a limit the rate is that since it was asked for last, and connections are not looked at before', () => {
    let looks = 0;
    const free = new Budgets({
      clock,
      maxHeldBytes: 100,
      maxBytesPerSecond: undefined,
      heldBytes: () => held,
      carriedBytes: () => (looks++, carried),
      refused: () => undefined,
      shed: () => undefined,
    });
    carried = 600;
    clock.advance(4 * HALF_SECOND_MS);
    expect(looks).toBe(0);
    expect([free.bytesPerSecond, free.bytesPerSecond, looks]).toEqual([300, 300, 1]);
    carried = 800;
    clock.advance(2 * HALF_SECOND_MS);
    expect(free.bytesPerSecond).toBe(200);
  });

  test('a closed one measures no more', () => {
    budgets().close();
    expect(clock.pending).toEqual([]);
  });
});

/** A connection that has got no further than its address. */
let lastPort = 0;

function socketFrom(remoteAddress: string): {
  socket: Socket;
  close: () => void;
  isDestroyed: () => boolean;
} {
  const listeners: (() => void)[] = [];
  let isDestroyed = false;
  const socket = {
    remoteAddress,
    remotePort: ++lastPort,
    bytesRead: 3,
    bytesWritten: 4,
    once: (_event: string, listener: () => void) => listeners.push(listener),
    destroy: () => (isDestroyed = true),
  };
  // The places look at nothing else of a socket.
  return {
    socket: socket as unknown as Socket,
    close: () => listeners.forEach((listener) => listener()),
    isDestroyed: () => isDestroyed,
  };
}

describe('the places for connections', () => {
  let refused: number;
  const places = (isFair: boolean): SocketPlaces => {
    refused = 0;
    return new SocketPlaces({ maxSockets: 4, isFair, exceeded: () => (refused += 1) });
  };

  test('one network gets as many as are left for others, and another finds some', () => {
    const some = places(true);
    const attackers = Array.from({ length: 4 }, () => socketFrom('192.0.2.1'));
    attackers.forEach(({ socket }) => some.enter(socket));
    const other = socketFrom('192.0.2.2');
    some.enter(other.socket);
    expect(attackers.map(({ socket }) => some.isSurplus(socket))).toEqual([
      false,
      false,
      true,
      true,
    ]);
    expect([some.isSurplus(other.socket), some.size, refused]).toEqual([false, 5, 2]);
  });

  test('beyond what can be told, connections of the crowded network are dropped, others are not', () => {
    const some = places(true);
    const crowd = Array.from({ length: SERVER_LIMITS.surplusSockets }, () => socketFrom('a'));
    crowd.forEach(({ socket }) => some.enter(socket));
    const dropped = crowd.filter(({ isDestroyed }) => isDestroyed()).length;
    expect(dropped).toBe(SERVER_LIMITS.surplusSockets / 2 - 2);
    const others = [socketFrom('b'), socketFrom('b'), socketFrom('b')];
    others.forEach(({ socket }) => some.enter(socket));
    expect(others.map(({ isDestroyed }) => isDestroyed())).toEqual([false, false, false]);
  });

  test('behind a proxy all are one network, and share all places', () => {
    const some = places(false);
    const sockets = Array.from({ length: 5 }, () => socketFrom('127.0.0.1').socket);
    sockets.forEach((socket) => some.enter(socket));
    expect(sockets.map((socket) => some.isSurplus(socket)).indexOf(true)).toBe(4);
  });

  test('a place is free again when its connection closes, whose bytes stay counted', () => {
    const some = places(true);
    const [first, second] = [socketFrom('a'), socketFrom('a')];
    some.enter(first.socket);
    some.enter(second.socket);
    expect([some.size, some.bytes]).toEqual([2, 14]);
    first.close();
    expect([some.size, some.bytes]).toEqual([1, 14]);
    const third = socketFrom('a');
    some.enter(third.socket);
    expect(some.isSurplus(third.socket)).toBe(false);
  });
});

describe('a server at its budget', () => {
  test('tells a connection beyond its places why, and serves those that are there', async () => {
    // Of twelve places one address gets six: two of the host, three that are idle, and one of a client.
    const { host, server } = await startSession({}, { maxSockets: 12 });
    await until(() => host.relays.size > 0);
    const idle = Array.from({ length: 4 }, () => createConnection(server.port, '127.0.0.1'));
    try {
      const sockets = () => server.metrics.value('wingman_sockets');
      await until(async () => (await sockets()) === 6);
      const refused = await fetchWhole(server.port, host.name, '/');
      expect([refused.status, refused.headers['wingman-error']]).toEqual([503, 'LIMIT_EXCEEDED']);
      expect(refused.headers.connection).toBe('close');
      const path = host.doorPath('signal', newLinkId());
      await expect(ClientSocket.open(server.port, host.name, path)).rejects.toThrow('status 503');
      expect((await fetchWhole(server.port, 'localhost', '/healthz')).status).toBe(200);
      const limit = { limit: 'sockets' };
      expect(await server.metrics.value('wingman_limits_exceeded_total', limit)).toBe(3);
      expect(host.signaling.socket.readyState).toBe(host.signaling.socket.OPEN);
      idle.pop()?.destroy();
      await until(async () => (await sockets()) === 5);
      expect((await fetchWhole(server.port, host.name, '/')).text).toBe('hello');
    } finally {
      idle.forEach((socket) => socket.destroy());
    }
  });

  test('cuts the session that holds most, and another one notices nothing', async () => {
    const server = await startServer({ maxHeldBytes: MIB });
    const piece = Buffer.alloc(60_000);
    // More than the buffers of the system take.
    const request = (incoming: IncomingRequest): void => {
      incoming.respond(head(200));
      for (let index = 0; index < 300; index += 1) {
        void incoming.write(piece).catch(() => undefined);
      }
    };
    const greedy = await FakeHost.start(server.port, { request });
    const other = await FakeHost.start(server.port);
    const readers = Array.from({ length: 4 }, () => {
      const socket = createConnection(server.port, '127.0.0.1').on('error', () => undefined);
      socket.write(`GET / HTTP/1.1\r\nHost: ${greedy.name}\r\n\r\n`);
      return socket.pause();
    });
    try {
      const shed = () =>
        server.metrics.value('wingman_limits_exceeded_total', { limit: 'memory-shed' });
      await until(async () => (await shed()) > 0);
      await until(async () => (await server.metrics.value('wingman_held_bytes')) < MIB);
    } finally {
      readers.forEach((socket) => socket.destroy());
    }
    expect((await fetchWhole(server.port, other.name, '/')).text).toBe('hello');
  });
});
