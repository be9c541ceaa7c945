import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An app of one page that sends requests on to where they ask to be sent. */
export interface RedirectApp {
  port: number;
  close(): Promise<void>;
}

export async function startRedirectApp(): Promise<RedirectApp> {
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const to = url.searchParams.get('url');
    if (to !== null) return void response.writeHead(302, { location: to }).end();
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end('<!doctype html><html><head></head><body><h1>the app</h1></body></html>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
