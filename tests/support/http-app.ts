import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { stop } from './listening.js';

/** An app that shows each corner of HTTP on a path of its own. */
export interface HttpApp {
  port: number;
  origin: string;
  /** Method and target of each request that came through the ingress. */
  plain: string[];
  /** Connections to the app that are open now. */
  openSockets(): number;
  close(): Promise<void>;
}

type Handler = (request: IncomingMessage, response: ServerResponse, url: URL) => void;

const MEDIA = Buffer.from(Array.from({ length: 5_000 }, (_, index) => index % 251));

const routes: Record<string, Handler> = {
  '/': (_, response) => {
    response.setHeader('content-type', 'text/html');
    response.end('<!doctype html><title>HTTP</title><h1>http app</h1>');
  },
  '/status': (_, response, url) => {
    const code = Number(url.searchParams.get('code'));
    response.writeHead(code, `Reason ${code}`, { 'x-code': String(code) });
    response.end([204, 205, 304].includes(code) ? undefined : `body of ${code}`);
  },
  '/echo': (request, response) => {
    const hash = createHash('sha256');
    let length = 0;
    request.on('data', (chunk: Buffer) => {
      hash.update(chunk);
      length += chunk.byteLength;
    });
    request.on('end', () => {
      const type = request.headers['content-type']?.replace(/boundary=.*/, 'boundary');
      const { method, url, rawTrailers, headers } = request;
      const said = [headers['content-length'] !== undefined, headers['transfer-encoding']];
      json(response, { method, url, type, length, said, hash: hash.digest('hex'), rawTrailers });
    });
  },
  '/headers': (request, response) => json(response, request.headers),
  '/repeated': (_, response) => {
    response.writeHead(200, [
      ...['x-one', 'a', 'x-one', 'b', 'link', '</1>; rel=x', 'link', '</2>; rel=y'],
    ]);
    response.end('repeated');
  },
  '/redirect': (_, response, url) => {
    const to = url.searchParams.get('to') ?? '/echo';
    response.writeHead(Number(url.searchParams.get('code')), { location: to });
    response.end('moved');
  },
  '/cached': (request, response) => {
    const isKnown = request.headers['if-none-match'] === '"v1"';
    response.writeHead(isKnown ? 304 : 200, {
      etag: '"v1"',
      'last-modified': new Date(0).toUTCString(),
    });
    response.end(isKnown ? undefined : 'version 1');
  },
  '/media': media,
  '/gzip': (_, response) => {
    response.writeHead(200, { 'content-type': 'text/plain', 'content-encoding': 'gzip' });
    response.end(gzipSync('packed '.repeat(1_000)));
  },
  '/large-head': (_, response, url) => {
    response.writeHead(200, { 'x-large': 'x'.repeat(Number(url.searchParams.get('bytes'))) });
    response.end('large head');
  },
  '/hints': (_, response) => {
    response.writeProcessing();
    response.writeEarlyHints({ link: '</style.css>; rel=preload; as=style' });
    response.end('after the hints');
  },
  '/trailers': (_, response) => {
    response.writeHead(200, { trailer: 'x-sum' });
    response.write('body');
    response.addTrailers({ 'x-sum': '42' });
    response.end();
  },
  '/expect': (request, response) => {
    request.resume().on('end', () => response.end('continued'));
  },
  '/broken': (_, response) => {
    response.writeHead(200, { 'content-length': 1_000 });
    response.write('only this', () => response.destroy());
  },
  '/never': (_, response) => response.flushHeaders(),
};

function media(request: IncomingMessage, response: ServerResponse): void {
  const match = /^bytes=(\d*)-(\d*)$/.exec(request.headers.range ?? '');
  response.setHeader('accept-ranges', 'bytes');
  if (match === null) return void response.end(MEDIA);
  const last = MEDIA.length - 1;
  const isSuffix = match[1] === '';
  const from = isSuffix ? MEDIA.length - Number(match[2]) : Number(match[1]);
  const to = isSuffix || match[2] === '' ? last : Math.min(Number(match[2]), last);
  if (from > last) {
    return void response.writeHead(416, { 'content-range': `bytes */${MEDIA.length}` }).end();
  }
  response.writeHead(206, { 'content-range': `bytes ${from}-${to}/${MEDIA.length}` });
  response.end(MEDIA.subarray(from, to + 1));
}

function json(response: ServerResponse, value: unknown): void {
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(value));
}

/** A body that comes in parts, each when another request asks for it. */
class Steps {
  #open: ServerResponse | undefined;

  handle(response: ServerResponse, url: URL): void {
    const type = url.searchParams.get('type');
    if (type !== null) {
      this.#open = response;
      response.writeHead(200, { 'content-type': type });
      // Firefox shows a page no answer before its first byte.
      return void response.write(url.searchParams.get('text') ?? '');
    }
    this.#open?.write(url.searchParams.get('text') ?? '');
    if (url.searchParams.has('end')) this.#open?.end();
    response.end('ok');
  }
}

export async function startHttpApp(): Promise<HttpApp> {
  const plain: string[] = [];
  const steps = new Steps();
  let sockets = 0;
  const server: Server = createServer((request, response) => {
    if (request.headers['x-forwarded-for'] !== undefined)
      plain.push(`${request.method} ${request.url}`);
    // A parser must not take `//x` for a host.
    const url = new URL(`http://localhost${request.url ?? '/'}`);
    response.on('error', () => undefined);
    if (url.pathname === '/steps') return steps.handle(response, url);
    (routes[url.pathname] ?? routes['/echo'])?.(request, response, url);
  });
  server.on('connection', (socket) => {
    sockets += 1;
    socket.on('close', () => (sockets -= 1));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    origin: `http://localhost:${port}`,
    plain,
    openSockets: () => sockets,
    close: () => stop(server),
  };
}
