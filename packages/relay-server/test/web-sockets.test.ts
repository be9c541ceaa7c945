import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, jest, test } from '@jest/globals';
import {
  LIMITS,
  openWebSocket,
  WebSocketRejected,
  type OpenedWebSocket,
  type WebSocketClose,
} from '@wingman/protocol';
import { WebSocketServer, type WebSocket } from 'ws';
import { LocalApp } from '../src/exchange/local-app.js';
import { cleanups } from './support/cleanups.js';
import { FakeClock } from './support/fake-clock.js';
import { freePort, trackSockets } from './support/servers.js';
import {
  openTunnel,
  SESSION_ORIGIN,
  textOf,
  webSocketOpen,
  type TestTunnel,
} from './support/tunnel.js';
import { until } from './support/until.js';

// Up to a third of a gigabyte passes, at the pace at which a busy machine lets both ends take turns.
jest.setTimeout(240_000);

interface App {
  readonly port: number;
  readonly http: Server;
  readonly openSockets: ReadonlySet<unknown>;
  readonly tunnel: TestTunnel;
}

async function serve(
  onConnection: (socket: WebSocket, request: IncomingMessage) => void,
  options: { handleProtocols?: (protocols: Set<string>) => string | false } = {},
): Promise<App> {
  const http = createServer((_request, response) => response.writeHead(404).end());
  const openSockets = trackSockets(http);
  const server = new WebSocketServer({ noServer: true, ...options });
  http.on('upgrade', (request, socket, head) => {
    if (request.url === '/refused') {
      return void socket.end(
        'HTTP/1.1 403 No Entry\r\nx-why: because\r\nconnection: close\r\n\r\nno',
      );
    }
    server.handleUpgrade(request, socket, head, (opened) => onConnection(opened, request));
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const { port } = http.address() as AddressInfo;
  const tunnel = openTunnel(port);
  cleanups.push(() => {
    for (const client of server.clients) client.terminate();
    http.close();
  });
  cleanups.push(() => tunnel.close());
  return { port, http, openSockets, tunnel };
}

const echo = (socket: WebSocket): void => {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
};

describe('a WebSocket through the tunnel', () => {
  test('text stays text and bytes stay bytes, up to 1 MiB', async () => {
    const { tunnel } = await serve(echo);
    const socket = openWebSocket(tunnel.mux, webSocketOpen({ target: '/ws?x=1' }));
    await socket.accepted;
    const big = new Uint8Array(1024 * 1024).map((_, index) => index & 0xff);
    await socket.send('grüß');
    await socket.send(new Uint8Array([1, 2, 3]));
    await socket.send('');
    await socket.send(big);
    expect(await socket.receive()).toBe('grüß');
    expect([...((await socket.receive()) as Uint8Array)]).toEqual([1, 2, 3]);
    expect(await socket.receive()).toBe('');
    expect(Buffer.from((await socket.receive()) as Uint8Array)).toEqual(Buffer.from(big));
    socket.close(1000, 'bye');
  });

  test('the app sees localhost, the subprotocols and the target', async () => {
    let seen: IncomingMessage | undefined;
    const { tunnel, port } = await serve((_socket, request) => (seen = request), {
      handleProtocols: () => 'second',
    });
    const open = webSocketOpen({
      target: '/hmr?token=a',
      protocols: ['first', 'second'],
      headers: ['origin', SESSION_ORIGIN, 'cookie', 'a=1', 'host', 'evil.example'],
    });
    const socket = openWebSocket(tunnel.mux, open);
    expect((await socket.accepted).protocol).toBe('second');
    expect(seen?.url).toBe('/hmr?token=a');
    expect(seen?.headers).toMatchObject({
      host: `localhost:${port}`,
      origin: `http://localhost:${port}`,
      cookie: 'a=1',
      'sec-websocket-protocol': 'first,second',
    });
    expect(seen?.headers).not.toHaveProperty('sec-websocket-extensions');
  });

  test('a close that no frame can carry ends the app’s socket, and nothing else', async () => {
    const codes: number[] = [];
    const { tunnel } = await serve((socket) => socket.on('close', (code) => codes.push(code)));
    const socket = openWebSocket(tunnel.mux, webSocketOpen({}));
    await socket.accepted;
    socket.close(1000, 'r'.repeat(124));
    await until(() => codes.length > 0, 'the app’s socket is closed');
    expect(codes).toEqual([1006]);
  });

  test('an error of ours while a refusal is passed on is a refusal', async () => {
    const { port } = await serve(echo);
    let asked = 0;
    const app = new LocalApp(port, () => {
      asked += 1;
      // Once for the way to the app.
      if (asked > 1) throw new TypeError('broken');
      return SESSION_ORIGIN;
    });
    const broken = openTunnel(port, 'ingress', app);
    cleanups.push(() => broken.close());
    const { accepted } = openWebSocket(broken.mux, webSocketOpen({ target: '/refused' }));
    await expect(accepted).rejects.toMatchObject({ head: { status: 500 } });
  });

  test('what the app says at once is not lost', async () => {
    const { tunnel } = await serve((socket) => {
      socket.send('hello');
      socket.close(4001, 'and goodbye');
    });
    const socket = openWebSocket(tunnel.mux, webSocketOpen({}));
    expect(await socket.receive()).toBe('hello');
    expect(await socket.receive()).toMatchObject({ code: 4001, reason: 'and goodbye' });
  });

  test.each([
    [3999, 'why'],
    [1000, ''],
    [1005, ''],
  ])('the viewer’s close %i reaches the app', async (code, reason) => {
    const closes: [number, string][] = [];
    const { tunnel } = await serve((socket) => {
      socket.on('close', (seen, text) => closes.push([seen, text.toString()]));
    });
    const socket = openWebSocket(tunnel.mux, webSocketOpen({}));
    await socket.accepted;
    socket.close(code, reason);
    await until(() => closes.length === 1, 'the app sees it');
    expect(closes).toEqual([[code, reason]]);
  });

  test('a viewer whose link is gone leaves no socket', async () => {
    const { tunnel, openSockets } = await serve(echo);
    const socket = openWebSocket(tunnel.mux, webSocketOpen({}));
    await socket.accepted;
    tunnel.hostLink.close('LINK_CLOSED');
    expect((await socket.receive()) as WebSocketClose).toMatchObject({ code: 1006 });
    await until(() => openSockets.size === 0, 'the socket is closed');
  });

  test('an app that dies is an abnormal end', async () => {
    const { tunnel } = await serve((socket) => socket.terminate());
    const socket = openWebSocket(tunnel.mux, webSocketOpen({}));
    expect((await socket.receive()) as WebSocketClose).toMatchObject({ code: 1006 });
    await until(() => tunnel.mux.streamCount === 0, 'the stream ends');
  });

  test('an app’s message that never ends is cut off in time, and other sockets go on', async () => {
    const clock = new FakeClock();
    const { port } = await serve((socket, { url }) => {
      if (url === '/endless') socket.send('half a mess', { fin: false });
      else echo(socket);
    });
    const app = new LocalApp(port, () => SESSION_ORIGIN, { clock });
    const tunnel = openTunnel(port, 'viewer', app);
    cleanups.push(() => tunnel.close());
    const { mux } = tunnel;
    const endless = openWebSocket(mux, webSocketOpen({ target: '/endless' }));
    const other = openWebSocket(mux, webSocketOpen({}));
    await Promise.all([endless.accepted, other.accepted]);
    await until(() => clock.pending.length > 0, 'the message has begun');
    clock.advance(LIMITS.webSocketMessageMs);
    expect(await endless.receive()).toMatchObject({ code: 1008, reason: 'TIMEOUT' });
    await other.send('still here');
    expect(await other.receive()).toBe('still here');
    other.close(1000);
    await until(() => mux.streamCount === 0, 'both have ended');
  });

  test('messages that nobody reads are held up to a limit; above it a socket closes with 1009', async () => {
    const large = Buffer.alloc(31 * 1024 * 1024, 'large');
    const refused: string[] = [];
    let taken = 0;
    const { tunnel } = await serve((socket, { url }) => {
      if (url !== '/large') return echo(socket);
      socket.on('close', (code, reason) => refused.push(`${code} ${reason.toString()}`));
      socket.send(large, () => (taken += 1));
    });
    const openLarge = (): OpenedWebSocket =>
      openWebSocket(tunnel.mux, webSocketOpen({ target: '/large' }));
    const sockets: OpenedWebSocket[] = [];
    while (refused.length < 2 && sockets.length < 12) {
      sockets.push(openLarge());
      await until(() => taken === sockets.length, 'the message has left the app');
    }
    const small = openWebSocket(tunnel.mux, webSocketOpen({}));
    await small.send('still here');
    expect(await small.receive()).toBe('still here');
    const received = await Promise.all(sockets.map((socket) => socket.receive()));
    const whole = received.filter((message) => message instanceof Uint8Array);
    expect(whole.length).toBeGreaterThan(1);
    for (const message of whole) expect(large.equals(message)).toBe(true);
    const closes = received.filter((message) => !(message instanceof Uint8Array));
    expect(closes.length).toBeGreaterThan(1);
    for (const close of closes)
      expect(close).toMatchObject({ code: 1009, reason: 'LIMIT_EXCEEDED' });
    expect(new Set(refused)).toEqual(new Set(['1009 LIMIT_EXCEEDED']));
    const again = await openLarge().receive();
    expect(again instanceof Uint8Array && large.equals(again)).toBe(true);
  });

  test('a slow viewer holds the app back, and loses nothing', async () => {
    const total = 1_500;
    const block = Buffer.alloc(32 * 1024);
    let sent = 0;
    const { tunnel } = await serve((socket) => {
      const next = (): void => {
        if (sent < total) {
          sent++;
          socket.send(block, next);
        } else socket.close(1000);
      };
      next();
    });
    const socket = openWebSocket(tunnel.mux, webSocketOpen({}));
    await socket.accepted;
    let before = -1;
    await until(() => {
      const stands = before === sent && sent > 0;
      before = sent;
      return stands;
    }, 'the app stands still');
    expect(sent).toBeLessThan(total);
    let received = 0;
    while ((await socket.receive()) instanceof Uint8Array) received++;
    expect(received).toBe(total);
  });
});

describe('no WebSocket', () => {
  const rejection = async (tunnel: TestTunnel, target: string, protocols: string[] = []) => {
    const socket = openWebSocket(tunnel.mux, webSocketOpen({ target, protocols }));
    const error: unknown = await socket.accepted.catch((reason: unknown) => reason);
    if (!(error instanceof WebSocketRejected)) throw new Error('was not rejected');
    return { head: error.head, text: await textOf(error.body) };
  };

  test('the app’s refusal arrives as it is', async () => {
    const { tunnel } = await serve(echo);
    const { head, text } = await rejection(tunnel, '/refused');
    expect([head.status, head.statusText, text]).toEqual([403, 'No Entry', 'no']);
    expect(head.headers).toContainEqual(
      expect.objectContaining({ name: 'x-why', value: 'because' }),
    );
  });

  test('a port nobody listens on is a 502', async () => {
    const tunnel = openTunnel(await freePort());
    cleanups.push(() => tunnel.close());
    const { head, text } = await rejection(tunnel, '/');
    expect(head.status).toBe(502);
    expect(text).toContain('LOCAL_PORT_REFUSED');
  });

  test.each([['http://evil.example/'], ['/a#b'], ['/\r\n']])(
    'the target %j is a 400',
    async (target) => {
      const { tunnel } = await serve(echo);
      expect((await rejection(tunnel, target)).head.status).toBe(400);
    },
  );

  test('two slashes are a path, and no host', async () => {
    const { tunnel } = await serve((socket, { url }) => socket.send(url ?? ''));
    const socket = openWebSocket(tunnel.mux, webSocketOpen({ target: '//127.0.0.1:1/x' }));
    await socket.accepted;
    expect(await socket.receive()).toBe('//127.0.0.1:1/x');
    socket.close(1000, '');
  });

  test('subprotocols that are none are a 400', async () => {
    const { tunnel } = await serve(echo);
    expect((await rejection(tunnel, '/', ['a b'])).head.status).toBe(400);
  });
});
