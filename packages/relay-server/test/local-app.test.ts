import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import {
  headerValue,
  openWebSocket,
  request,
  type Direction,
  type ExchangeEnd,
  type ObservedExchange,
  type Piece,
} from '@wingman/protocol';
import { WebSocketServer, type WebSocket } from 'ws';
import { LocalApp } from '../src/exchange/local-app.js';
import type { Via } from '../src/local/local-ports.js';
import { cleanups } from './support/cleanups.js';
import { freePort, trackSockets } from './support/servers.js';
import {
  openTunnel,
  requestHead,
  SESSION_ORIGIN,
  textOf,
  webSocketOpen,
  type TestTunnel,
} from './support/tunnel.js';
import { until } from './support/until.js';

/** Pieces as text. */
const texts = (pieces: [Direction, Piece][]): [Direction, string][] =>
  pieces.map(([direction, { bytes }]) => [direction, Buffer.from(bytes).toString()]);

interface Seen {
  readonly exchange: ObservedExchange;
  readonly told: string[];
  readonly pieces: [Direction, Piece][];
  end?: ExchangeEnd;
}

interface World {
  readonly tunnel: TestTunnel;
  readonly seen: Seen[];
  /** What the app's WebSockets were closed with. */
  readonly closes: number[];
  readonly openSockets: ReadonlySet<unknown>;
}

/** A host before an app with pages and WebSockets, and an observer of everything. */
async function world(
  page: (incoming: IncomingMessage, response: ServerResponse) => void = (_, response) =>
    void response.end('served'),
  onSocket: (socket: WebSocket) => void = () => undefined,
  via: Via = 'viewer',
): Promise<World> {
  const http = createServer(page);
  const openSockets = trackSockets(http);
  const closes: number[] = [];
  const sockets = new WebSocketServer({ server: http });
  sockets.on('connection', (socket) => {
    socket.on('close', (code) => closes.push(code));
    onSocket(socket);
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => {
    for (const client of sockets.clients) client.terminate();
    http.closeAllConnections();
    http.close();
  });
  return { ...observed((http.address() as AddressInfo).port, via), closes, openSockets };
}

function observed(port: number, via: Via): Pick<World, 'tunnel' | 'seen'> {
  const app = new LocalApp(port, () => SESSION_ORIGIN);
  const seen: Seen[] = [];
  app.observe((exchange) => {
    const one: Seen = { exchange, told: [], pieces: [] };
    seen.push(one);
    exchange.tap((direction, piece) => one.pieces.push([direction, piece]));
    return {
      sent: ({ headers }) => one.told.push(`sent to ${headerValue(headers, 'host')}`),
      interim: ({ status }) => one.told.push(`interim ${status}`),
      head: ({ status }) => one.told.push(`head ${status}`),
      bodyEnd: (direction, isComplete) => one.told.push(`${direction} ${isComplete}`),
      end: (end) => void (one.end = end),
    };
  });
  const tunnel = openTunnel(port, via, app);
  cleanups.push(() => tunnel.close());
  return { tunnel, seen };
}

async function* once(text: string): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(Buffer.from(text));
}

const ended = async (seen: readonly Seen[], count = 1): Promise<void> => {
  await until(() => seen.filter(({ end }) => end !== undefined).length === count, 'has ended');
};

