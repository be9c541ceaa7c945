import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { WebSocket, type ClientOptions } from 'ws';
import { residentBytes } from '../support/memory.js';
import { eventually, Share, startServer, within, type Program } from '../support/processes.js';
import { startSocketApp, type SocketApp } from '../support/socket-app.js';

const MIB = 1024 * 1024;
const DEADLINE_MS = 20_000;
/** For 160 MiB on a machine that does much else. */
const PASSAGE_MS = 90_000;

let app: SocketApp;
let server: { program: Program; url: string };
let share: Share;

beforeAll(async () => {
  app = await startSocketApp();
  server = await startServer();
  share = await Share.start(app.port, ['--server', server.url, '--ingress', 'open']);
});

afterAll(async () => {
  await share.stop();
  await server.program.stop();
  await app.close();
});

/** A client without the shim, as any program has one. */
function connect(path: string, protocols: string[] = [], options: ClientOptions = {}): WebSocket {
  const { host } = new URL(share.origin);
  const { port } = new URL(server.url);
  const headers = { host, ...options.headers };
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, protocols, { ...options, headers });
  socket.on('error', () => undefined);
  return socket;
}

function opened(socket: WebSocket): Promise<void> {
  const open = new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  return within(DEADLINE_MS, 'the WebSocket', open);
}

function closed(socket: WebSocket): Promise<[code: number, reason: string]> {
  const end = new Promise<[number, string]>((resolve) =>
    socket.once('close', (code, reason) => resolve([code, reason.toString()])),
  );
  return within(DEADLINE_MS, 'the close', end);
}

describe('a native WebSocket through the ingress', () => {
  test('carries text and binary of every size, in order', async () => {
    const socket = connect('/echo');
    const received: (string | Buffer)[] = [];
    socket.on('message', (data: Buffer, isBinary) => {
      received.push(isBinary ? data : data.toString());
    });
    await opened(socket);
    const sent = [
      '',
      'grüß',
      '\ufeff\ufeffbyte order marks',
      randomBytes(1),
      'ü'.repeat(MIB / 2),
      randomBytes(MIB),
      randomBytes(0),
    ];
    for (const message of sent) socket.send(message);
    await eventually('the echoes', () => received.length === sent.length);
    sent.forEach((message, index) => expect(received[index]?.toString()).toBe(message.toString()));
    expect(received.map((message) => typeof message)).toEqual(sent.map((each) => typeof each));
    socket.close();
    expect(await closed(socket)).toEqual([1005, '']);
  });

  test('agrees on a subprotocol, and its headers are rewritten', async () => {
    const before = app.opened.length;
    const headers = { origin: share.origin, cookie: 'a=1', 'x-own': 'yes' };
    const socket = connect('/echo?x=%20', ['first', 'second'], { headers });
    await opened(socket);
    expect(socket.protocol).toBe('first');
    const request = app.opened[before];
    expect(request?.url).toBe('/echo?x=%20');
    expect(request?.headers).toMatchObject({
      host: `localhost:${app.port}`,
      origin: `http://localhost:${app.port}`,
      cookie: 'a=1',
      'x-own': 'yes',
      'x-forwarded-for': '127.0.0.1',
      'sec-websocket-protocol': 'first,second',
    });
    socket.close();
  });

  test('a foreign origin stays foreign', async () => {
    const before = app.opened.length;
    const socket = connect('/echo', [], { headers: { origin: 'http://evil.example' } });
    await opened(socket);
    expect(app.opened[before]?.headers.origin).toBe('http://evil.example');
    socket.close();
  });

  test.each([
    ['/close?code=1000', [1000, '']],
    ['/close?code=4000&reason=bye', [4000, 'bye']],
    ['/close?code=1011&reason=%C3%A9', [1011, 'é']],
    ['/close?code=4000&reason=%EF%BB%BF', [4000, '\ufeff']],
    ['/close', [1005, '']],
    ['/drop', [1006, '']],
  ])('the app’s close: %s', async (path, expected) => {
    expect(await closed(connect(path))).toEqual(expected);
  });

  test('the client’s close', async () => {
    for (const [code, reason] of [
      [1000, 'done'],
      [3001, 'é'],
      [4999, ''],
    ] as const) {
      const before = app.closed.length;
      const socket = connect('/echo');
      await opened(socket);
      socket.close(code, reason);
      expect(await closed(socket)).toEqual([code, reason]);
      await eventually('the app’s end', () => app.closed[before]);
      expect(app.closed[before]).toMatchObject({ code, reason });
    }
  });

  test('a client that is gone is a socket that is gone at the app', async () => {
    const before = app.closed.length;
    const socket = connect('/echo');
    await opened(socket);
    socket.terminate();
    await eventually('the app’s end', () => app.closed[before]);
    expect(app.closed[before]?.code).toBe(1006);
  });

  test('a refusal has the app’s own status', async () => {
    const socket = connect('/refuse');
    const status = new Promise((resolve) =>
      socket.once('unexpected-response', (request, response) => {
        resolve(response.statusCode);
        request.destroy();
      }),
    );
    expect(await within(DEADLINE_MS, 'the refusal', status)).toBe(403);
  });

  test('pings are answered at each end and never cross', async () => {
    const before = app.pings;
    const socket = connect('/ping');
    let pings = 0;
    socket.on('ping', () => (pings += 1));
    const pong = new Promise((resolve) => socket.once('pong', resolve));
    const message = new Promise((resolve) =>
      socket.once('message', (data: Buffer) => resolve(data.toString())),
    );
    await opened(socket);
    socket.ping('mine');
    expect(String(await within(DEADLINE_MS, 'the pong', pong))).toBe('mine');
    // The host has answered the app's ping.
    expect(await within(DEADLINE_MS, 'the answer', message)).toBe('pong');
    expect([app.pings - before, pings]).toEqual([1, 0]);
    socket.close();
  });
});

