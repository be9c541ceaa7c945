import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
} from 'node:http';
import { listen, stop } from './listening.js';

/** An app on one port that leads to pages of another port, and the other port, which leads back. */
export interface TwoPortApp {
  readonly port: number;
  readonly other: number;
  /** The target and the header fields of each request. */
  readonly seen: { target: string; headers: IncomingHttpHeaders }[];
  close(): Promise<void>;
}

/** The field that says a request has come through the tunnel and not from the browser itself. */
const isTunnelled = ({ headers }: IncomingMessage): boolean =>
  headers['sec-fetch-site'] !== undefined;

export async function startTwoPortApp(): Promise<TwoPortApp> {
  const seen: TwoPortApp['seen'] = [];
  const [main, other] = [createServer(), createServer()];
  const [port, otherPort] = (await Promise.all([main, other].map(listen))) as [number, number];
  const serve = (server: Server, name: string, opposite: number): void => {
    server.on('request', (request, response) => {
      const url = new URL(request.url ?? '/', 'http://localhost');
      seen.push({ target: url.pathname + url.search, headers: request.headers });
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

/** What a page shows of the request for it. */
export interface Facts {
  cookie: string;
  host: string;
  origin: string;
  referer: string;
  isTunnelled: boolean;
}

/** What the scripts of a page have put on its window. */
export interface AppWindow {
  /** Messages: what was said, from which origin, and by whom. */
  heard: [data: unknown, origin: string, source: string][];
  go(path: string): void;
  openTab(path: string): void;
  embed(path: string): void;
}

function page(name: string, request: IncomingMessage, opposite: number): string {
  const { cookie = '', host = '', origin = '', referer = '' } = request.headers;
  const there = `http://localhost:${opposite}`;
  const facts: Facts = { cookie, host, origin, referer, isTunnelled: isTunnelled(request) };
  // The script first: whoever sees the text may call it.
  return `<!doctype html><title>${name}</title><script>
  const there = '${there}';
  const heard = [];
  let tab, frame;
  onmessage = ({ data, origin, source }) => {
    const known = { tab, opener, frame: frame?.contentWindow };
    const [by] = Object.entries(known).find(([, one]) => one && one === source) ?? ['somebody'];
    heard.push([data, origin, by]);
    if (data === 'ping') source.postMessage('pong', '*');
  };
  const go = (path) => { location.href = there + path; };
  const openTab = (path) => { tab = open(there + path); };
  const embed = (path) => {
    frame = document.createElement('iframe');
    frame.src = there + path;
    document.body.append(frame);
  };
  Object.assign(window, { heard, go, openTab, embed });
</script>
<h1>${name}${request.url ?? ''}</h1>
<pre>${JSON.stringify(facts)}</pre>
<a id="link" href="${there}/linked?a=1#part">link</a>
<a id="redirect" href="/to-other">redirect</a>
<form id="form" action="${there}/asked"><input name="q" value="1"><button>ask</button></form>
<form id="post" method="post" action="${there}/posted"><button>post</button></form>`;
}
