import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';

/** An app with a login, as frameworks make it: an HttpOnly session, and a CSRF token that scripts read. */
export interface CookieApp {
  port: number;
  /** Values of session cookies handed out so far. */
  sessions: string[];
  close(): Promise<void>;
}

type Cookies = Readonly<Record<string, string>>;
type Answer = (request: IncomingMessage, response: ServerResponse, cookies: Cookies) => void;

const page = (text: string): string =>
  `<!doctype html><html><head><title>Cookies</title></head><body>${text}</body></html>`;

const LOGIN = page('<h1>log in</h1><form method="post" action="/login"><button>go</button></form>');

function cookiesOf(request: IncomingMessage): Cookies {
  const pairs = (request.headers.cookie ?? '').split('; ').filter((part) => part !== '');
  return Object.fromEntries(
    pairs.map((pair) => [
      pair.slice(0, pair.indexOf('=')),
      decodeURIComponent(pair.slice(pair.indexOf('=') + 1)),
    ]),
  );
}

function routesFor(sessions: string[]): Record<string, Answer> {
  const isIn = (cookies: Cookies): boolean => sessions.includes(cookies['sid'] ?? '');
  const html = (response: ServerResponse, body: string): void => {
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end(body);
  };
  return {
    'GET /': (_, response) => html(response, LOGIN),
    'POST /login': (_, response) => {
      const sid = randomBytes(16).toString('hex');
      sessions.push(sid);
      response.setHeader('set-cookie', [
        `sid=${sid}; HttpOnly; Path=/; SameSite=Lax; Domain=localhost`,
        `csrf=${randomBytes(8).toString('hex')}; Path=/`,
      ]);
      response.writeHead(303, { location: '/private' }).end();
    },
    'GET /private': (_, response, cookies) => {
      if (!isIn(cookies)) return void response.writeHead(302, { location: '/' }).end();
      html(response, page('<h1>members only</h1>'));
    },
    'POST /transfer': (request, response, cookies) => {
      const isMeant = isIn(cookies) && request.headers['x-csrf'] === cookies['csrf'];
      response.writeHead(isMeant ? 200 : 403).end(isMeant ? 'done' : 'refused');
    },
    'POST /refresh': (_, response, cookies) => {
      const sid = randomBytes(16).toString('hex');
      if (isIn(cookies)) sessions.splice(sessions.indexOf(cookies['sid'] ?? ''), 1, sid);
      response.setHeader('set-cookie', `sid=${sid}; HttpOnly; Path=/`);
      response.end('fresh');
    },
    'POST /logout': (_, response) => {
      response.setHeader('set-cookie', ['sid=; Path=/; Max-Age=0', 'csrf=; Path=/; Max-Age=0']);
      response.end('bye');
    },
    'POST /clear': (_, response) => {
      response.setHeader('clear-site-data', '"cookies"');
      response.end('cleared');
    },
    'GET /many': (_, response) => {
      response.setHeader('set-cookie', [
        'one=1; Path=/',
        'two=zw%C3%B6lf; Path=/; Expires=Wed, 01 Jan 2070 00:00:00 GMT',
        'three=3; Path=/area',
        'four=4; HttpOnly; Path=/area',
        '__Host-five=5; Secure; Path=/; SameSite=Strict',
      ]);
      response.end();
    },
  };
}

/** Starts it; any other path, and each WebSocket, answers with the cookies it was sent. */
export async function startCookieApp(): Promise<CookieApp> {
  const sessions: string[] = [];
  const routes = routesFor(sessions);
  const server = createServer((request, response) => {
    const cookies = cookiesOf(request);
    const path = (request.url ?? '/').replace(/\?.*/, '');
    const answer = routes[`${request.method ?? 'GET'} ${path}`];
    if (answer !== undefined) return answer(request, response, cookies);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(cookies));
  });
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket, request) => socket.send(JSON.stringify(cookiesOf(request))));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    sessions,
    close: () =>
      new Promise((resolve) => {
        for (const client of sockets.clients) client.terminate();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
