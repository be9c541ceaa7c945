import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';

/** An app with a bit of everything, for browsers that have no tunnel. */
export interface PlainApp {
  port: number;
  /** Targets of requests and upgrades that came through the ingress. */
  plain: string[];
  /** Targets of those that did not. */
  other: string[];
  close(): Promise<void>;
}

const page = (title: string, body: string): string =>
  `<!doctype html><html><head><title>${title}</title></head><body>${body}</body></html>`;

const PAGES: Record<string, string> = {
  '/': page('Plain', '<h1>start page</h1><a id="next" href="/next">next</a>'),
  '/next': page('Next', '<h1>next page</h1><form method="post" action="/post"><button>go'),
};

const routes: Record<string, (request: IncomingMessage, response: ServerResponse) => void> = {
  '/echo': (request, response) => void request.pipe(response),
  '/post': (request, response) => html(response, page('Post', `<h1>${request.method ?? ''} done`)),
  '/moved': (_, response) => void response.writeHead(302, { location: '/seen' }).end(),
  '/login': (_, response) => {
    response.setHeader('set-cookie', ['sid=secret; HttpOnly; Path=/', 'csrf=token; Path=/']);
    response.end();
  },
  '/seen': (request, response) => response.end(request.headers.cookie ?? ''),
  '/events': (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: one\n\n');
    response.write('event: named\ndata: two\n\n');
  },
};

export async function startPlainApp(): Promise<PlainApp> {
  const [plain, other]: [string[], string[]] = [[], []];
  const note = ({ headers, url }: IncomingMessage): void => {
    (headers['x-forwarded-for'] === undefined ? other : plain).push(url ?? '/');
  };
  const server = createServer((request, response) => {
    note(request);
    const target = request.url ?? '/';
    const text = PAGES[target];
    if (text !== undefined) return html(response, text);
    const route = routes[target];
    if (route === undefined) return void response.writeHead(404).end();
    route(request, response);
  });
  const sockets = new WebSocketServer({ server, path: '/socket' });
  sockets.on('connection', (socket, request) => {
    note(request);
    socket.on('message', (data, binary) => socket.send(data, { binary }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { port, plain, other, close: () => stop(server, sockets) };
}

function html(response: ServerResponse, body: string): void {
  response.setHeader('content-type', 'text/html; charset=utf-8');
  response.end(body);
}

function stop(server: Server, sockets: WebSocketServer): Promise<void> {
  for (const client of sockets.clients) client.terminate();
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** What a page finds out about its server; it runs in the page. */
export async function probePlainWeb(): Promise<Record<string, unknown>> {
  const text = async (path: string, init?: RequestInit): Promise<string> =>
    (await fetch(path, init)).text();
  const heard = (): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const events = new EventSource('/events');
      const seen: unknown[] = [];
      events.onmessage = ({ data }) => seen.push(data);
      events.onerror = () => reject(new Error('no events'));
      events.addEventListener('named', ({ data }: MessageEvent<unknown>) => {
        events.close();
        resolve([...seen, data]);
      });
    });
  const talked = (): Promise<unknown> =>
    new Promise((resolve) => {
      const socket = new WebSocket('/socket', ['first', 'second']);
      const seen: unknown[] = [];
      socket.onopen = () => socket.send('hello');
      socket.onmessage = ({ data }) => {
        seen.push(socket.protocol, data);
        socket.close(4001, 'enough');
      };
      socket.onclose = ({ code, reason, wasClean }) => resolve([...seen, code, reason, wasClean]);
    });
  const worked = (): Promise<unknown> =>
    new Promise((resolve) => {
      const script = `fetch('${location.origin}/echo', { method: 'PUT', body: 'worker' })
        .then((answer) => answer.text()).then(postMessage, () => postMessage('failed'))`;
      const worker = new Worker(URL.createObjectURL(new Blob([script])));
      worker.onmessage = ({ data }) => resolve(data);
    });
  await fetch('/login', { method: 'POST' });
  return {
    echo: await text('/echo', { method: 'PUT', body: 'grüß' }),
    redirect: [(await fetch('/moved')).redirected, await text('/moved')],
    visible: document.cookie,
    cookies: (await text('/seen')).split('; ').sort(),
    events: await heard(),
    socket: await talked(),
    worker: await worked(),
  };
}