describe('an observer of the host', () => {
  test('sees a request with its hops, sizes, bodies and path', async () => {
    const { tunnel, seen } = await world((incoming, response) => {
      incoming.resume().on('end', () => {
        response.writeEarlyHints({ link: '</a>; rel=preload' });
        response.end('the answer');
      });
    });
    const head = requestHead({ method: 'POST', target: '/x?y', hasBody: true });
    const response = await request(tunnel.mux, head, { body: once('question') });
    await textOf(response.body);
    await ended(seen);
    const [{ exchange, told, pieces, end }] = seen as [Seen];
    expect(exchange).toMatchObject({ kind: 'http', link: tunnel.hostLink.id, path: 'relay' });
    expect(exchange.asked).toMatchObject({ method: 'POST', target: '/x?y' });
    expect(told[0]).toMatch(/^sent to localhost:\d+$/);
    expect(told.slice(1).sort()).toEqual([
      'download true',
      'head 200',
      'interim 103',
      'upload true',
    ]);
    expect(texts(pieces)).toEqual([
      ['upload', 'question'],
      ['download', 'the answer'],
    ]);
    expect(exchange.bytes).toEqual({ upload: 8, download: 10 });
    expect(end).toEqual({ outcome: 'complete' });
    const { accepted, sent, head: headAt, firstByte, end: endAt } = exchange.times;
    const times = [accepted, sent, headAt, firstByte, endAt].map(Number);
    expect(times).toEqual(times.toSorted((one, two) => one - two));
  });

  test('sees the door of the ingress', async () => {
    const { tunnel, seen } = await world(undefined, undefined, 'ingress');
    await textOf((await request(tunnel.mux, requestHead({}))).body);
    expect(seen[0]?.exchange.path).toBe('ingress');
  });

  test('sees that the host has answered in the app’s place, and with which code', async () => {
    const { tunnel, seen } = observed(await freePort(), 'viewer');
    await textOf((await request(tunnel.mux, requestHead({}))).body);
    await ended(seen);
    expect(seen[0]?.end).toEqual({ outcome: 'refused', code: 'LOCAL_PORT_REFUSED' });
    expect(seen[0]?.exchange.times.sent).toBeUndefined();
  });

  test('sees who has ended an exchange before its time', async () => {
    const { tunnel, seen } = await world((incoming, response) => {
      response.write('first');
      if (incoming.url === '/dies') setImmediate(() => response.destroy());
    });
    const dying = await request(tunnel.mux, requestHead({ target: '/dies' }));
    await expect(textOf(dying.body)).rejects.toMatchObject({ code: 'UPSTREAM_ABORTED' });
    const abort = new AbortController();
    const left = await request(tunnel.mux, requestHead({}), { signal: abort.signal });
    await left.body[Symbol.asyncIterator]().next();
    abort.abort();
    await ended(seen, 2);
    const lost = await request(tunnel.mux, requestHead({}));
    await lost.body[Symbol.asyncIterator]().next();
    tunnel.hostLink.close('LINK_LOST');
    await ended(seen, 3);
    expect(seen.map(({ end }) => end)).toEqual([
      { outcome: 'aborted', code: 'UPSTREAM_ABORTED', by: 'app' },
      { outcome: 'aborted', code: 'CANCELLED', by: 'opener' },
      { outcome: 'aborted', code: 'LINK_LOST', by: 'link' },
    ]);
  });

  test('sees a WebSocket with its messages in both directions, and its close', async () => {
    const { tunnel, seen } = await world(undefined, (socket) => {
      socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
    });
    const socket = openWebSocket(tunnel.mux, webSocketOpen({ target: '/ws' }));
    await socket.accepted;
    await socket.send('grüß');
    expect(await socket.receive()).toBe('grüß');
    socket.close(4001, 'done');
    await ended(seen);
    const [{ exchange, told, pieces, end }] = seen as [Seen];
    expect(exchange).toMatchObject({ kind: 'websocket', asked: { method: 'GET', target: '/ws' } });
    expect(told.at(-1)).toBe('head 101');
    expect(texts(pieces)).toEqual([
      ['upload', 'grüß'],
      ['download', 'grüß'],
    ]);
    expect(pieces[0]?.[1]).toMatchObject({ isText: true, isLast: true });
    expect(exchange.bytes).toEqual({ upload: 6, download: 6 });
    expect(end).toEqual({ outcome: 'complete', close: { code: 4001, reason: 'done' } });
  });

  test('sees a WebSocket that the app cuts, one that its viewer leaves, and one that is refused', async () => {
    const { tunnel, seen } = await world(undefined, (socket) => {
      socket.on('message', () => socket.terminate());
    });
    const cut = openWebSocket(tunnel.mux, webSocketOpen({}));
    await cut.accepted;
    await cut.send('die');
    await ended(seen, 1);
    const left = openWebSocket(tunnel.mux, webSocketOpen({}));
    await left.accepted;
    left.abort('CANCELLED');
    await ended(seen, 2);
    const refused = openWebSocket(tunnel.mux, webSocketOpen({ protocols: ['a b'] }));
    await expect(refused.accepted).rejects.toMatchObject({ code: 'REFUSED' });
    await ended(seen, 3);
    expect(seen.map(({ end }) => end)).toEqual([
      { outcome: 'aborted', code: 'UPSTREAM_ABORTED', by: 'app' },
      { outcome: 'aborted', code: 'CANCELLED', by: 'opener' },
      { outcome: 'refused', code: 'BAD_REQUEST' },
    ]);
  });

  test('that throws harms no exchange', async () => {
    const { tunnel } = await world();
    tunnel.app.observe(() => {
      throw new Error('a bad observer');
    });
    tunnel.app.observe((exchange) => {
      exchange.tap(() => {
        throw new Error('a bad tap');
      });
      return {
        head: () => {
          throw new Error('a bad watch');
        },
      };
    });
    const response = await request(tunnel.mux, requestHead({}));
    expect(await textOf(response.body)).toBe('served');
  });
});

