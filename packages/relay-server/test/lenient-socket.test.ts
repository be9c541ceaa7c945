import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { getDefaultHighWaterMark } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { headersToRaw } from '@wingman/protocol';
import fc from 'fast-check';
import { LenientSocket } from '../src/local/lenient-socket.js';
import { LocalClient, type LocalResponse } from '../src/local/local-client.js';
import { Loopback } from '../src/local/loopback.js';
import { cleanups } from './support/cleanups.js';
import { trackSockets } from './support/servers.js';
import { textOf } from './support/tunnel.js';
import { until } from './support/until.js';

/** What a client makes of an answer that an app sends in the given pieces, and closes. */
async function receive(...pieces: string[]) {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.setNoDelay();
    socket.once('data', () => {
      for (const piece of pieces) socket.write(piece, 'latin1');
      socket.end();
    });
  });
  trackSockets(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = new LocalClient(new Loopback((server.address() as AddressInfo).port));
  cleanups.push(
    () => new Promise((resolve) => server.close(resolve)),
    () => client.close(),
  );
  const interim: number[] = [];
  const response = await ask(client, (status) => interim.push(status));
  const { status, headers } = response;
  return { status, interim, fields: headersToRaw(headers), body: await textOf(response.body) };
}

function ask(
  client: LocalClient,
  informational: (status: number) => void = () => undefined,
): Promise<LocalResponse> {
  return client.request({
    method: 'GET',
    target: '/',
    headers: [],
    body: undefined,
    signal: new AbortController().signal,
    sent: () => undefined,
    informational,
    answered: () => undefined,
    ended: () => undefined,
  });
}

const LENGTH = 'content-length: 2\r\n';

describe('what a browser on this machine takes, the host takes too:', () => {
  test.each([
    ['a head whose lines end in bare line feeds', 'HTTP/1.1 200 OK\nx-a: 1\nx-b: 2\n\nok'],
    ['lines that end this way and that', 'HTTP/1.1 200 OK\r\nx-a: 1\nx-b: 2\n\r\nok'],
    ['a folded field', `HTTP/1.1 200 OK\r\nx-a: 1\r\nx-b:\r\n \t2\r\n${LENGTH}\r\nok`],
    ['a space before the colon', `HTTP/1.1 200 OK\r\nx-a : 1\r\nx-b: 2\r\n${LENGTH}\r\nok`],
    ['a line that is no field', `HTTP/1.1 200 OK\r\nx-a: 1\r\nnone\r\n: no\r\nx-b: 2\r\n\r\nok`],
    ['one length said twice', `HTTP/1.1 200 OK\r\nx-a: 1\r\nx-b: 2\r\n${LENGTH}${LENGTH}\r\nok`],
    [
      'one length in a list',
      'HTTP/1.1 200 OK\r\nx-a: 1\r\nx-b: 2\r\ncontent-length: 2, 2\r\n\r\nok',
    ],
    ['no reason phrase', `HTTP/1.1 200\r\nx-a: 1\r\nx-b: 2\r\n${LENGTH}\r\nok`],
    [
      'a length beside chunks',
      'HTTP/1.1 200 OK\r\ncontent-length: 9\r\nx-a: 1\r\nx-b: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
    ],
    [
      'a 100 that nobody asked for',
      `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nx-a: 1\r\nx-b: 2\r\n${LENGTH}\r\nok`,
    ],
  ])('%s', async (_, answer) => {
    const { status, fields, body, interim } = await receive(answer);
    expect({ status, body, interim }).toEqual({ status: 200, body: 'ok', interim: [] });
    expect(fields.slice(0, 4)).toEqual(['x-a', '1', 'x-b', '2']);
  });

  test('a status that nobody knows', async () => {
    const answer = await receive(`HTTP/1.1 999 Odd\r\n${LENGTH}\r\nok`);
    expect(answer).toMatchObject({ status: 999, body: 'ok' });
  });

  test('a 204 with a length and a body that doesn’t belong there', async () => {
    const answer = await receive(`HTTP/1.1 204 No\r\n${LENGTH}\r\nok`);
    expect(answer).toMatchObject({ status: 204, body: '' });
  });
});

