import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { HOST_LIMITS } from '../src/limits.js';
import { ConnectionPool } from '../src/local/connection-pool.js';
import { LenientSocket } from '../src/local/lenient-socket.js';
import { endChild, forkScript, messageOf } from './support/children.js';
import { cleanups } from './support/cleanups.js';
import { listen, type TestServer } from './support/servers.js';
import { stopTime } from './support/still-time.js';
import { until } from './support/until.js';

// The client closes what is idle by its own time too, which must not pass where a connection is to be used again.
stopTime();

/** Answers one request on each connection; a second finds that the server has just gone away. */
async function serveOnceEach(): Promise<{ port: number; served: string[]; refused: string[] }> {
  const [served, refused]: [string[], string[]] = [[], []];
  const server: Server = createServer((socket: Socket) => {
    let isUsed = false;
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      const target = bytes.toString('latin1').split(' ')[1] ?? '';
      if (isUsed) {
        refused.push(target);
        return void socket.resetAndDestroy();
      }
      isUsed = true;
      served.push(target);
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => new Promise((resolve) => server.close(resolve)));
  return { port: (server.address() as AddressInfo).port, served, refused };
}

function poolTo(port: number, now: () => number): ConnectionPool {
  const dial = async (): Promise<LenientSocket> => {
    const socket = new LenientSocket().connect({ port, host: '127.0.0.1' });
    await once(socket, 'connect');
    return socket;
  };
  const pool = new ConnectionPool(`http://127.0.0.1:${port}`, dial, now);
  cleanups.push(() => pool.close());
  return pool;
}

/** Resolves with the status, or rejects with the client's error. */
function ask(pool: ConnectionPool, path: string, method = 'POST', body?: string): Promise<number> {
  return new Promise((resolve, reject) => {
    let status = 0;
    pool.dispatch(
      { path, method, headers: [], body: body ?? null },
      {
        onRequestStart: () => undefined,
        onResponseStart: (_controller, code) => void (status = code),
        onResponseData: () => undefined,
        onResponseEnd: () => resolve(status),
        onResponseError: (_controller, error) => reject(error),
      },
    );
  });
}

/** Long enough for the client to take its connection for idle: its turns go on. */
const idle = (): Promise<void> => delay(50);

test('a connection that was idle for a moment only is used again', async () => {
  const { port, refused } = await serveOnceEach();
  const pool = poolTo(port, () => 0);
  expect(await ask(pool, '/first')).toBe(200);
  await idle();
  await expect(ask(pool, '/second')).rejects.toThrow();
  expect(refused).toEqual(['/second']);
});

describe('a connection that was idle while the machine slept', () => {
  test('carries no further request', async () => {
    let now = 0;
    const { port, served, refused } = await serveOnceEach();
    const pool = poolTo(port, () => now);
    expect(await ask(pool, '/before')).toBe(200);
    await idle();
    now += 20_000;
    expect(await ask(pool, '/after')).toBe(200);
    expect({ served, refused }).toEqual({ served: ['/before', '/after'], refused: [] });
  });

  test('is not used either when an answer was the first thing to come after the sleep', async () => {
    let now = 0;
    const { port, refused } = await serveOnceEach();
    const pool = poolTo(port, () => now);
    expect(await ask(pool, '/before')).toBe(200);
    await idle();
    now += 20_000;
    pool.touch();
    expect(await ask(pool, '/after')).toBe(200);
    expect(refused).toEqual([]);
  });
});

describe('a connection whose server has been idle for longer than the client', () => {
  /** Asks, and does something when the head has come and before the rest is taken. */
  function askAnd(pool: ConnectionPool, between: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      pool.dispatch(
        { path: '/first', method: 'GET', headers: [], body: null },
        {
          onRequestStart: () => undefined,
          onResponseStart: () => undefined,
          onResponseData: (controller) => {
            controller.pause();
            setImmediate(() => {
              between();
              controller.resume();
            });
          },
          onResponseEnd: () => resolve(),
          onResponseError: (_controller, error) => reject(error),
        },
      );
    });
  }

  test.each([
    ['because its answer was held back here, carries no further request', 1, ['/first', '/second']],
    ['but for a moment only, is used again', 0, ['/first']],
  ])('%s', async (_, beyondMs, expected) => {
    let now = 0;
    const { port, served } = await serveOnceEach();
    const pool = poolTo(port, () => now);
    await askAnd(pool, () => {
      // Others are busy meanwhile, so no gap is seen.
      for (const ms of [HOST_LIMITS.localIdleMs, beyondMs]) {
        now += ms;
        pool.touch();
      }
    });
    await ask(pool, '/second').catch(() => undefined);
    expect(served).toEqual(expected);
  });

  test('because its answer lay there while the machine slept, carries no further request', async () => {
    let now = 0;
    const { port, served } = await serveOnceEach();
    const pool = poolTo(port, () => now);
    const answered = askAnd(pool, () => undefined);
    now += 20_000;
    pool.touch();
    await answered;
    expect(await ask(pool, '/second')).toBe(200);
    expect(served).toEqual(['/first', '/second']);
  });
});

