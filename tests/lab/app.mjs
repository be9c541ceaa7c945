// An app for the lab: prints its port, and answers everything with a page, and /bytes?n=… with so many bytes.
import { createServer } from 'node:http';

const server = createServer((request, response) => {
  const url = new URL(request.url ?? '/', 'http://app');
  if (url.pathname === '/bytes')
    return response.end(Buffer.alloc(Number(url.searchParams.get('n'))));
  response.setHeader('content-type', 'text/html');
  response.end('<!doctype html><title>lab</title><body>the lab’s app</body>');
});
server.listen(0, '127.0.0.1', () => console.log(`port ${server.address().port}`));
