import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An app on one port that leads to pages of another port, and the other port, which leads back. */
export interface TwoPortApp {
  readonly port: number;
  readonly other: number;
  /** What the servers were asked for, as `<which> <method> <target>`. */
  readonly seen: string[];
  close(): Promise<void>;
}

/** The field that says a request has come through the tunnel and not from the browser itself. */
const isTunnelled = ({ headers }: IncomingMessage): boolean =>
  headers['sec-fetch-site'] !== undefined;

export async function startTwoPortApp(): Promise<TwoPortApp> {
  const seen: string[] = [];
  const [main, other] = [createServer(), createServer()];
  const [port, otherPort] = (await Promise.all([main, other].map(listen))) as [number, number];
  const serve = (server: Server, name: string, opposite: number): void => {
    server.on('request', (request, response) => {
      const url = new URL(request.url ?? '/', 'http://localhost');
      seen.push(`${name} ${request.method} ${request.url}`);
      if (url.pathname === '/to-other') {
        return void response
          .writeHead(302, { location: `http://localhost:${opposite}/redirected` })
          .end();
      }
      if (url.pathname === '/login')
        response.setHeader('set-cookie', ['id=secret; HttpOnly', 'theme=dark']);
      response.setHeader('content-type', 'text/html; charset=utf-8');
      response.end(page(name, request, opposite));
    });
  };
  serve(main, 'main', otherPort);
  serve(other, 'other', port);
  const close = async (): Promise<void> => {
    await Promise.all([main, other].map(stop));
  };
  return { port, other: otherPort, seen, close };
}

function page(name: string, request: IncomingMessage, opposite: number): string {
  const { cookie = '', host = '', origin = '', referer = '' } = request.headers;
  const there = `http://localhost:${opposite}`;
  const facts = {
    cookie,
    host,
    origin,
    referer,
    url: request.url,
    isTunnelled: isTunnelled(request),
  };
  return `<!doctype html><title>${name}</title><h1>${name}${request.url}</h1>
<pre>${JSON.stringify(facts)}</pre>
<a id="link" href="${there}/linked?a=1#part">link</a>
<a id="redirect" href="/to-other">redirect</a>
<form id="form" action="${there}/asked"><input name="q" value="1"><button>ask</button></form>
<form id="post" method="post" action="${there}/posted"><input name="q" value="1"><button>post</button></form>
<script>
  window.heard = [];
  onmessage = ({ data, source }) => {
    const frame = document.querySelector('iframe');
    heard.push([data, source === frame?.contentWindow, source === opener]);
    if (data === 'ping') source.postMessage('pong', '*');
  };
  function embed() {
    const frame = document.createElement('iframe');
    frame.src = '${there}/framed';
    document.body.append(frame);
  }
</script>`;
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