describe('a host that stops', () => {
  test('closes WebSockets at both ends with 1001, and counts them until then', async () => {
    const { tunnel, seen, closes } = await world();
    const socket = openWebSocket(tunnel.mux, webSocketOpen({}));
    await socket.accepted;
    await until(() => tunnel.app.activeExchanges === 1, 'it counts');
    const drained = tunnel.app.drain();
    expect(await socket.receive()).toMatchObject({ code: 1001, wasClean: true });
    await drained;
    expect(closes).toEqual([1001]);
    expect(tunnel.app.activeExchanges).toBe(0);
    expect(seen[0]?.end).toMatchObject({ outcome: 'complete', close: { code: 1001 } });
  });

  test('refuses new ones, and tells its observers', async () => {
    const { tunnel, seen } = await world();
    await tunnel.app.drain();
    const socket = openWebSocket(tunnel.mux, webSocketOpen({}));
    await expect(socket.accepted).rejects.toMatchObject({ code: 'SESSION_ENDED' });
    await expect(request(tunnel.mux, requestHead({}))).rejects.toMatchObject({
      code: 'SESSION_ENDED',
    });
    const end = { outcome: 'aborted', code: 'SESSION_ENDED', by: 'host' };
    expect(seen.map((one) => one.end)).toEqual([end, end]);
  });

  test('closes a WebSocket that the app accepts only now', async () => {
    let accept: () => void = () => undefined;
    const http = createServer();
    const sockets = new WebSocketServer({ noServer: true });
    http.on('upgrade', (incoming, socket, head) => {
      accept = () => sockets.handleUpgrade(incoming, socket, head, () => undefined);
    });
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    const { tunnel } = observed((http.address() as AddressInfo).port, 'viewer');
    cleanups.push(() => {
      for (const client of sockets.clients) client.terminate();
      http.close();
    });
    const socket = openWebSocket(tunnel.mux, webSocketOpen({}));
    await until(() => String(accept).includes('handleUpgrade'), 'the app has the request');
    const drained = tunnel.app.drain();
    accept();
    expect(await socket.receive()).toMatchObject({ code: 1001 });
    await drained;
  });

  test('has told the viewer also when the app doesn’t answer the close', async () => {
    const { tunnel } = await world(undefined, (socket) => void socket.pause());
    const socket = openWebSocket(tunnel.mux, webSocketOpen({}));
    await socket.accepted;
    void tunnel.app.drain();
    expect(await socket.receive()).toMatchObject({ code: 1001 });
    expect(tunnel.app.activeExchanges).toBe(1);
  });
});

test('a WebSocket that has ended leaves no socket and no count, whoever has ended it', async () => {
  const { tunnel, openSockets } = await world(undefined, (socket) => socket.close(1000));
  const sockets = [1, 2, 3].map(() => openWebSocket(tunnel.mux, webSocketOpen({})));
  for (const socket of sockets) expect(await socket.receive()).toMatchObject({ code: 1000 });
  await until(() => tunnel.app.activeExchanges === 0, 'none counts');
  await until(() => openSockets.size === 0 && tunnel.mux.streamCount === 0, 'nothing is left');
});
