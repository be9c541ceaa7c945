import { describe, expect, test } from '@jest/globals';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { create, Heartbeat, Refusal } from '@wingman/protocol';
import { HOST_LIMITS } from '../src/limits.js';
import { cleanups } from './support/cleanups.js';
import { freePort } from './support/servers.js';
import { accept, challenge, connect, NONCE, start, welcome } from './support/signaling-host.js';
import { signalingServer, type SignalingConnection } from './support/signaling-server.js';
import { until } from './support/until.js';

describe('registering', () => {
  test('answers the challenge of this connection', async () => {
    const { server, host } = await start(accept);
    await until(() => host.seen.registered === 1, 'registered');
    expect(host.connection.state).toBe('registered');
    expect(server.connections[0]?.received[0]).toMatchObject({
      $case: 'registerHost',
      value: { session: 's', signature: NONCE },
    });
  });

  test('with several servers one that wants no host like this is left for the next, and the last word is a refusal', async () => {
    const refusing = (code: string) => (connection: SignalingConnection) =>
      connection.send({ $case: 'refusal', value: create(Refusal, { code, message: 'why' }) });
    const servers = [
      await signalingServer((connection) => {
        refusing('DENIED')(connection);
        connection.socket.close(4000);
      }),
      await signalingServer(accept),
      await signalingServer((connection) => {
        refusing('TOKEN_NEEDED')(connection);
        connection.socket.close(4000);
      }),
    ] as const;
    for (const server of servers) cleanups.push(() => server.close());
    const [denying, taking, closed] = [servers[0].url, servers[1].url, servers[2].url];
    const host = connect([denying, taking]);
    await until(() => host.seen.lost.length === 1, 'refused');
    host.clock.advance(HOST_LIMITS.reconnectFirstMs);
    await until(() => host.seen.registered === 1, 'registered');
    expect([host.connection.server, host.seen.ended]).toEqual([taking, []]);
    const unwanted = connect([denying, closed]);
    await until(() => unwanted.seen.lost.length === 1, 'refused by the first');
    unwanted.clock.advance(HOST_LIMITS.reconnectFirstMs);
    await until(() => unwanted.seen.ended.length === 1, 'refused by both');
    expect(unwanted.seen.ended[0]?.code).toBe('TOKEN_NEEDED');
  });

  test('messages pass once registered, and not before', async () => {
    const { server, host } = await start(challenge);
    await until(() => server.connections[0]?.received.length === 1, 'asks for registration');
    host.connection.send({ $case: 'endSession', value: {} });
    welcome(server.connections[0]!);
    await until(() => host.seen.registered === 1, 'registered');
    host.connection.send({ $case: 'connectionAccept', value: { linkId: 'a' } });
    await until(() => server.connections[0]?.received.length === 2, 'the message arrives');
    expect(server.connections[0]?.received[1]).toMatchObject({ $case: 'connectionAccept' });
  });

  test('answers and candidates wait for a registration, for as long as an attempt lasts', async () => {
    const { server, host } = await start(challenge);
    await until(() => server.connections[0]?.received.length === 1, 'asks for registration');
    const answer = (attempt: number) =>
      host.connection.send({ $case: 'answer', value: { linkId: 'a', attempt, sdp: 'v=0' } });
    answer(1);
    host.clock.advance(HOST_LIMITS.awayMs - 1);
    answer(2);
    host.connection.send({ $case: 'iceCandidate', value: { linkId: 'a', attempt: 2 } });
    // The server has taken too long, and is asked again.
    host.clock.advance(1);
    await until(() => host.seen.lost.length === 1, 'given up');
    host.clock.advance(HOST_LIMITS.reconnectFirstMs);
    await until(() => server.connections[1]?.received.length === 1, 'asks anew');
    welcome(server.connections[1]!);
    await until(() => server.connections[1]?.received.length === 3, 'the messages arrive');
    expect(server.connections[1]?.received.slice(1)).toMatchObject([
      { $case: 'answer', value: { attempt: 2 } },
      { $case: 'iceCandidate', value: { attempt: 2 } },
    ]);
  });

  test('moves when it is asked to: leaves the connection once it is registered on another, and nothing was lost', async () => {
    let isFirst = true;
    const { server, host } = await start((connection) => {
      if (isFirst) accept(connection);
      else challenge(connection);
      isFirst = false;
    });
    await until(() => host.seen.registered === 1, 'registered');
    const [first] = server.connections;
    let isLeft = false;
    first!.socket.once('close', () => (isLeft = true));
    first!.send({ $case: 'move', value: {} });
    await until(() => server.connections[1]?.received.length === 1, 'asks for registration');
    host.connection.send({ $case: 'answer', value: { linkId: 'a', attempt: 1, sdp: 'v=0' } });
    expect([isLeft, first!.received.length]).toEqual([false, 1]);
    welcome(server.connections[1]!);
    await until(() => isLeft, 'leaves the first');
    await until(() => server.connections[1]?.received.length === 2, 'the answer arrives');
    expect(host.seen).toMatchObject({ registered: 2, backs: 0, lost: [] });
  });

  test('renews on the same connection', async () => {
    const { server, host } = await start(accept);
    await until(() => host.seen.registered === 1, 'registered');
    host.connection.renew();
    await until(() => server.connections[0]?.received.length === 2, 'registers again');
    welcome(server.connections[0]!);
    await until(() => host.seen.registered === 2, 'registered again');
    expect(server.connections).toHaveLength(1);
  });

  test('a grant that nobody has asked for is not taken', async () => {
    const { server, host } = await start((connection) => {
      welcome(connection);
      accept(connection);
    });
    await until(() => host.seen.registered === 1, 'registered');
    for (let count = 0; count < 100; count += 1) welcome(server.connections[0]!);
    const value = create(Heartbeat, { nonce: 7n });
    server.connections[0]?.send({ $case: 'heartbeat', value });
    await until(() => server.connections[0]?.received.length === 2, 'all has been read');
    expect(host.seen.registered).toBe(1);
  });

  test('a grant that its owner refuses is the end', async () => {
    const { server, host } = await start(accept);
    host.refuses = true;
    await until(() => host.seen.ended.length === 1, 'ended');
    expect(host.seen.ended[0]).toMatchObject({ code: 'REFUSED', message: 'not ours' });
    expect([host.connection.state, host.clock.pending]).toEqual(['ended', []]);
    await until(() => server.connections[0]?.socket.readyState === 3, 'closed');
  });

  test('heartbeats are answered', async () => {
    const { server, host } = await start(accept);
    await until(() => host.seen.registered === 1, 'registered');
    const value = create(Heartbeat, { nonce: 7n });
    server.connections[0]?.send({ $case: 'heartbeat', value });
    await until(() => server.connections[0]?.received.length === 2, 'an answer');
    expect(server.connections[0]?.received[1]).toMatchObject({ value: { nonce: 7n, reply: true } });
  });
});