test('an interim answer goes on, and the head after it is repaired too', async () => {
  const early = 'HTTP/1.1 103 Early\nlink: </a>\n\n';
  const answer = await receive(`${early}HTTP/1.1 200 OK\n${LENGTH}\nok`);
  expect(answer).toMatchObject({ status: 200, interim: [103], body: 'ok' });
});

test('what looks like a head in a body is left as it is', async () => {
  const body = 'HTTP/1.1 200 OK\nx: 1\n\n';
  expect((await receive('HTTP/1.1 200 OK\r\n\r\n', body)).body).toBe(body);
});

test.each([
  ['lengths that differ', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok'],
  ['a head without an end', `HTTP/1.1 200 OK\r\nx: ${'a'.repeat(60_000)}`],
  ['something else', 'SSH-2.0-OpenSSH_9.2\r\n'],
])('%s are refused', async (_, answer) => {
  await expect(receive(answer)).rejects.toMatchObject({
    code: expect.stringMatching(/^(UPSTREAM_ABORTED|LIMIT_EXCEEDED)$/),
  });
});

test('a head that comes in pieces is the same head, wherever it is cut', async () => {
  const text = `HTTP/1.1 103 Early\n\nHTTP/1.1 200 OK\nx-a:\n 1\n${LENGTH}${LENGTH}\r\nok`;
  const cuts = fc.array(fc.nat(text.length), { maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(cuts, async (at) => {
      const sorted = [0, ...at.sort((left, right) => left - right), text.length];
      const pieces = sorted.slice(1).map((end, index) => text.slice(sorted[index], end));
      const { status, fields, body } = await receive(...pieces);
      expect({ status, fields: fields.slice(0, 2), body }).toEqual({
        status: 200,
        fields: ['x-a', '1'],
        body: 'ok',
      });
    }),
    { numRuns: 30 },
  );
});

describe('the end of a connection, of whose answer the reader has taken nothing yet,', () => {
  /** A connection that says when the app's end of it has come. */
  class WatchedSocket extends LenientSocket {
    hasEnded = false;

    override push(chunk: Buffer | null, encoding?: BufferEncoding): boolean {
      this.hasEnded ||= chunk === null;
      return super.push(chunk, encoding);
    }
  }

  /** So much is held back: then the client is told to wait, and nothing is left for it to read but the end. */
  const body = 'x'.repeat(getDefaultHighWaterMark(false));

  async function held(head: string, end: (socket: Socket) => void) {
    const apps: Socket[] = [];
    const server = createServer((socket) => {
      apps.push(socket);
      socket.on('error', () => undefined);
      socket.once('data', () => socket.write(`HTTP/1.1 200 OK\r\n${head}\r\n${body}`));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const socket = new WatchedSocket();
    const dial = async (host: string): Promise<WatchedSocket> => {
      socket.connect({ host, port });
      await once(socket, 'connect');
      return socket;
    };
    const client = new LocalClient(new Loopback(port, dial));
    cleanups.push(
      () => new Promise((resolve) => server.close(resolve)),
      () => client.close(),
    );
    const response = await ask(client);
    await until(() => response.body.readableLength === body.length, 'the body is there');
    for (const app of apps) end(app);
    await until(() => socket.hasEnded || socket.destroyed, 'the end of the connection');
    // Whoever listens for the end is told in one of the next turns.
    for (let turn = 0; turn < 5; turn += 1) await setImmediate();
    return response.body;
  }

  test.each([
    ['says its length', `content-length: ${body.length}\r\n`],
    [
      'says its length, and that it is the last',
      `content-length: ${body.length}\r\nconnection: close\r\n`,
    ],
    ['ends with the connection', 'connection: close\r\n'],
  ])('waits: the answer is whole when it %s', async (_, head) => {
    expect(await textOf(await held(head, (app) => app.end()))).toBe(body);
  });

  test('does not make a body whole that is shorter than it says', async () => {
    const answer = await held(`content-length: ${body.length + 1}\r\n`, (app) => app.end());
    await expect(textOf(answer)).rejects.toMatchObject({ code: 'UPSTREAM_ABORTED' });
  });

  test('does not make a body whole when it is a reset', async () => {
    const answer = await held('connection: close\r\n', (app) => app.resetAndDestroy());
    await expect(textOf(answer)).rejects.toMatchObject({ code: 'UPSTREAM_ABORTED' });
  });
});
