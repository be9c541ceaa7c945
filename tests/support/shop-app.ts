import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const PAGE = `<!doctype html><title>Shop</title><h1>The shop</h1><script>
for (const url of ['/api/cart', '/api/cart?later']) fetch(url);
fetch('/api/order', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"item":"lamp"}' });
fetch('/missing');
new EventSource('/prices');
</script>`;

/** An app with an HttpOnly cookie, JSON, an event stream whose events the test sends, and a page that uses all of it. */
export async function startShopApp() {
  const prices = new Set<(event: string) => void>();
  const server = createServer((request, response) => {
    const json = (status: number, value: object): void => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(value));
    };
    const { url = '' } = request;
    if (url === '/') {
      response.setHeader('set-cookie', ['session=topsecret; HttpOnly', 'theme=dark']);
      return response.setHeader('content-type', 'text/html').end(PAGE);
    }
    if (url.startsWith('/api/cart')) return json(200, { item: 'lamp', asked: url });
    if (url === '/api/order') return json(201, { order: 7 });
    if (url !== '/prices') return json(404, { nothing: url });
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: opened\n\n');
    const send = (event: string): void => void response.write(`data: ${event}\n\n`);
    prices.add(send);
    response.on('close', () => prices.delete(send));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    /** Tells a price to whoever listens. */
    tell: (event: string) => {
      for (const send of prices) send(event);
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