describe('coming back', () => {
  test('a server that has gone without a word is left soon after a link has lost its path', async () => {
    const { server, host } = await start(accept);
    await until(() => host.seen.registered === 1, 'registered');
    host.connection.probe();
    host.clock.advance(HOST_LIMITS.serverProbeMs - 1);
    expect(host.connection.state).toBe('registered');
    // No pong comes from a socket that is not read.
    server.connections[0]?.socket.pause();
    host.connection.probe();
    host.clock.advance(HOST_LIMITS.serverProbeMs);
    await until(() => host.seen.lost.length === 1, 'lost');
  });

  test('asking again meanwhile does not put off the verdict', async () => {
    const { server, host } = await start(accept);
    await until(() => host.seen.registered === 1, 'registered');
    server.connections[0]?.socket.pause();
    host.connection.probe();
    host.clock.advance(HOST_LIMITS.serverProbeMs - 1);
    host.connection.probe();
    host.clock.advance(1);
    await until(() => host.seen.lost.length === 1, 'lost');
  });

  test('a connection from an address that is gone is left at once, without a question', async () => {
    const { host } = await start(accept);
    await until(() => host.seen.registered === 1, 'registered');
    host.connection.addressesChanged(['192.0.2.7']);
    await until(() => host.seen.lost.length === 1, 'lost');
    expect(host.connection.state).toBe('waiting');
    host.connection.addressesChanged(['192.0.2.7', '127.0.0.1']);
    await until(() => host.seen.registered === 2, 'registered again, without a wait');
  });

  test('a connection from an address that is left has to show that it lives', async () => {
    const { server, host } = await start(accept);
    await until(() => host.seen.registered === 1, 'registered');
    server.connections[0]?.socket.pause();
    host.connection.addressesChanged(['127.0.0.1', '192.0.2.7']);
    expect(host.connection.state).toBe('registered');
    host.clock.advance(HOST_LIMITS.serverProbeMs);
    await until(() => host.seen.lost.length === 1, 'lost');
  });

  test('tries again with doubling waits, and starts over once registered', async () => {
    const { server, host } = await start((connection) => connection.socket.close());
    const waits: number[] = [];
    for (let round = 1; round <= 8; round++) {
      await until(() => host.seen.lost.length === round, 'the connection is lost');
      waits.push(host.clock.pending[0]!);
      host.clock.advance(waits.at(-1)!);
    }
    const { reconnectFirstMs: first, reconnectMaxMs: most } = HOST_LIMITS;
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128].map((n) => Math.min(n * first, most)));
    expect(server.connections.length).toBeGreaterThanOrEqual(8);
  });

  test.each([
    ['429', '3', 3_000],
    ['429', '86400', HOST_LIMITS.toldWaitMs],
    ['429', 'soon', undefined],
    // A node that stops answers so: another one takes the host at once.
    ['503', '3', undefined],
  ] as const)(
    'told to come again by %s with Retry-After %s it waits so long',
    async (status, after, told) => {
      const { reconnectFirstMs: first } = HOST_LIMITS;
      const http = createServer().on('upgrade', (_request, socket) =>
        socket.end(`HTTP/1.1 ${status} No\r\nretry-after: ${after}\r\ncontent-length: 0\r\n\r\n`),
      );
      await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
      cleanups.push(() => new Promise<void>((resolve) => http.close(() => resolve())));
      const host = connect(new URL(`http://127.0.0.1:${(http.address() as AddressInfo).port}`));
      await until(() => host.seen.lost.length === 1, 'lost');
      expect(host.seen.lost[0]?.message).toBe(`the server answered with status ${status}`);
      const wait = host.clock.pending[0] ?? NaN;
      const [least, most] =
        told === undefined ? [first, first] : [told, told + HOST_LIMITS.toldSpreadMs];
      expect(wait).toBeGreaterThanOrEqual(least);
      expect(wait).toBeLessThanOrEqual(most);
    },
  );

  test('registers again on a new connection with its new challenge', async () => {
    const { server, host } = await start(accept);
    await until(() => host.seen.registered === 1, 'registered');
    server.connections[0]?.socket.terminate();
    await until(() => host.seen.lost.length === 1, 'lost');
    expect(host.connection.state).toBe('waiting');
    host.clock.advance(HOST_LIMITS.reconnectFirstMs);
    await until(() => host.seen.registered === 2, 'registered again');
    server.connections[1]?.socket.terminate();
    await until(() => host.seen.lost.length === 2, 'lost again');
    expect(host.clock.pending[0]).toBe(HOST_LIMITS.reconnectFirstMs);
  });

  test('a server that is not there says so', async () => {
    const { seen } = connect(new URL(`http://127.0.0.1:${await freePort()}`));
    await until(() => seen.lost.length === 1, 'lost');
    expect(seen.lost[0]?.message).toContain('ECONNREFUSED');
  });

  test('a server that never sends a challenge is given up', async () => {
    const { server, host } = await start(() => undefined);
    await until(() => server.connections.length === 1, 'connected');
    host.clock.advance(HOST_LIMITS.registerMs);
    await until(() => host.seen.lost.length === 1, 'lost');
  });

  test('a server that no longer answers pings is dead', async () => {
    const { server, host } = await start(accept);
    await until(() => host.seen.registered === 1, 'registered');
    // Stops reading, as a machine that has gone does.
    server.connections[0]?.socket.pause();
    host.clock.advance(HOST_LIMITS.serverPingMs);
    expect(host.connection.state).toBe('registered');
    host.clock.advance(HOST_LIMITS.serverPingMs);
    await until(() => host.seen.lost.length === 1, 'lost');
  });

  test('a host that nobody views asks more seldom', async () => {
    const { server, host } = await start(accept);
    host.isIdle = true;
    await until(() => host.seen.registered === 1, 'registered');
    let asked = 0;
    server.connections[0]?.socket.on('ping', () => (asked += 1));
    // The first wait may have begun before that was said.
    host.clock.advance(HOST_LIMITS.idlePingMs);
    host.connection.renew();
    await until(() => server.connections[0]?.received.length === 2, 'heard');
    const before = asked;
    host.clock.advance(HOST_LIMITS.idlePingMs - HOST_LIMITS.serverPingMs);
    host.connection.renew();
    await until(() => server.connections[0]?.received.length === 3, 'heard again');
    expect(asked).toBe(before);
  });

  test('garbage ends the connection, not the host', async () => {
    const { host } = await start(({ socket }) => socket.send(Buffer.from([0xff, 0xff])));
    await until(() => host.seen.lost.length === 1, 'lost');
    expect(host.connection.state).toBe('waiting');
  });
});
