import { expect, test } from '@jest/globals';
import {
  headerValue,
  LIMITS,
  type IncomingWebSocket,
  type TunnelWebSocket,
} from '@wingman/protocol';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { SERVER_LIMITS } from '../src/limits.js';
import { ClientSocket } from './support/client-socket.js';
import { FakeClock, pass } from './support/fake-clock.js';
import { head, type FakeHost } from './support/fake-host.js';
import { fetchWhole } from './support/http.js';
import { Inbox, until } from './support/inbox.js';
import { startSession } from './support/server.js';

async function echo(tunnel: TunnelWebSocket): Promise<void> {
  for (;;) {
    const message = await tunnel.receive();
    if (typeof message !== 'string' && !(message instanceof Uint8Array)) return;
    await tunnel.send(message);
  }
}

async function startManual() {
  const opened = new Inbox<IncomingWebSocket>();
  const session = await startSession({ webSocket: (incoming) => opened.put(incoming) });
  return { ...session, opened };
}

const open = (host: FakeHost, path = '/hmr', protocols: string[] = []) =>
  ClientSocket.open(host.port, host.name, path, { origin: 'http://other.example' }, protocols);

test('text, binary and large messages go both ways', async () => {
  const { host } = await startSession({
    webSocket: (incoming) => void echo(incoming.accept({ protocol: '' })),
  });
  const client = await open(host);
  client.socket.send('text é');
  expect(await client.texts.next()).toBe('text é');
  for (const size of [0, 1, 100_000, 3_000_000]) {
    const data = randomBytes(size);
    client.send(data);
    expect((await client.messages.next()).equals(data)).toBe(true);
  }
});

test('a message that comes with the handshake is not lost', async () => {
  const { host, opened } = await startManual();
  const opening = open(host);
  const tunnel = (await opened.next()).accept({ protocol: '' });
  await tunnel.send('first');
  expect(await (await opening).texts.next()).toBe('first');
});

test('the app chooses the subprotocol and sees target, origin and protocols', async () => {
  const { host, opened } = await startManual();
  const opening = open(host, '/hmr?token=1', ['vite-hmr', 'vite-ping']);
  const incoming = await opened.next();
  expect(incoming.open.target).toBe('/hmr?token=1');
  expect(incoming.open.protocols).toEqual(['vite-hmr', 'vite-ping']);
  expect(headerValue(incoming.open.headers, 'origin')).toBe('http://other.example');
  expect(headerValue(incoming.open.headers, 'sec-websocket-key')).toBeUndefined();
  expect(headerValue(incoming.open.headers, 'upgrade')).toBeUndefined();
  incoming.accept({ protocol: 'vite-ping' });
  expect((await opening).socket.protocol).toBe('vite-ping');
});

test('the app can refuse with an answer of its own', async () => {
  const { host, opened } = await startManual();
  const opening = open(host);
  (await opened.next()).reject(head(401), Buffer.from('no'));
  await expect(opening).rejects.toThrow('status 401');
});

test('an answer that ends no handshake refuses none either', async () => {
  const { host, opened } = await startManual();
  const opening = open(host);
  (await opened.next()).reject({ ...head(101), statusText: 'Switching Protocols' });
  await expect(opening).rejects.toThrow('status 502');
});

test('closing on either side carries code and reason', async () => {
  const { host, opened } = await startManual();
  const opening = open(host);
  const tunnel = (await opened.next()).accept({ protocol: '' });
  const client = await opening;
  client.socket.close(4321, 'bye');
  expect(await tunnel.receive()).toMatchObject({ code: 4321, reason: 'bye' });
  const again = open(host);
  const second = (await opened.next()).accept({ protocol: '' });
  const other = await again;
  second.close(4322, 'done');
  expect(await other.closed).toEqual({ code: 4322, reason: 'done' });
});

test('a client that dies resets the stream; a stream that dies cuts the client off', async () => {
  const { host, opened } = await startManual();
  const opening = open(host);
  const tunnel = (await opened.next()).accept({ protocol: '' });
  (await opening).socket.terminate();
  expect(await tunnel.receive()).toMatchObject({ code: 1006 });
  const again = open(host);
  const second = (await opened.next()).accept({ protocol: '' });
  const other = await again;
  second.abort('UPSTREAM_ABORTED');
  expect((await other.closed).code).toBe(1006);
});

test('a close code that no frame may carry does not reach the client', async () => {
  const { host, opened } = await startManual();
  const opening = open(host);
  const tunnel = (await opened.next()).accept({ protocol: '' });
  const client = await opening;
  tunnel.close(2999, 'odd');
  expect((await client.closed).code).toBe(1006);
});

test('a message that never ends is cut off in time, and pings alone are not', async () => {
  const clock = new FakeClock();
  const webSocket = (incoming: IncomingWebSocket) => void echo(incoming.accept({ protocol: '' }));
  const { host, server } = await startSession({ webSocket }, {}, clock);
  const [endless, pinging] = [await open(host), await open(host)];
  endless.socket.send('half a mess', { fin: false });
  pinging.socket.ping('anybody there?');
  await once(pinging.socket, 'pong');
  await until(async () => (await server.metrics.value('wingman_ingress_held_bytes')) > 0);
  await pass(clock, host, LIMITS.webSocketMessageMs);
  expect(await endless.closed).toEqual({ code: 1008, reason: 'TIMEOUT' });
  pinging.socket.send('still here');
  expect(await pinging.texts.next()).toBe('still here');
  const cut = { code: 'TIMEOUT' };
  expect(await server.metrics.value('wingman_ingress_cuts_total', cut)).toBe(1);
  await until(async () => (await server.metrics.value('wingman_ingress_held_bytes')) === 0);
  pinging.socket.terminate();
  await pinging.closed;
});

test('a message in more fragments than a browser would make is refused', async () => {
  const { host } = await startSession({
    webSocket: (incoming) => void echo(incoming.accept({ protocol: '' })),
  });
  const client = await open(host);
  const fragments = SERVER_LIMITS.webSocketFragments;
  for (let count = 1; count <= fragments; count++)
    client.socket.send('x', { fin: count === fragments });
  expect(await client.texts.next()).toBe('x'.repeat(fragments));
  for (let count = 0; count <= fragments; count++) client.socket.send('x', { fin: false });
  expect((await client.closed).code).toBe(1008);
});

test('an upgrade to anything but a WebSocket is refused', async () => {
  const { host, server } = await startSession();
  const headers = { connection: 'Upgrade', upgrade: 'h2c' };
  expect((await fetchWhole(server.port, host.name, '/', { headers })).status).toBe(400);
});

test('an offline host or an unknown session refuses the handshake', async () => {
  const { host, server } = await startSession();
  const unknown = ClientSocket.open(server.port, `nobody.localhost:${server.port}`, '/hmr');
  await expect(unknown).rejects.toThrow('status 404');
  host.signaling.socket.terminate();
  await until(() =>
    open(host).then(
      () => false,
      (error: Error) => error.message === 'status 503',
    ),
  );
});

test('a client that gives up before the answer cancels the exchange', async () => {
  const { host, opened } = await startManual();
  const opening = open(host);
  const incoming = await opened.next();
  const aborted = new Promise((resolve) => incoming.signal.addEventListener('abort', resolve));
  opening.catch(() => undefined);
  host.crash();
  await aborted;
});
