import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { listen, stop } from './listening.js';

/** An app whose documents do what documents do, and an identity provider that refuses to be framed. */
export interface DocumentApp {
  port: number;
  /** The provider's origin, another site than the app's. */
  provider: string;
  /** Method, target and body of each request of the app that is no page view by GET. */
  posts: string[];
  /** The Origin of each of them. */
  origins: string[];
  /** How often each path was asked for. */
  views: Map<string, number>;
  close(): Promise<void>;
}

type Handler = (request: IncomingMessage, response: ServerResponse, url: URL) => void;

const page = (body: string, head = ''): string =>
  `<!doctype html><html><head><meta charset="utf-8">${head}</head><body>${body}</body></html>`;

function html(response: ServerResponse, body: string, headers: Record<string, string> = {}): void {
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', ...headers });
  response.end(body);
}

/** Pages write down what they see. */
const WRITE = `const write = (text) =>
  document.querySelector('ul').append(Object.assign(document.createElement('li'), { textContent: text }));`;

/** A change of isolation changes the tab's process, which puppeteer can't follow in Firefox: pages report themselves. */
const TELL_ISOLATION = `(async () => {
  const isolated = crossOriginIsolated;
  const shared = isolated && (await new Promise((resolve) => {
    const numbers = new Int32Array(new SharedArrayBuffer(4));
    const worker = new Worker('/adder.js');
    worker.onmessage = ({ data }) => resolve([numbers[0], data]);
    worker.postMessage(numbers);
  }));
  const path = new URLSearchParams(location.search).get('path') ?? 'p2p';
  let status;
  while ((status = await top.wingman.status()).mode !== path) await new Promise((done) => setTimeout(done, 50));
  const { mode, bytes } = status;
  const hadDirect = bytes.p2p.in > 0;
  const here = location.pathname + location.search;
  const shown = top.location.pathname + top.location.search;
  await fetch('/submit', { method: 'POST', body: JSON.stringify({ here, shown, isolated, shared, mode, hadDirect }) });
  const next = location.hash.slice(1);
  if (next !== '') location.assign(next);
})()`;

const HASHED_SCRIPT = "document.documentElement.dataset.hashed = ''";

const ICON = `data:image/svg+xml,${encodeURIComponent('<svg xmlns="http://www.w3.org/2000/svg"/>')}`;

