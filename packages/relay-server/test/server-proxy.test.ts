import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { connect as connectTo, type AddressInfo, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { proxyFor } from '../src/config.js';
import { HOST_LIMITS } from '../src/limits.js';
import { openServerSocket } from '../src/tunnel/server-socket.js';
import { SignalingClient } from '../src/tunnel/signaling-client.js';
import { cleanups } from './support/cleanups.js';
import { FakeClock } from './support/fake-clock.js';
import { accept } from './support/signaling-host.js';
import { signalingServer } from './support/signaling-server.js';
import { until } from './support/until.js';

/** A proxy on this machine; resolves with its URL. */
async function startProxy(
  take: (request: IncomingMessage, socket: Socket, head: Buffer) => void,
): Promise<string> {
  const proxy = createServer();
  // Node gives a TCP socket here and declares any duplex stream.
  proxy.on('connect', (request, socket, head) => {
    cleanups.push(() => void socket.destroy());
    take(request, socket as Socket, head);
  });
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
  cleanups.push(() => void proxy.close());
  return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
}

function client(server: URL, proxy: string) {
  const clock = new FakeClock();
  const lost: string[] = [];
  let registered = 0;
  const connection = new SignalingClient({
    isIdle: () => false,
    ...{ servers: [server], clock, proxyFor: () => proxy },
    register: (nonce) => ({ $case: 'registerHost', value: { session: 's', signature: nonce } }),
    registered: () => void (registered += 1),
    message: () => undefined,
    lost: ({ message }) => void lost.push(message),
    ended: () => undefined,
  });
  cleanups.push(() => connection.close());
  return { clock, lost, registrations: () => registered };
}

describe('a host whose only way out is a proxy', () => {
  test('registers through it', async () => {
    const server = await signalingServer(accept);
    cleanups.push(() => server.close());
    const asked: string[] = [];
    const proxy = await startProxy((request, socket, head) => {
      asked.push(request.url ?? '');
      const far = connectTo(Number(server.url.port), server.url.hostname, () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
        far.write(head);
        far.pipe(socket).pipe(far);
      });
    });
    // A name that nobody but the proxy knows.
    const { registrations } = client(new URL(`http://tunnel.test:${server.url.port}`), proxy);
    await until(() => registrations() === 1, 'the host registers');
    expect(asked).toEqual([`tunnel.test:${server.url.port}`]);
  });

  test('is told what a proxy with passwords wants', async () => {
    const proxy = await startProxy((_request, socket) => {
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n');
    });
    const { lost } = client(new URL('http://tunnel.test'), proxy);
    await until(() => lost.length === 1, 'the connection is lost');
    expect(lost[0]).toMatch(/the proxy wants a name and a password/);
  });

  test('gives a proxy up that says nothing, and its connection', async () => {
    const sockets: Socket[] = [];
    const proxy = await startProxy((_request, socket) => {
      sockets.push(socket.resume());
    });
    const { clock, lost } = client(new URL('http://tunnel.test'), proxy);
    await until(() => sockets.length === 1, 'the proxy is asked');
    clock.advance(HOST_LIMITS.registerMs);
    await until(() => lost.length === 1, 'the connection is given up');
    await until(() => sockets[0]?.readableEnded === true, 'the proxy has lost it');
  });

  test('sends the proxy’s own name and password, and nobody else’s', async () => {
    const heads: unknown[] = [];
    const proxy = await startProxy((request, socket) => {
      heads.push(request.headers);
      socket.destroy();
    });
    const named = proxy.replace('//', '//me:secret@');
    const socket = openServerSocket(new URL('ws://tunnel.test/'), named, {
      headers: { authorization: 'Bearer token' },
    });
    await once(socket, 'error');
    const authorization = `Basic ${Buffer.from('me:secret').toString('base64')}`;
    expect(heads).toMatchObject([{ 'proxy-authorization': authorization }]);
    expect(JSON.stringify(heads)).not.toContain('Bearer');
  });
});

describe('which proxy', () => {
  const NAMES = ['HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY'] as const;
  const before = NAMES.map((name) => [name, process.env[name]] as const);

  afterEach(() => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });

  test.each([
    ['https://tunnel.example.org', 'http://secure.test:3128'],
    ['http://tunnel.example.org', 'http://plain.test:3128'],
    ['https://inner.example.net', undefined],
    ['http://127.0.0.1:8787', undefined],
    ['http://x.localhost:8787', undefined],
  ])('%s', (server, expected) => {
    process.env.HTTPS_PROXY = 'http://secure.test:3128';
    process.env.HTTP_PROXY = 'http://plain.test:3128';
    process.env.NO_PROXY = '.example.net';
    expect(proxyFor(new URL(server))).toBe(expected);
  });
});
