import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tinyFont } from './tiny-font.js';
import { tinyVideo } from './tiny-video.js';

/** An app made of everything that pages load. */
export interface PlatformApp {
  port: number;
  origin: string;
  /** Targets of what came through the ingress. */
  plain: string[];
  /** The Range fields it was sent. */
  ranges: string[];
  /** Targets of requests that are neither answered nor given up. */
  openRequests(): string[];
  close(): Promise<void>;
}

const JS = 'text/javascript';

/** Target, type and content of all that never changes. */
const FILES: Record<string, [type: string, content: string | Buffer]> = {
  '/': [
    'text/html',
    '<!doctype html><title>Platform</title><script type="importmap">{"imports":{"mapped":"/modules/mapped.js"}}</script><h1>platform app</h1>',
  ],
  '/style/outer.css': ['text/css', '@import url("inner.css"); body { margin-top: 17px }'],
  '/style/inner.css': ['text/css', 'body { color: rgb(1, 2, 3); background: url("../image.png") }'],
  '/image.png': ['image/png', png()],
  '/tone.wav': ['audio/wav', wav(180)],
  '/pixel.webm': ['video/webm', tinyVideo(120, 64 * 1024)],
  '/style/font.css': [
    'text/css',
    '@font-face { font-family: Tiny; src: url("../tiny.ttf") format("truetype") }',
  ],
  '/tiny.ttf': ['font/ttf', tinyFont()],
  '/modules/entry.js': [
    JS,
    "import mapped from 'mapped'; export { named } from './named.js'; export { mapped }; export const late = (await import('./late.js?v=1')).default; export const own = new URL(import.meta.url).pathname;",
  ],
  '/modules/mapped.js': [JS, "export default 'mapped'"],
  '/modules/named.js': [JS, "export const named = 'named'"],
  '/modules/late.js?v=1': [JS, "export default 'late'"],
  '/add.wasm': ['application/wasm', addModule()],
  '/workers/classic.js': [JS, "importScripts('part.js'); postMessage([part, location.pathname])"],
  '/workers/part.js': [JS, "self.part = 'part'"],
  '/workers/module.js': [JS, "import { named } from '../modules/named.js'; postMessage(named)"],
  '/workers/shared.js': [
    JS,
    "onconnect = async ({ ports: [port] }) => port.postMessage(await (await fetch('/modules/mapped.js')).text())",
  ],
  '/asking': ['text/html', "<script>fetch('/never?frame')</script>"],
  '/leaving': [
    'text/html',
    `<script>
       addEventListener('pagehide', () => {
         navigator.sendBeacon('/sent', 'beacon');
         fetch('/sent', { method: 'POST', body: 'keepalive', keepalive: true });
       });
     </script>`,
  ],
};

export async function startPlatformApp(): Promise<PlatformApp> {
  const [plain, ranges]: [string[], string[]] = [[], []];
  const open = new Map<ServerResponse, string>();
  const dynamic = dynamicRoutes(open);
  const server = createServer((request, response) => {
    const target = request.url ?? '/';
    open.set(response, target);
    response.on('close', () => open.delete(response));
    if (request.headers['x-forwarded-for'] !== undefined) plain.push(target);
    const file = FILES[target];
    if (file !== undefined) return sendFile(file, request, response, ranges);
    const route = dynamic[target.split('?')[0] ?? ''];
    if (route === undefined) return void response.writeHead(404).end();
    route(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const origin = `http://127.0.0.1:${port}`;
  return {
    port,
    origin,
    plain,
    ranges,
    openRequests: () => [...open.values()],
    close: () => stop(server),
  };
}

type Route = (request: IncomingMessage, response: ServerResponse) => void;

function dynamicRoutes(open: Map<ServerResponse, string>): Record<string, Route> {
  let sent: string[] = [];
  let parts: ServerResponse[] = [];
  return {
    '/sent': (request, response) => {
      if (request.method === 'DELETE') sent = [];
      if (request.method === 'GET') return void response.end(JSON.stringify(sent));
      void text(request).then((body) => {
        if (body !== '') sent.push(body);
        response.end();
      });
    },
    '/parts': (_, response) => {
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
      response.write('<!doctype html><p id="first">first</p>');
      parts.push(response);
    },
    '/parts/next': (_, response) => {
      for (const part of parts) part.end('<p id="second">second</p>');
      parts = [];
      response.end();
    },
    '/form': (request, response) => void request.pipe(response),
    '/open': (_, response) => {
      const never = [...open.values()].filter((target) => target.startsWith('/never'));
      response.end(JSON.stringify(never));
    },
    '/never': () => undefined,
  };
}

function sendFile(
  [type, content]: [string, string | Buffer],
  request: IncomingMessage,
  response: ServerResponse,
  ranges: string[],
): void {
  const bytes = Buffer.from(content);
  const { range } = request.headers;
  response.setHeader('content-type', type);
  response.setHeader('accept-ranges', 'bytes');
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(range ?? '') ?? [];
  if (range === undefined || from === undefined) {
    response.setHeader('content-length', bytes.length);
    return void response.end(bytes);
  }
  ranges.push(range);
  const last = to === '' || to === undefined ? bytes.length - 1 : Number(to);
  response.writeHead(206, {
    'content-range': `bytes ${from}-${last}/${bytes.length}`,
    'content-length': last - Number(from) + 1,
  });
  response.end(bytes.subarray(Number(from), last + 1));
}

/** Silence, 8 bits, 22,050 samples a second. */
function wav(seconds: number): Buffer {
  const rate = 22_050;
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + seconds * rate, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(rate, 28);
  head.writeUInt16LE(1, 32);
  head.writeUInt16LE(8, 34);
  head.write('data', 36);
  head.writeUInt32LE(seconds * rate, 40);
  return Buffer.concat([head, Buffer.alloc(seconds * rate, 128)]);
}

/** One red pixel. */
function png(): Buffer {
  return Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==',
    'base64',
  );
}

/** (module (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add)) */
function addModule(): Buffer {
  return Buffer.from(
    '0061736d0100000001070160027f7f017f030201000707010361646400000a09010700200020016a0b',
    'hex',
  );
}

async function text(request: IncomingMessage): Promise<string> {
  let all = '';
  for await (const chunk of request) all += String(chunk);
  return all;
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
