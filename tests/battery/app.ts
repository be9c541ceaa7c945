import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import type { Route } from '../support/page-app.js';

/** A picture of one pixel. */
const PIXEL = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64');

const html = (body: string): Route => typed('text/html; charset=utf-8', `<!doctype html>${body}`);

function typed(type: string, body: string | Buffer): Route {
  return (_, response) => void response.setHeader('content-type', type).end(body);
}

/** Answers that have begun, and end when the page says so. */
const cuttable = new Set<ServerResponse>();

/** How often each URL was asked for. */
const counts = new Map<string, number>();

/** Answers with the number of the request and the fields that the query names; 304 to who has named the answer. */
const counted: Route = (request, response, url) => {
  const count = (counts.get(url.search) ?? 0) + 1;
  counts.set(url.search, count);
  const fields = Object.fromEntries([...url.searchParams].filter(([name]) => name !== 'id'));
  const { 'if-none-match': name, 'if-modified-since': since } = request.headers;
  const isKnown = (name ?? '') === (fields['etag'] ?? '-') || since === fields['last-modified'];
  const status = (name !== undefined || since !== undefined) && isKnown ? 304 : 200;
  response.writeHead(status, { ...fields, 'x-count': count });
  response.end(status === 304 ? undefined : String(count));
};

/** What the sections ask for. */
const ROUTES: Record<string, Route> = {
  '/': html('<title>battery</title><h1>the battery</h1>'),
  '/frame': html('<title>frame</title><p id=p>framed</p>'),
  '/talk': html(`<script>onmessage = (event) => event.source.postMessage(['heard', event.data,
    event.origin === location.origin, event.ports.length], '*', event.ports)</script>`),
  '/pixel.gif': typed('image/gif', PIXEL),
  '/style.css': typed('text/css', '#styled { color: rgb(1, 2, 3) }'),
  '/script.js': typed('text/javascript', 'globalThis.scriptHasRun = true;'),
  '/module.js': typed(
    'text/javascript',
    'export const value = 7; export const url = import.meta.url;',
  ),
  '/throws.js': typed('text/javascript', 'throw new RangeError("from a script");'),
  '/worker.js': typed(
    'text/javascript',
    `const run = async ({ data, ports }, port) => {
      try { port.postMessage(await eval(data)); } catch (error) { port.postMessage('throws ' + error.name); } };
    onmessage = (event) => run(event, self);
    onconnect = ({ ports: [port] }) => { port.onmessage = (event) => run(event, port); };`,
  ),
  '/counted': counted,
  '/json': typed('application/json', '{"a":[1,"é"]}'),
  '/text': typed('text/plain; charset=utf-8', 'plain text, é'),
  '/latin1': typed('text/plain; charset=iso-8859-1', Buffer.from('é', 'latin1')),
  '/empty': typed('text/plain', ''),
  '/echo': (request, response) => {
    response.setHeader('content-type', 'text/plain');
    response.setHeader('x-method', request.method ?? '');
    response.setHeader('x-type', request.headers['content-type'] ?? 'none');
    response.setHeader('x-length', request.headers['content-length'] ?? 'none');
    request.pipe(response);
  },
  '/fields': (request, response) => void response.end(JSON.stringify(pick(request))),
  '/status': (_, response, url) => {
    const code = Number(url.searchParams.get('code'));
    response.writeHead(code, 'Some Reason', { 'x-code': code }).end();
  },
  '/redirect': (_, response, url) => {
    const code = Number(url.searchParams.get('code') ?? 302);
    response.writeHead(code, { location: url.searchParams.get('to') ?? '/text' }).end('moved');
  },
  '/answer-fields': (_, response) => {
    response.setHeader('x-one', ['1', '2']);
    response.setHeader('x-empty', '');
    response.setHeader('x-spaces', '  padded  ');
    response.setHeader('link', '</pixel.gif>; rel=x');
    response.end('fields');
  },
  '/chunks': (_, response) => {
    const parts = ['one,', 'two,', 'three'];
    const next = (): void => {
      const part = parts.shift();
      if (part === undefined) return void response.end();
      response.write(part);
      setTimeout(next, 20);
    };
    next();
  },
  '/cut': (_, response) => {
    response.writeHead(200, { 'content-length': 100, 'content-type': 'application/json' });
    response.write('cut');
    cuttable.add(response);
    response.once('close', () => cuttable.delete(response));
  },
  // Browsers tell of a head that arrives together with its end in one way or the other.
  '/cut-now': (_, response) => {
    for (const one of cuttable) one.destroy();
    response.writeHead(204).end();
  },
  '/reset': (request) => void request.socket.destroy(),
  '/never': () => undefined,
  '/ranges': (request, response) => {
    const [, from = '0', to = '9'] = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '') ?? [];
    const body = '0123456789'.slice(Number(from), Number(to) + 1);
    response.writeHead(206, { 'content-range': `bytes ${from}-${to}/10` }).end(body);
  },
  '/events': (_, response) => {
    response.setHeader('content-type', 'text/event-stream');
    response.write('retry: 100\nid: 5\ndata: a\ndata: b\n\n: comment\nevent: named\ndata: c\n\n');
  },
  '/set-cookie': (_, response, url) => {
    response.setHeader('set-cookie', url.searchParams.getAll('c')).end('set');
  },
  '/cookies': (request, response) => void response.end(sorted(request.headers.cookie)),
  '/sandboxed': (_, response) => {
    response.setHeader('content-security-policy', 'sandbox allow-scripts');
    html('<script>parent.postMessage(origin, "*")</script>')(
      {} as IncomingMessage,
      response,
      new URL('http://x'),
    );
  },
  '/refused': (_, response) => {
    response.setHeader('content-security-policy', "default-src 'none'; frame-ancestors 'none'");
    response.setHeader('content-type', 'text/html');
    response.end('<p>refused');
  },
};

function sorted(cookies = ''): string {
  return cookies.split('; ').sort().join('; ');
}

/** The fields of a request that a page decides about. */
function pick({ headers }: IncomingMessage): Record<string, unknown> {
  const names = ['accept', 'origin', 'referer', 'cache-control', 'pragma', 'range', 'x-own'];
  const fetched = ['dest', 'mode', 'site'].map((name) => `sec-fetch-${name}`);
  return Object.fromEntries([...names, ...fetched].map((name) => [name, headers[name] ?? null]));
}

/** The app that the battery's page is part of. */
export interface BatteryApp {
  port: number;
  close(): Promise<void>;
}

/** The app, with what a test needs beyond. */
export async function startBatteryApp(
  more: Readonly<Record<string, Route>> = {},
): Promise<BatteryApp> {
  const server: Server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const route = more[url.pathname] ?? ROUTES[url.pathname];
    if (route === undefined) return void response.writeHead(404).end('not here');
    route(request, response, url);
  });
  const sockets = new WebSocketServer({
    server,
    path: '/socket',
    handleProtocols: ([first]) => first ?? false,
  });
  sockets.on('connection', (socket) => {
    socket.on('message', (data, isBinary) => {
      const text = isBinary ? '' : (data as Buffer).toString();
      const [, code, reason] = /^close (\d+) ?(.*)$/.exec(text) ?? [];
      if (text === 'cut') socket.terminate();
      else if (code !== undefined) socket.close(Number(code), reason);
      else socket.send(data, { binary: isBinary });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        for (const client of sockets.clients) client.terminate();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