function routesFor(
  provider: () => string,
  posts: string[],
  origins: string[],
): Record<string, Handler> {
  return {
    '/': (_, response) =>
      html(
        response,
        page(
          `<h1>start page</h1><a id="next" href="/next">next</a> <a id="login" href="/login">log in</a>
           <a id="away" href="${provider()}/authorize">provider</a>
           <a id="file" href="/file">file</a>
           <form id="inner" method="post" action="/submit"><input name="a" value="in frame"></form>
           <form id="blank" method="post" action="/submit" target="_blank"><input name="a" value="in a new tab"></form>
           <form id="top" method="post" action="/submit" target="_top"><input name="a" value="on top"></form>
           <form id="leading" method="post" action="/leading" target="_top"><input name="a" value="leading"></form>
           <form id="upload" method="post" action="/upload" target="_top" enctype="multipart/form-data"><input type="file" name="f"></form>`,
          `<title>Start</title><meta name="theme-color" content="#123456"><link rel="icon" href="${ICON}">`,
        ),
      ),
    '/next': (_, response) => html(response, page('<h1>next page</h1>', '<title>Next</title>')),
    '/login': (request, response) => {
      const back = String(request.headers['x-forwarded-host'] ?? '');
      response.writeHead(302, { location: `${provider()}/authorize?back=${back}` }).end();
    },
    '/callback': (_, response, url) =>
      html(response, page(`<h1>signed in with ${url.searchParams.get('code')}</h1>`)),
    '/submit': (request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (text: string) => (body += text));
      request.on('end', () => {
        posts.push(`${request.method} ${body}`);
        origins.push(request.headers.origin ?? '');
        html(response, page(`<h1>received ${request.method} ${decodeURIComponent(body)}</h1>`));
      });
    },
    '/leading': (request, response) => {
      request.setEncoding('utf8').on('data', (text: string) => posts.push(`POST ${text}`));
      request.on('end', () => response.writeHead(303, { location: '/next' }).end());
    },
    '/upload': (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        posts.push('POST');
        const body = Buffer.concat(chunks);
        const start = body.indexOf('\r\n\r\n') + 4;
        const length = body.lastIndexOf('\r\n--') - start;
        html(response, page(`<h1>received a file of ${length} bytes</h1>`));
      });
    },
    '/file': (_, response) => {
      const name = 'attachment; filename="report.txt"';
      response.writeHead(200, { 'content-type': 'text/plain', 'content-disposition': name });
      response.end('the report');
    },
    '/strict': (_, response, url) =>
      html(
        response,
        page(
          `<script nonce="own">document.documentElement.dataset.nonced = ''</script>
           <script src="/mark.js"></script><script>${HASHED_SCRIPT}</script><h1>strict page</h1>`,
        ),
        { 'content-security-policy': url.searchParams.get('policy') ?? '' },
      ),
    '/mark.js': (_, response) => {
      response.writeHead(200, { 'content-type': 'text/javascript' });
      response.end("document.documentElement.dataset.external = ''");
    },
    '/unframeable': (_, response) =>
      html(response, page('<h1>top level only</h1>'), {
        'content-security-policy': "frame-ancestors 'none'",
      }),
    '/denied': (_, response) =>
      html(response, page('<h1>denied page</h1>'), { 'x-frame-options': 'DENY' }),
    '/buster': (_, response) =>
      html(
        response,
        page(
          '<h1>frame buster</h1><script>if (top !== self) top.location.href = self.location.href</script>',
        ),
      ),
    '/isolated': (_, response, url) =>
      html(response, page(`<h1>isolated page</h1><script>${TELL_ISOLATION}</script>`), {
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-embedder-policy': url.searchParams.get('embedder') ?? 'require-corp',
      }),
    '/plain': (_, response) =>
      html(response, page(`<h1>plain page</h1><script>${TELL_ISOLATION}</script>`)),
    '/adder.js': (_, response) => {
      response.writeHead(200, {
        'content-type': 'text/javascript',
        'cross-origin-embedder-policy': 'require-corp',
      });
      response.end(
        'onmessage = ({ data }) => { Atomics.add(data, 0, 42); postMessage(crossOriginIsolated); }',
      );
    },
    '/opener': (_, response, url) => {
      const isForeign = url.searchParams.has('provider');
      const target = isForeign ? `${provider()}/popup` : '/popup';
      html(
        response,
        page(`<h1>opener page</h1><ul></ul><button>open</button><script>${WRITE}
          const expected = ${isForeign ? JSON.stringify(provider()) : 'location.origin'};
          document.querySelector('button').onclick = () => {
            window.popup = open('${target}', 'popup', 'width=300,height=300');
          };
          function callOpener(path) { write('called by ' + path); }
          addEventListener('message', ({ data, origin, source }) => {
            if (origin !== expected) return write('foreign');
            write(data + ' from popup: ' + (source === popup));
            if (data === 'hello') popup.postMessage('hello back', location.origin);
          });
        </script>`),
      );
    },
    '/popup': (_, response) =>
      html(
        response,
        page(`<h1>popup page</h1><ul></ul><script>${WRITE}
          document.querySelector('h1').textContent += ' named ' + window.name;
          addEventListener('message', ({ data, source, target }) => {
            const isOpener = source === opener;
            write(data + ' from opener: ' + isOpener + ', to me: ' + (target === window));
            source.postMessage('thanks', location.origin);
          });
          opener.callOpener(location.pathname);
          opener.postMessage('hello', opener.location.origin);
        </script>`),
      ),
    '/answers': (_, response) =>
      html(
        response,
        page(`<h1>answering page</h1><script>
          addEventListener('message', ({ data, origin, source }) => {
            if (data === 'ping') source.postMessage('pong', origin);
          });
          opener?.postMessage('ready', '*');
        </script>`),
      ),
    '/inner-frame': (_, response) =>
      html(
        response,
        page(`<script>
          top.postMessage('to top, whose parent is mine: ' + (parent === parent.parent), '*');
        </script>`),
      ),
  };
}

export async function startDocumentApp(): Promise<DocumentApp> {
  const posts: string[] = [];
  const origins: string[] = [];
  const views = new Map<string, number>();
  const provider = createServer((request, response) => {
    const query = new URL(request.url ?? '/', 'http://x').searchParams;
    if (request.url?.startsWith('/embed?')) {
      const onload = "document.title = 'framed'";
      return html(response, page(`<iframe src="${query.get('url')}" onload="${onload}"></iframe>`));
    }
    if (request.url?.startsWith('/post?')) {
      const form = `<form method="post" action="${query.get('url')}"><input name="code" value="42"></form>`;
      return html(response, page(`${form}<script>document.forms[0].submit()</script>`));
    }
    if (request.url === '/popup') {
      const script = "opener.postMessage('code', '*'); close()";
      return html(response, page(`<script>${script}</script>`));
    }
    if (request.url?.startsWith('/opens?')) {
      return html(
        response,
        page(`<button>open</button><script>
          document.querySelector('button').onclick = () => {
            const app = open('${query.get('url')}');
            addEventListener('message', ({ data, source }) => {
              if (source !== app) document.title = 'from somebody else';
              else if (data === 'ready') app.postMessage('ping', '*');
              else document.title = data;
            });
          };
        </script>`),
      );
    }
    const back = query.get('back') ?? '';
    html(response, page(`<h1>identity provider</h1><a id="back" href="${back}">back</a>`), {
      'x-frame-options': 'DENY',
    });
  });
  const providerPort = await listen(provider);
  const origin = `http://localhost:${providerPort}`;
  const routes = routesFor(() => origin, posts, origins);
  const app = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    views.set(url.pathname, (views.get(url.pathname) ?? 0) + 1);
    const route = routes[url.pathname];
    if (route === undefined) return void response.writeHead(404).end('not here');
    route(request, response, url);
  });
  return {
    port: await listen(app),
    provider: origin,
    posts,
    origins,
    views,
    close: async () => {
      await Promise.all([app, provider].map(stop));
    },
  };
}
