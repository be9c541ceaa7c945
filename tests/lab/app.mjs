// An app for the lab: prints its port, and answers everything with a page. /bytes?n=…&seed=… gives so many bytes that
// only the seed decides, and their SHA-256 in a header. An upload to /taken?id=… is answered with its SHA-256, and how
// often this id has come.
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { bytesOf } from './bytes.mjs';

const taken = new Map();

const server = createServer((request, response) => {
  const url = new URL(request.url ?? '/', 'http://app');
  if (url.pathname === '/bytes') return sendBytes(url.searchParams, response);
  if (url.pathname === '/taken') return takeBytes(url.searchParams.get('id'), request, response);
  response.setHeader('content-type', 'text/html');
  response.end('<!doctype html><title>lab</title><body>the lab’s app</body>');
});

function sendBytes(asked, response) {
  const bytes = bytesOf(asked.get('seed') ?? '', Number(asked.get('n')));
  response.setHeader('x-sha256', sha256(bytes)).end(bytes);
}

async function takeBytes(id, request, response) {
  const parts = [];
  for await (const part of request) parts.push(part);
  taken.set(id, (taken.get(id) ?? 0) + 1);
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ sha256: sha256(Buffer.concat(parts)), times: taken.get(id) }));
}

function sha256(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}

server.listen(0, '127.0.0.1', () => console.log(`port ${server.address().port}`));
