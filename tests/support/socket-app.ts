import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';
import { eventually } from './program.js';

/** A local app that lives by WebSockets; its paths say how it behaves. */
export interface SocketApp {
  port: number;
  /** Opening requests, in order. */
  opened: IncomingMessage[];
  /** Path, code and reason of what clients have closed, in order. */
  closed: { path: string; code: number; reason: string }[];
  /** Pings and pongs that have arrived. */
  pings: number;
  /** Bytes that `/flood` has handed to its socket so far. */
  flooded(): number;
  /** Has `/deaf` read again. */
  listen(): void;
  /** Bytes that `/deaf?<name>` has read. */
  heard(name: string): number;
  /** Resolves when the sockets of a page that is gone are closed: a test takes the next close for its own. */
  noneOpen(): Promise<void>;
  close(): Promise<void>;
}

const PAGE =
  '<!doctype html><html><head><title>Sockets</title></head><body><h1>socket app</h1></body></html>';
const FLOOD_CHUNK = Buffer.alloc(64 * 1024, 'flood ');

type Behaviour = (socket: WebSocket, url: URL) => void;

function echo(socket: WebSocket): void {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
}

const BEHAVIOURS: Record<string, Behaviour> = {
  '/echo': echo,
  '/close': (socket, { searchParams }) => {
    const code = searchParams.get('code');
    if (code === null) socket.close();
    else socket.close(Number(code), searchParams.get('reason') ?? '');
  },
  '/drop': (socket) => socket.terminate(),
  '/greet': (socket) => ['one', 'two', 'three'].forEach((text) => socket.send(text)),
  '/babble': (socket) => {
    const timer = setInterval(() => socket.send('again'), 5);
    socket.on('close', () => clearInterval(timer));
  },
  '/ping': (socket) => {
    socket.on('pong', () => socket.send('pong'));
    socket.ping();
  },
};

/** Starts the app on a free port of 127.0.0.1; `pages` are further paths with their HTML or script. */
export async function startSocketApp(
  pages: Record<string, { type: string; body: string }> = {},
): Promise<SocketApp> {
  const opened: SocketApp['opened'] = [];
  const closed: SocketApp['closed'] = [];
  const deaf = new Set<WebSocket>();
  let flooded = 0;
  const heard = new Map<string, number>();
  let pings = 0;
  const server = createServer((request, response) => {
    const page = pages[(request.url ?? '/').replace(/\?.*/, '')];
    response.setHeader('content-type', page?.type ?? 'text/html; charset=utf-8');
    response.end(page?.body ?? PAGE);
  });
  const sockets = new WebSocketServer({
    noServer: true,
    autoPong: true,
    handleProtocols: (protocols, { url }) => {
      if (url?.includes('wrong') === true) return 'never-asked-for';
      if (url?.includes('none') === true) return false;
      return [...protocols][0] ?? false;
    },
  });
  server.on('upgrade', (request, socket, head) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    if (url.pathname === '/refuse') {
      return void socket.end('HTTP/1.1 403 Forbidden\r\nconnection: close\r\n\r\nno');
    }
    sockets.handleUpgrade(request, socket, head, (opening) => {
      opened.push(request);
      opening.on('ping', () => (pings += 1));
      opening.on('pong', () => (pings += 1));
      opening.on('error', () => undefined);
      opening.on('close', (code, reason) => {
        closed.push({ path: url.pathname, code, reason: reason.toString() });
      });
      if (url.pathname === '/flood') return flood(opening, (bytes) => (flooded += bytes));
      if (url.pathname === '/deaf') {
        opening.pause();
        deaf.add(opening);
        opening.on('message', (data: Buffer) => {
          heard.set(url.search, (heard.get(url.search) ?? 0) + data.byteLength);
        });
        return;
      }
      (BEHAVIOURS[url.pathname] ?? echo)(opening, url);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const listen = (): void => {
    for (const socket of deaf) socket.resume();
  };
  return {
    port: (server.address() as AddressInfo).port,
    opened,
    closed,
    get pings() {
      return pings;
    },
    flooded: () => flooded,
    heard: (name) => heard.get(`?${name}`) ?? 0,
    listen,
    noneOpen: async () => {
      listen();
      await eventually('every socket is closed', () => sockets.clients.size === 0);
    },
    close: () =>
      new Promise((resolve) => {
        for (const client of sockets.clients) client.terminate();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Sends as much as the socket takes, and goes on when it takes more. */
function flood(socket: WebSocket, count: (bytes: number) => void): void {
  const more = (): void => {
    if (socket.readyState !== socket.OPEN) return;
    count(FLOOD_CHUNK.byteLength);
    socket.send(FLOOD_CHUNK, () => setImmediate(more));
  };
  more();
}
