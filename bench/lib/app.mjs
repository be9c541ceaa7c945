// A local app to measure with: it prints its port.
import { createServer } from 'node:http';

const CHUNK = Buffer.alloc(64 * 1024, 'wingman ');
const PAGE = '<!doctype html><html><head><title>bench</title></head><body>bench</body></html>';

function download(size, response) {
  response.setHeader('content-length', size);
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

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://localhost');
  if (pathname === '/bytes') return download(Number(searchParams.get('n')), response);
  if (request.method === 'POST') {
    let size = 0;
    request.on('data', (chunk) => (size += chunk.length));
    return request.on('end', () => response.end(String(size)));
  }
  response.setHeader('content-type', 'text/html');
  response.end(PAGE);
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
