// The app under the campaign: a Vite dev server with the workloads' endpoints beside it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { WebSocketServer } from 'ws';
import { ROOT } from '../../support/program.js';
import { PatternCheck, noDamage, patternAt } from './pattern.js';
import { Gap, type AppAnswer, type AppCommand, type AppReport } from './protocol.js';

const PIECE = 16 * 1024;
const EVENT_MS = 50;

interface Vite {
  middlewares: (request: IncomingMessage, response: ServerResponse) => void;
  ws: { on(event: 'connection', listener: () => void): void };
  close(): Promise<void>;
}
type CreateVite = (config: object) => Promise<Vite>;

const [pageScript = '', options = '{}'] = process.argv.slice(2);
const gap = new Gap();
const upload = { bytes: 0, ...noDamage() };
const executions = new Map<string, number>();
let sockets = 0;
let hotSockets = 0;

const folder = mkdtempSync(join(tmpdir(), 'wingman-faults-'));
const PAGE = `<!doctype html><html><head><title>Campaign</title><link rel="icon" href="data:,"></head>
<body data-options='${options}'><h1>campaign</h1>
<script type="module" src="/main.js"></script><script src="/w/page.js"></script></body></html>`;
const MAIN = `import { version } from './version.js';
window.hotVersion = version;
import.meta.hot.accept('./version.js', (module) => { window.hotVersion = module.version; });`;

function edit(version: number): void {
  writeFileSync(join(folder, 'version.js'), `export const version = ${version};\n`);
}

/** Waits as long as so many bytes may take at a rate. */
function pace(bytes: number, rate: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, (bytes / rate) * 1_000));
}

async function sendBytes(url: URL, response: ServerResponse): Promise<void> {
  const total = Number(url.searchParams.get('n'));
  const rate = Number(url.searchParams.get('rate'));
  response.setHeader('content-length', total);
  const start = performance.now();
  for (let at = 0; at < total && !response.destroyed; at += PIECE) {
    const piece = patternAt(at, Math.min(PIECE, total - at));
    if (!response.write(piece)) await drained(response);
    const ahead = at - (rate * (performance.now() - start)) / 1_000;
    // After a stall the rate is not made up for: a burst would hide the next one.
    if (ahead > -rate) await pace(PIECE, rate);
  }
  response.end();
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.once('drain', done).once('close', done);
  });
}

async function takeUpload(
  url: URL,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const rate = Number(url.searchParams.get('rate'));
  const check = new PatternCheck();
  for await (const chunk of request as AsyncIterable<Buffer>) {
    check.take(chunk);
    upload.bytes += chunk.byteLength;
    await pace(chunk.byteLength, rate);
  }
  for (const kind of ['lost', 'repeated', 'wrong'] as const) upload[kind] += check.damage[kind];
  response.end(String(check.offset));
}

async function count(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const parts: Buffer[] = [];
  for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
  const id = Buffer.concat(parts).toString();
  executions.set(id, (executions.get(id) ?? 0) + 1);
  response.end(id);
}

function sendEvents(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  let number = 0;
  const timer = setInterval(() => {
    response.write(`data: ${number}\n\n`);
    number += 1;
  }, EVENT_MS);
  response.on('close', () => clearInterval(timer));
}

async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://localhost');
  switch (url.pathname) {
    case '/w/bytes':
      return sendBytes(url, response);
    case '/w/upload':
      return takeUpload(url, request, response);
    case '/w/small':
      response.end(url.searchParams.get('text'));
      return;
    case '/w/count':
      return count(request, response);
    case '/w/events':
      return sendEvents(response);
    case '/w/page.js':
      response.writeHead(200, { 'content-type': 'text/javascript' }).end(pageScript);
      return;
    default:
      vite.middlewares(request, response);
  }
}

async function startVite(server: Server): Promise<Vite> {
  const path = join(ROOT, 'examples/vite-react/node_modules/vite/dist/node/index.js');
  const { createServer } = (await import(pathToFileURL(path).href)) as { createServer: CreateVite };
  return createServer({
    root: folder,
    configFile: false,
    logLevel: 'error',
    cacheDir: join(folder, '.vite'),
    server: { middlewareMode: true, hmr: { server } },
  });
}

function report(): AppReport {
  const twice = [...executions.values()].filter((times) => times > 1).length;
  const executed = executions.size;
  return { upload, twice, executed, sockets, hotSockets, gapMs: gap.longestMs };
}

function forget(): void {
  executions.clear();
  [sockets, hotSockets] = [0, 0];
  Object.assign(upload, { bytes: 0, ...noDamage() });
}

function say(message: AppAnswer): void {
  process.send?.(message);
}

async function stop(): Promise<void> {
  await vite.close();
  rmSync(folder, { recursive: true, force: true });
  process.exit(0);
}

writeFileSync(join(folder, 'index.html'), PAGE);
writeFileSync(join(folder, 'main.js'), MAIN);
edit(0);
const server = createHttpServer((request, response) => {
  respond(request, response).catch(() => response.destroy());
});
// An upload at this pace takes longer than the five minutes that Node's servers give a request.
server.requestTimeout = 0;
const webSockets = new WebSocketServer({ noServer: true });
server.on('upgrade', (request, socket, head) => {
  if (request.url !== '/w/socket') return;
  webSockets.handleUpgrade(request, socket, head, (webSocket) => {
    sockets += 1;
    webSocket.on('message', (data, isBinary) => {
      gap.tick();
      webSocket.send(data, { binary: isBinary });
    });
  });
});
const vite = await startVite(server);
vite.ws.on('connection', () => (hotSockets += 1));

process.on('message', (command: AppCommand) => {
  if (command.kind === 'report') say({ kind: 'report', report: report() });
  if (command.kind === 'mark') gap.mark();
  if (command.kind === 'forget') forget();
  if (command.kind === 'edit') edit(command.version);
  if (command.kind === 'stop') void stop();
});
process.on('disconnect', () => void stop());
server.listen(0, '127.0.0.1', () => {
  say({ kind: 'ready', port: (server.address() as AddressInfo).port });
});
