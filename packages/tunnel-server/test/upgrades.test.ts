import { describe, expect, test } from '@jest/globals';
import {
  CloseCode,
  decodeEnvelope,
  newLinkId,
  ServerToViewer,
  type ReceivedCase,
} from '@wingman/protocol';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { ClientSocket } from './support/client-socket.js';
import { FakeHost } from './support/fake-host.js';
import { until } from './support/inbox.js';
import { startServer, startSession } from './support/server.js';

const SIGNAL = '/__wingman/signal';
const relay = (link: string): string => `/__wingman/relay?link=${link}`;

/** What becomes of an upgrade: the status of a refusal, or `open`. */
async function outcome(
  port: number,
  host: string,
  path: string,
  headers: Record<string, string> = {},
): Promise<string> {
  try {
    const client = await ClientSocket.open(port, host, path, headers);
    client.socket.terminate();
    return 'open';
  } catch (error) {
    return (error as Error).message;
  }
}

/** Writes to a connection of its own and reads the answer to its end. */
async function raw(port: number, text: string): Promise<string> {
  const socket: Socket = connect(port, '127.0.0.1');
  socket.write(text);
  let answer = '';
  for await (const chunk of socket) answer += String(chunk);
  return answer;
}

describe('what a viewer’s browser may open', () => {
  test('signaling and the relay of its own session', async () => {
    const { host } = await startSession();
    const own = { origin: `http://${host.name}` };
    for (const door of ['signal', 'relay'] as const) {
      const path = host.doorPath(door, newLinkId());
      expect(await outcome(host.port, host.name, path, own)).toBe('open');
    }
  });

  test.each([
    ['another site', 'http://evil.example'],
    ['another session', 'http://b.localhost'],
    ['a sandboxed frame', 'null'],
    ['another scheme', 'https://'],
  ])('nothing of ours from %s', async (_who, origin) => {
    const { host } = await startSession();
    const headers = { origin: origin === 'https://' ? `https://${host.name}` : origin };
    expect(await outcome(host.port, host.name, SIGNAL, headers)).toBe('status 403');
    expect(await outcome(host.port, host.name, relay(newLinkId()), headers)).toBe('status 403');
  });

  test.each(['', 'x', 'A'.repeat(32), '../../etc/passwd', '0'.repeat(33)])(
    'no relay for the link %j',
    async (link) => {
      const { host } = await startSession();
      const own = { origin: `http://${host.name}` };
      expect(await outcome(host.port, host.name, relay(link), own)).toBe('status 400');
    },
  );

  test.each(['/__wingman/host', '/__wingman/dial', '/__wingman/nothing', '/__wingman'])(
    'no %s on a session’s name',
    async (path) => {
      const { host } = await startSession();
      expect(await outcome(host.port, host.name, path)).toBe('status 404');
    },
  );

  test('a page of a session that is not there is let in, and told so', async () => {
    const server = await startServer();
    const name = `nobody-abcdefghijklmnop.localhost:${server.port}`;
    const headers = { origin: `http://${name}` };
    const client = await ClientSocket.open(server.port, name, SIGNAL, headers);
    const told: ReceivedCase<ServerToViewer>[] = [
      decodeEnvelope(ServerToViewer, await client.messages.next()),
      decodeEnvelope(ServerToViewer, await client.messages.next()),
    ];
    expect(told).toMatchObject([
      { $case: 'hostPresence', value: { online: false, sessionEnded: false } },
      { $case: 'refusal', value: { code: 'SESSION_UNKNOWN' } },
    ]);
    expect((await client.closed).code).toBe(CloseCode.SESSION_UNKNOWN);
  });

  test('a page of a session that has ended is told so', async () => {
    const { host, server } = await startSession();
    host.send({ $case: 'endSession', value: { reason: 0 } });
    await host.signaling.closed;
    const headers = { origin: `http://${host.name}` };
    const client = await ClientSocket.open(server.port, host.name, SIGNAL, headers);
    const presence = decodeEnvelope(ServerToViewer, await client.messages.next());
    expect(presence).toMatchObject({ value: { online: false, sessionEnded: true } });
    expect((await client.closed).code).toBe(CloseCode.SESSION_ENDED);
  });
});

describe('what a host may open', () => {
  test.each(['localhost', '127.0.0.1', 'unrelated.example'])(
    'its signaling, by the name %s',
    async (name) => {
      const server = await startServer();
      expect(await outcome(server.port, name, '/__wingman/host')).toBe('open');
    },
  );

  test('nothing else on the server’s own name', async () => {
    const server = await startServer();
    for (const path of ['/', SIGNAL, relay(newLinkId()), '/hmr']) {
      expect([path, await outcome(server.port, 'localhost', path)]).toEqual([path, 'status 404']);
    }
  });

  test('a dial-back, for one of two purposes, with its token', async () => {
    const { host } = await startSession({ dials: false });
    const path = (purpose: string, session = host.session): string =>
      `/__wingman/dial?session=${session}&purpose=${purpose}`;
    const bearer = { authorization: `Bearer ${host.dialToken}` };
    const ask = (target: string, headers = bearer): Promise<string> =>
      outcome(host.port, 'localhost', target, headers);
    expect(await ask(path('relay'))).toBe('open');
    expect(await ask(path('ingress'))).toBe('open');
    expect(await ask(path('signaling'))).toBe('status 400');
    expect(await ask('/__wingman/dial')).toBe('status 400');
    expect(await ask(path('relay'), { authorization: 'Bearer x' })).toBe('status 401');
    expect(await ask(path('relay'), { authorization: '' })).toBe('status 401');
    // The same answer for a session that isn't: names can't be probed here.
    expect(await ask(path('relay', 'nobody-abcdefghijklmnop'))).toBe('status 401');
  });

  test('no dial-back with the token of an older registration', async () => {
    const { host, server } = await startSession({ dials: false });
    const old = host.dialToken;
    await FakeHost.start(server.port, { keys: host.keys, takeOver: true, dials: false });
    const path = `/__wingman/dial?session=${host.session}&purpose=relay`;
    const headers = { authorization: `Bearer ${old}` };
    expect(await outcome(server.port, 'localhost', path, headers)).toBe('status 401');
  });
});

describe('an upgrade that is refused', () => {
  const head = (port: number, lines: string[]): string =>
    ['GET /__wingman/nothing HTTP/1.1', `Host: localhost:${port}`, ...lines, '', ''].join('\r\n');

  test('ends in a whole answer and a closed connection', async () => {
    const server = await startServer();
    const lines = ['Connection: Upgrade', 'Upgrade: websocket', 'Accept: application/json'];
    const answer = await raw(server.port, head(server.port, lines));
    const [start = '', body = ''] = answer.split('\r\n\r\n');
    expect(start).toMatch(/^HTTP\/1\.1 404 Not Found\r\n/);
    expect(start).toMatch(/connection: close/i);
    expect(start).toContain(`content-length: ${Buffer.byteLength(body)}`);
    expect(JSON.parse(body)).toMatchObject({ error: { status: 404, code: 'BAD_REQUEST' } });
  });

  test('is one that is no WebSocket', async () => {
    const server = await startServer();
    const answer = await raw(
      server.port,
      head(server.port, ['Connection: Upgrade', 'Upgrade: h2c']),
    );
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  });

  test('harms nobody when its sender has gone already', async () => {
    const server = await startServer();
    const socket = connect(server.port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write(head(server.port, ['Connection: Upgrade', 'Upgrade: websocket']));
    socket.resetAndDestroy();
    await until(() => socket.destroyed);
    expect(await outcome(server.port, 'localhost', '/__wingman/host')).toBe('open');
  });
});
