import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { listen, stop } from './listening.js';

/** An app of a few pages, and another site that leads to it; what a test needs beyond is given to it. */
export interface PageApp {
  port: number;
  origin: string;
  /** Another site, whose every page is a link to what its query says. */
  elsewhere: string;
  /** Every request since a test has emptied it. */
  seen: Seen[];
  /** Targets of what came by plain HTTP through the tunnel server. */
  plain: string[];
  close(): Promise<void>;
}

/** A request as the app has seen it; the app's own origin is written ORIGIN. */
export interface Seen {
  target: string;
  referer: string;
  /** Sec-Fetch-Site. */
  site: string;
}

export type Route = (request: IncomingMessage, response: ServerResponse, url: URL) => void;

/** What makes a page long. */
export const LINES = Array.from(
  { length: 200 },
  (_, line) => `<p>line ${line} of a long page</p>`,
).join('');

/** A page with the given parts. */
export function page(body: string, head = ''): string {
  return `<!doctype html><html><head><meta charset="utf-8">${head}</head><body>${body}</body></html>`;
}

/** Sends a body with a type and other fields. */
export function send(
  response: ServerResponse,
  body: string | Buffer,
  headers: Record<string, string> = {},
): void {
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', ...headers }).end(body);
}

/** Has a frame answer its parent. */
export const ANSWERING = `<script>onmessage = ({ data, source }) => source.postMessage('heard ' + data, '*')</script>`;

/** Starts an app with these routes, by path; what is none of them is 404. */
export async function startPageApp(routes: Readonly<Record<string, Route>>): Promise<PageApp> {
  const seen: Seen[] = [];
  const plain: string[] = [];
  const app = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const { host = '', referer = '' } = request.headers;
    seen.push({
      target: url.pathname + url.search,
      referer: referer.replace(`http://${host}`, 'ORIGIN'),
      site: String(request.headers['sec-fetch-site']),
    });
    if (request.headers['x-forwarded-for'] !== undefined) plain.push(url.pathname);
    const route = routes[url.pathname];
    if (route === undefined) return void response.writeHead(404).end('not here');
    route(request, response, url);
  });
  const other = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? '/', 'http://x');
    send(response, page(`<a href="${searchParams.get('to')}">go</a>${ANSWERING}`));
  });
  const port = await listen(app);
  return {
    port,
    origin: `http://localhost:${port}`,
    elsewhere: `http://127.0.0.1:${await listen(other)}`,
    seen,
    plain,
    close: async () => {
      await Promise.all([app, other].map(stop));
    },
  };
}
