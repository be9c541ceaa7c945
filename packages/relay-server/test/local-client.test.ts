import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { headersFromRaw, headersToRaw } from '@wingman/protocol';
import { LocalClient, type LocalRequest } from '../src/local/local-client.js';
import { Loopback } from '../src/local/loopback.js';
import { cleanups } from './support/cleanups.js';
import { freePort, trackSockets } from './support/servers.js';
import { textOf } from './support/tunnel.js';
import { until } from './support/until.js';

/** A client of a port on which each request is answered by writing bytes to its socket. */
async function serve(answer: (socket: Socket, request: string) => void) {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => answer(socket, bytes.toString('latin1')));
  });
  const sockets = trackSockets(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  cleanups.push(() => new Promise((resolve) => server.close(resolve)));
  return { ...clientOf(port), sockets };
}

function clientOf(port: number) {
  const client = new LocalClient(new Loopback(port));
  cleanups.push(() => client.close());
  const told: string[] = [];
  const ask = (fields: Partial<LocalRequest> = {}) =>
    client.request({
      method: 'GET',
      target: '/',
      headers: headersFromRaw(['host', 'localhost']),
      body: undefined,
      signal: new AbortController().signal,
      sent: () => told.push('sent'),
      informational: (status) => told.push(String(status)),
      answered: () => told.push('answered'),
      ended: () => told.push('ended'),
      ...fields,
    });
  return { ask, told };
}

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

test('a request is told of once at each of its hops', async () => {
  const early = 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n';
  const { ask, told } = await serve((socket) => void socket.write(early + OK));
  const response = await ask();
  expect(await textOf(response.body)).toBe('ok');
  expect(told).toEqual(['sent', '103', 'answered', 'ended']);
});

test('fields go out and come back in one shape: apart, in order, as bytes', async () => {
  let seen = '';
  const head =
    'HTTP/1.1 200 Fine\r\nX-A: 1\r\nX-A: 2\r\nX-Latin: \xe9\r\ncontent-length: 0\r\n\r\n';
  const { ask } = await serve((socket, request) => {
    seen = request;
    socket.write(head, 'latin1');
  });
  const headers = headersFromRaw(['host', 'localhost', 'x-b', '1', 'x-c', '\xfc', 'x-b', '2']);
  const response = await ask({ headers });
  expect(response.statusText).toBe('Fine');
  expect(headersToRaw(response.headers).slice(0, 6)).toEqual([
    ...['x-a', '1', 'x-a', '2', 'x-latin', 'é'],
  ]);
  expect(seen).toContain('\r\nx-b: 1\r\nx-c: \xfc\r\nx-b: 2\r\n');
});

test('trailers are there once the body has ended', async () => {
  const body = '2\r\nok\r\n0\r\nX-Sum: 42\r\n\r\n';
  const { ask } = await serve(
    (socket) => void socket.write(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${body}`),
  );
  const response = await ask();
  await textOf(response.body);
  expect(headersToRaw([...response.trailers()])).toEqual(['x-sum', '42']);
});

test('an upload takes no connection before its first bytes are here: the app may end an idle one meanwhile', async () => {
  const { ask, sockets } = await serve((socket) => void socket.write(OK));
  await textOf((await ask()).body);
  // As after a keep-alive timeout, while the viewer's network is away.
  async function* late(): AsyncGenerator<Uint8Array> {
    for (const socket of sockets) socket.end();
    await until(() => sockets.size === 0, 'the connection is over');
    yield Buffer.from('late');
  }
  const headers = headersFromRaw(['host', 'localhost', 'content-length', '4']);
  const response = await ask({ method: 'POST', headers, body: late() });
  expect(await textOf(response.body)).toBe('ok');
});

describe('a request that fails', () => {
  test('at a port nobody listens on', async () => {
    const { ask, told } = clientOf(await freePort());
    await expect(ask()).rejects.toMatchObject({ code: 'LOCAL_PORT_REFUSED' });
    expect(told).toEqual(['ended']);
  });

  test('by what comes instead of an answer', async () => {
    const { ask, told } = await serve((socket) => void socket.end('hello\r\n\r\n'));
    await expect(ask()).rejects.toMatchObject({ code: 'UPSTREAM_ABORTED' });
    expect(told).toEqual(['sent', 'ended']);
  });

  test('by a head that no link could carry', async () => {
    const { ask } = await serve(
      (socket) => void socket.end(`HTTP/1.1 200 OK\r\nx: ${'a'.repeat(60_000)}\r\n\r\n`),
    );
    await expect(ask()).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
  });

  test('by its signal, while it waits for an answer; its socket is closed', async () => {
    const abort = new AbortController();
    const { ask, told, sockets } = await serve(() => abort.abort());
    await expect(ask({ signal: abort.signal })).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(told).toEqual(['sent', 'ended']);
    await until(() => sockets.size === 0, 'the socket is closed');
  });

  test('by its signal, before it was sent', async () => {
    const { ask, told } = await serve((socket) => void socket.write(OK));
    await expect(ask({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(told).toEqual(['ended']);
  });
});

describe('an answer', () => {
  test('that fails before anybody reads it keeps its error for whoever does', async () => {
    const broken = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nZZ\r\n';
    const { ask, told } = await serve((socket) => void socket.write(broken));
    const response = await ask();
    // Without a listener the error would end the process here.
    await until(() => told.includes('ended'), 'it has failed');
    await delay(10);
    await expect(textOf(response.body)).rejects.toMatchObject({ code: 'UPSTREAM_ABORTED' });
  });

  test('that is not wanted any more closes its socket, and ends once', async () => {
    const { ask, told, sockets } = await serve(
      (socket) => void socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf'),
    );
    const response = await ask();
    response.body.destroy();
    await until(() => sockets.size === 0, 'the socket is closed');
    expect(told).toEqual(['sent', 'answered', 'ended']);
  });

  test.each([
    ['goes on', () => delay(5)],
    ['has stalled', () => new Promise<void>(() => undefined)],
  ])('that comes before an upload that %s has ended lets the upload go', async (_what, more) => {
    let isLeft = false;
    let wait = (): Promise<void> => Promise.resolve();
    const upload = {
      [Symbol.asyncIterator]: () => ({
        next: async () => {
          await wait();
          wait = more;
          return { done: false as const, value: new Uint8Array(1024) };
        },
        return: () => {
          isLeft = true;
          return Promise.resolve({ done: true as const, value: undefined });
        },
      }),
    };
    const close = 'HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok';
    const { ask } = await serve((socket) => void socket.end(close));
    const response = await ask({ method: 'POST', body: upload });
    expect(response.status).toBe(200);
    await textOf(response.body).catch(() => undefined);
    await until(() => isLeft, 'nobody takes the upload');
  });
});
