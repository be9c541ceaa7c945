// A local app to measure with, on the address that is its argument: it prints its port.
import { createServer } from 'node:http';
import { answerModule, GRAPH_PATH } from './module-graph.mjs';

const CHUNK = Buffer.alloc(64 * 1024, 'wingman ');
const PAGE = '<!doctype html><html><head><title>bench</title></head><body>bench</body></html>';

function download(size, response) {
  response.setHeader('content-length', size);
  response.setHeader('cache-control', 'no-store');
  let left = size;
  const write = () => {
    while (left > 0) {
      const chunk = CHUNK.subarray(0, Math.min(left, CHUNK.length));
      left -= chunk.length;
      if (!response.write(chunk)) return response.once('drain', write);
    }
    response.end();
  };
  write();
}

/** A service worker that does nothing but answer: what the browser itself takes for that. */
const BARE_WORKER = `
  addEventListener('install', () => skipWaiting());
  addEventListener('activate', (event) => event.waitUntil(clients.claim()));
  addEventListener('fetch', (event) => {
    if (event.request.url.endsWith('/bytes?n=1024')) event.respondWith(new Response(new Uint8Array(1024)));
  });
`;

const EVENT_MS = 250;
const listeners = new Set();
let number = 0;
setInterval(() => {
  number += 1;
  for (const response of listeners) {
    response.write(`data: ${number} ${performance.timeOrigin + performance.now()}\n\n`);
  }
}, EVENT_MS);

/** Events that carry their number and the time at which they were sent. */
function events(response) {
  response.setHeader('content-type', 'text/event-stream');
  response.flushHeaders();
  listeners.add(response);
  response.on('close', () => listeners.delete(response));
}

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://localhost');
  if (pathname.startsWith(GRAPH_PATH)) return answerModule(request, response);
  // Browsers ask for one, and a page is no icon.
  if (pathname === '/favicon.ico') return response.writeHead(404).end();
  if (pathname === '/bytes') return download(Number(searchParams.get('n')), response);
  if (pathname === '/events') return events(response);
  if (request.method === 'POST') {
    let size = 0;
    request.on('data', (chunk) => (size += chunk.length));
    return request.on('end', () => response.end(String(size)));
  }
  const isWorker = pathname === '/bare-worker.js';
  response.setHeader('content-type', isWorker ? 'text/javascript' : 'text/html');
  response.end(isWorker ? BARE_WORKER : PAGE);
});
const [address = '127.0.0.1'] = process.argv.slice(2);
server.listen(0, address, () => console.log(server.address().port));
