import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';

const CHUNK = Buffer.alloc(64 * 1024, 'wingman ');

/** A local app for tests: what it received can be asked of it. */
export interface FixtureApp {
  port: number;
  /** Method and target of each request, in order. */
  requests: string[];
  openSockets(): number;
  /** Answers what has been asked of `/held` so far, and reads what has been sent to `/held-hash`. */
  release(): void;
  /** Requests that are still unanswered or being answered. */
  openRequests(): number;
  close(): Promise<void>;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

const routes: Record<string, Handler> = {
  '/': (_, response) => {
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end(
      '<!doctype html><html><head><title>Fixture</title></head><body><h1>plain app page</h1></body></html>',
    );
  },
  '/echo': (request, response) => {
    response.setHeader(
      'content-type',
      request.headers['content-type'] ?? 'application/octet-stream',
    );
    request.pipe(response);
  },
  '/headers': (request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(request.headers));
  },
  '/hash': hash,
  '/endless': (_, response) => {
    response.write('first');
  },
};

function hash(request: IncomingMessage, response: ServerResponse): void {
  const sum = createHash('sha256');
  request.on('data', (chunk: Buffer) => sum.update(chunk));
  request.on('end', () => response.end(sum.digest('hex')));
}

/** `/bytes?n=…` answers n bytes of a repeated pattern; their hash is `patternHash(n)`. */
function bytes(url: URL, response: ServerResponse): void {
  let left = Number(url.searchParams.get('n'));
  response.setHeader('content-length', left);
  const write = (): void => {
    while (left > 0) {
      const chunk = CHUNK.subarray(0, Math.min(left, CHUNK.length));
      left -= chunk.length;
      if (!response.write(chunk)) return void response.once('drain', write);
    }
    response.end();
  };
  write();
}

export function patternHash(length: number): string {
  const hash = createHash('sha256');
  for (let left = length; left > 0; left -= CHUNK.length)
    hash.update(CHUNK.subarray(0, Math.min(left, CHUNK.length)));
  return hash.digest('hex');
}

/** Starts the app on a free port of 127.0.0.1, with a WebSocket echo at `/ws`. */
export async function startFixtureApp(): Promise<FixtureApp> {
  const requests: string[] = [];
  let sockets = 0;
  let open = 0;
  const held: (() => void)[] = [];
  const server: Server = createServer((request, response) => {
    open += 1;
    response.on('close', () => (open -= 1));
    requests.push(`${request.method ?? ''} ${request.url ?? ''}`);
    const url = new URL(request.url ?? '/', 'http://localhost');
    if (url.pathname === '/bytes') return bytes(url, response);
    if (url.pathname === '/held') return void held.push(() => response.end('released'));
    if (url.pathname === '/held-hash') return void held.push(() => hash(request, response));
    const handler = routes[url.pathname];
    if (handler !== undefined) return handler(request, response);
    response.writeHead(404).end('not here');
  });
  server.on('connection', (socket) => {
    sockets += 1;
    socket.on('close', () => (sockets -= 1));
  });
  const webSockets = new WebSocketServer({ server, path: '/ws' });
  webSockets.on('connection', (socket) => {
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    requests,
    openSockets: () => sockets,
    openRequests: () => open,
    release: () => held.splice(0).forEach((go) => go()),
    close: () =>
      new Promise((resolve) => {
        for (const client of webSockets.clients) client.terminate();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
