import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';

/** One request that an API has seen, without what differs from run to run. */
export interface SeenRequest {
  method: string;
  path: string;
  origin: string | undefined;
  asks: string;
  cookies: string[];
  /** Came from the host: it asks for no compression, and browsers do. */
  isTunnelled: boolean;
}

/** An API on a port of its own, with each kind of consent that CORS knows. */
export interface ApiApp {
  port: number;
  seen: SeenRequest[];
  /** Requests whose client went away before the answer. */
  aborted(): number;
  close(): Promise<void>;
}

const PIXEL = Buffer.from('R0lGODlhAQABAAAAACw=', 'base64');
const PREFLIGHT = {
  'access-control-allow-methods': 'PUT, DELETE',
  'access-control-allow-headers': 'x-a, content-type, authorization',
};

type Answer = (request: IncomingMessage, response: ServerResponse, url: URL) => void;

const text =
  (body: string, type = 'text/plain'): Answer =>
  (_, response) =>
    void response.setHeader('content-type', type).end(body);

const ANSWERS: Record<string, Answer> = {
  '/whoami': (request, response) => {
    const { origin = null, referer = null, cookie = '' } = request.headers;
    const cookies = cookie.split('; ').filter((pair) => /^api/.test(pair));
    response.end(
      JSON.stringify({ method: request.method, origin, referer, cookies: cookies.sort() }),
    );
  },
  '/login': (_, response) => {
    response.setHeader('set-cookie', ['api-seen=1; Path=/', 'api-hidden=2; Path=/; HttpOnly']);
    response.end('in');
  },
  '/expose': (_, response) => {
    response.setHeader('access-control-expose-headers', 'X-Seen');
    response
      .setHeader('x-seen', 'yes')
      .setHeader('x-hidden', 'no')
      .setHeader('etag', '"1"')
      .end('x');
  },
  '/hash': (request, response) => {
    const hash = createHash('sha256');
    request.on('data', (chunk: Buffer) => hash.update(chunk));
    request.on('end', () => response.end(hash.digest('hex')));
  },
  '/to': (_, response, { searchParams }) => {
    response.writeHead(302, { location: searchParams.get('url') ?? '' }).end();
  },
  '/slow': (_, response) => void response.write('first'),
  '/events': (_, response) => {
    response.setHeader('content-type', 'text/event-stream').write('data: hello\n\n');
  },
  '/pixel': (_, response) => void response.setHeader('content-type', 'image/gif').end(PIXEL),
  '/own-pixel': (_, response) => {
    response.setHeader('cross-origin-resource-policy', 'same-origin');
    response.setHeader('content-type', 'image/gif').end(PIXEL);
  },
  '/script.js': text('window.fromScript = "loaded"', 'text/javascript'),
  '/module.js': text('export { value } from "./part.js"', 'text/javascript'),
  '/part.js': text('export const value = "from a module"', 'text/javascript'),
  '/style.css': text('h1 { color: rgb(1, 2, 3) }', 'text/css'),
};

/** Starts it; what follows the first path segment is the answer, and the segment is the consent. */
export async function startApiApp(port = 0): Promise<ApiApp> {
  const seen: SeenRequest[] = [];
  let aborted = 0;
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    seen.push(describe(request));
    response.on('close', () => {
      if (!response.writableFinished) aborted += 1;
    });
    const [, consent = '', ...rest] = url.pathname.split('/');
    allow(consent, request, response);
    if (request.method === 'OPTIONS') {
      return void response.writeHead(consent === 'unasked' ? 404 : 204).end();
    }
    const answer = ANSWERS[`/${rest.join('/')}`] ?? text('hello');
    answer(request, response, url);
  });
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket, request) => {
    const isTunnelled = request.headers['sec-websocket-extensions'] === undefined;
    seen.push({ ...describe(request), isTunnelled });
    socket.send(request.headers.origin ?? 'no origin');
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    seen,
    aborted: () => aborted,
    close: () =>
      new Promise((resolve) => {
        for (const client of sockets.clients) client.terminate();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function allow(consent: string, { headers }: IncomingMessage, response: ServerResponse): void {
  const { origin = '' } = headers;
  const set = (fields: Record<string, string>): void => {
    for (const [name, value] of Object.entries(fields)) response.setHeader(name, value);
  };
  switch (consent) {
    case 'any':
      return set({ 'access-control-allow-origin': '*', ...PREFLIGHT });
    case 'wild':
      return set({
        'access-control-allow-origin': '*',
        'access-control-allow-methods': '*',
        'access-control-allow-headers': '*',
      });
    case 'unasked':
      return set({ 'access-control-allow-origin': '*' });
    case 'stranger':
      return set({ 'access-control-allow-origin': 'http://elsewhere.example' });
    case 'plain':
      return set({ 'access-control-allow-origin': origin, ...PREFLIGHT });
    case 'mine':
      return set({
        'access-control-allow-origin': origin,
        'access-control-allow-credentials': 'true',
        ...PREFLIGHT,
      });
  }
}

function describe({ method = '', url = '', headers }: IncomingMessage): SeenRequest {
  const asked = ['access-control-request-method', 'access-control-request-headers'];
  return {
    method,
    path: url,
    origin: headers.origin,
    asks: asked.map((name) => String(headers[name] ?? '')).join(' '),
    cookies: (headers.cookie ?? '')
      .split('; ')
      .filter((pair) => /^api/.test(pair))
      .sort(),
    isTunnelled:
      headers['accept-encoding'] === 'identity' || headers['accept-encoding'] === undefined,
  };
}