test('what is under way when the machine wakes goes on', async () => {
  let now = 0;
  const finish = new Map<string, () => void>();
  const server = await listen((incoming, response) => {
    response.write('half');
    finish.set(incoming.url ?? '', () => response.end());
  });
  cleanups.push(() => server.close());
  const pool = poolTo(server.port, () => now);
  const slow = ask(pool, '/slow');
  await until(() => finish.has('/slow'), 'the first request');
  now += 20_000;
  const other = ask(pool, '/other');
  await until(() => finish.has('/other'), 'the second request');
  finish.get('/other')?.();
  finish.get('/slow')?.();
  expect(await Promise.all([slow, other])).toEqual([200, 200]);
});

describe('a host that was stopped for longer than the app keeps connections', () => {
  const COUNT = 12;
  const targets = Array.from({ length: COUNT }, (_, n) => `/${n}`);

  async function clientOf(server: TestServer): Promise<ChildProcess> {
    const child = forkScript('client-process.mjs', [String(server.port)]);
    cleanups.push(() => endChild(child));
    await messageOf(child);
    return child;
  }

  test('executes each request that has come meanwhile once, and none fails', async () => {
    const executed: string[] = [];
    const held: ServerResponse[] = [];
    const server = await listen((incoming, response) => {
      executed.push(`${incoming.method} ${incoming.url}`);
      held.push(response);
      // All at once, so that each has a connection of its own.
      if (held.length === COUNT) for (const each of held.splice(0)) each.end('ok');
    });
    server.server.keepAliveTimeout = 60_000;
    cleanups.push(() => server.close());
    let connections = 0;
    server.server.on('connection', () => (connections += 1));
    const child = await clientOf(server);
    child.send({ method: 'GET', targets });
    expect(await messageOf(child)).toEqual(targets.map(() => 200));
    child.kill('SIGSTOP');
    expect(connections).toBe(COUNT);
    child.send({ method: 'POST', targets });
    server.server.closeIdleConnections();
    await until(() => server.sockets.size === 0, 'the app closes its connections');
    await delay(2 * HOST_LIMITS.localIdleMs);
    child.kill('SIGCONT');
    expect(await messageOf(child)).toEqual(targets.map(() => 200));
    const posts = executed.filter((line) => line.startsWith('POST')).sort();
    expect(posts).toEqual(targets.map((target) => `POST ${target}`).sort());
  });
});

describe('a connection that the app closes as a further request comes', () => {
  /** Executes the first request on each connection, and closes it at the second, having sent `answer` of it. */
  async function serveAndClose(answer = '') {
    const [executed, met]: [string[], string[]] = [[], []];
    const server = createServer((socket) => {
      let isUsed = false;
      socket.on('error', () => undefined);
      socket.on('data', (bytes) => {
        const line = bytes.toString('latin1').split(' HTTP')[0] ?? '';
        (isUsed ? met : executed).push(line);
        if (isUsed) return void socket.end(answer);
        isUsed = true;
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    cleanups.push(() => new Promise((resolve) => server.close(resolve)));
    const pool = poolTo((server.address() as AddressInfo).port, () => 0);
    return { pool, executed, met };
  }

  test.each(['GET', 'OPTIONS', 'DELETE'])('a %s goes out once more, by another', async (method) => {
    const { pool, executed, met } = await serveAndClose();
    for (let count = 0; count < 20; count += 1)
      expect(await ask(pool, `/${count}`, method)).toBe(200);
    expect(executed).toHaveLength(20);
    expect(met.length).toBeGreaterThan(0);
  });

  test.each(['POST', 'PATCH'])(
    'a %s fails: nobody knows whether it was executed',
    async (method) => {
      const { pool, executed, met } = await serveAndClose();
      expect(await ask(pool, '/first', method)).toBe(200);
      await expect(ask(pool, '/second', method)).rejects.toThrow();
      expect({ executed, met }).toEqual({
        executed: [`${method} /first`],
        met: [`${method} /second`],
      });
    },
  );

  test('a request with a body fails, whatever its method', async () => {
    const { pool, met } = await serveAndClose();
    await ask(pool, '/first');
    await expect(ask(pool, '/second', 'PUT', 'body')).rejects.toThrow();
    expect(met).toEqual(['PUT /second']);
  });

  test('so does one whose answer has begun', async () => {
    const { pool, met } = await serveAndClose('HTTP/1.1 2');
    await ask(pool, '/first', 'GET');
    await expect(ask(pool, '/second', 'GET')).rejects.toThrow();
    expect(met).toEqual(['GET /second']);
  });

  test('a request on a connection of its own is never repeated', async () => {
    const met: string[] = [];
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', (bytes) => {
        met.push(bytes.toString('latin1').split(' HTTP')[0] ?? '');
        socket.end();
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    cleanups.push(() => new Promise((resolve) => server.close(resolve)));
    const pool = poolTo((server.address() as AddressInfo).port, () => 0);
    await expect(ask(pool, '/only', 'GET')).rejects.toThrow();
    expect(met).toEqual(['GET /only']);
  });
});