describe('back-pressure', () => {
  /** Grows no more: the same twice, half a second apart. */
  async function settled(what: string, value: () => number): Promise<number> {
    let last = -1;
    await eventually(
      what,
      async () => {
        if (value() > 0 && value() === last) return true;
        last = value();
        await new Promise((resolve) => setTimeout(resolve, 500));
        return false;
      },
      DEADLINE_MS,
    );
    return value();
  }

  const memory = (): number => residentBytes(share.pid) + residentBytes(server.program.pid);

  test('a client that does not read stops the app', async () => {
    const before = memory();
    const socket = connect('/flood');
    let bytes = 0;
    socket.on('message', (data: Buffer) => (bytes += data.byteLength));
    await opened(socket);
    socket.pause();
    const taken = await settled('the flood', () => app.flooded());
    // The sockets' own buffers on three connections, a stream's window, and what each process may keep.
    expect(taken).toBeLessThan(64 * MIB);
    await eventually('what was collected is given back', () => memory() - before < 96 * MIB);
    socket.resume();
    await eventually('the rest', () => bytes > taken + 4 * MIB, PASSAGE_MS);
    socket.terminate();
  }, 180_000);

  test('an app that does not read stops the client', async () => {
    const before = memory();
    const socket = connect('/deaf?native');
    await opened(socket);
    const total = 160;
    const message = Buffer.alloc(MIB, 7);
    for (let index = 0; index < total; index += 1) socket.send(message);
    const waiting = await settled('the client’s queue', () => socket.bufferedAmount);
    expect(waiting).toBeGreaterThan((total - 64) * MIB);
    await eventually('what was collected is given back', () => memory() - before < 96 * MIB);
    expect(app.heard('native')).toBe(0);
    app.listen();
    await eventually('all of it', () => app.heard('native') === total * MIB, PASSAGE_MS);
    socket.terminate();
  }, 180_000);
});

test('the built-in server’s bare address is the session’s own origin too', async () => {
  const local = await Share.start(app.port, ['--ingress', 'open']);
  const { port } = new URL(local.ready.server);
  const origin = `http://127.0.0.1:${port}`;
  const seen = async (from: string): Promise<unknown> => {
    const before = app.opened.length;
    const socket = new WebSocket(`ws://127.0.0.1:${port}/echo`, { origin: from });
    await opened(socket);
    socket.close();
    await closed(socket);
    return app.opened[before]?.headers.origin;
  };
  expect(await seen(origin)).toBe(`http://localhost:${app.port}`);
  expect(await seen('http://127.0.0.1:1')).toBe('http://127.0.0.1:1');
  await local.stop();
});
