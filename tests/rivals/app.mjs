// The app that every tunnel shares: a paced download, counted POSTs and a WebSocket echo.
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';

const PIECE = Buffer.alloc(16 * 1024, 'rival ');
const counts = new Map();

async function send(response, total, rate) {
  response.writeHead(200, { 'content-length': total, 'cache-control': 'no-store' });
  for (let at = 0; at < total && !response.destroyed; at += PIECE.length) {
    response.write(PIECE.subarray(0, Math.min(PIECE.length, total - at)));
    await new Promise((resolve) => setTimeout(resolve, (PIECE.length / rate) * 1_000));
  }
  response.end();
}

async function count(request, response) {
  let id = '';
  for await (const part of request) id += part;
  counts.set(id, (counts.get(id) ?? 0) + 1);
  response.end(id);
}

const server = createServer((request, response) => {
  const url = new URL(request.url, 'http://localhost');
  const number = (name) => Number(url.searchParams.get(name));
  if (url.pathname === '/bytes') void send(response, number('n'), number('rate'));
  else if (url.pathname === '/count') count(request, response).catch(() => response.destroy());
  else response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>rival</h1>');
});
const sockets = new WebSocketServer({ server, path: '/socket' });
sockets.on('connection', (socket) => {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
});
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ port: server.address().port })));
