import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from '@jest/globals';
import {
  headersToRaw,
  newLinkId,
  openWebSocket,
  PAGE_PATH_HEADER,
  request,
  VIEWER_COOKIE,
  type Header,
} from '@wingman/protocol';
import { WebSocketServer } from 'ws';
import type { Via } from '../src/local/local-ports.js';
import { cleanups } from './support/cleanups.js';
import {
  openTunnel,
  requestHead,
  textOf,
  webSocketOpen,
  type TestTunnel,
} from './support/tunnel.js';

const SECRET = 'never-on-the-wire-0123456789';
/** An app that hands its secret out wherever a header can be, and says whether it came back. */
async function startApp(): Promise<number> {
  const cookies = [`sid=${SECRET}; HttpOnly`, 'visible=1', `old=${SECRET}; httponly; Path=/old`];
  const server = createServer((incoming, response) => {
    response.writeEarlyHints({ link: '</a>; rel=preload', 'set-cookie': cookies.join('') });
    response.writeHead(200, { 'Set-Cookie': cookies, trailer: 'set-cookie' });
    response.write(incoming.headers.cookie?.includes(SECRET) === true ? 'known' : 'unknown');
    response.addTrailers([['Set-Cookie', `late=${SECRET}; HttpOnly`]]);
    response.end();
  });
  const sockets = new WebSocketServer({ noServer: true });
  sockets.on('headers', (headers) => headers.push(`Set-Cookie: ws=${SECRET}; HttpOnly`));
  server.on('upgrade', (incoming, socket, head) => {
    if (incoming.url === '/no') {
      const refusal = `HTTP/1.1 403 No\r\nset-cookie: no=${SECRET}; HttpOnly\r\nconnection: close`;
      return void socket.end(`${refusal}\r\n\r\n`);
    }
    sockets.handleUpgrade(incoming, socket, head, (opened) => {
      const names = (incoming.headers.cookie ?? '').split('; ').map((pair) => pair.split('=')[0]);
      opened.send(names.join());
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => {
    for (const client of sockets.clients) client.terminate();
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

function join(
  port: number,
  via: Via = 'viewer',
  app?: TestTunnel['app'],
  viewer?: string,
): TestTunnel {
  const tunnel = openTunnel(port, via, app, viewer);
  cleanups.push(() => tunnel.close());
  return tunnel;
}

/** As a page's fetch with credentials arrives. */
const credentialed = requestHead({ headers: [PAGE_PATH_HEADER, '/'] });

const cookieNames = (headers: Header[]): string[] =>
  headers.filter(({ name }) => name === 'set-cookie').map(({ value }) => value.split('=')[0] ?? '');

test('no frame that leaves the host has an HttpOnly value, whatever it is in', async () => {
  const port = await startApp();
  const tunnel = join(port);
  const cookie = ['cookie', 'visible=1', PAGE_PATH_HEADER, '/'];
  const first = await request(tunnel.mux, requestHead({ headers: cookie }));
  expect(await textOf(first.body)).toBe('unknown');
  expect(cookieNames(first.head.headers)).toEqual(['visible']);
  expect(headersToRaw(await first.trailers)).not.toContain('set-cookie');
  const second = await request(tunnel.mux, requestHead({ headers: cookie }));
  expect(await textOf(second.body)).toBe('known');

  const socket = openWebSocket(tunnel.mux, webSocketOpen({ headers: cookie }));
  expect(await socket.receive()).toBe('sid,visible');
  const again = openWebSocket(tunnel.mux, webSocketOpen({ headers: cookie }));
  expect(await again.receive()).toBe('sid,ws,visible');
  const refused = openWebSocket(tunnel.mux, webSocketOpen({ target: '/no', headers: cookie }));
  await expect(refused.accepted).rejects.toMatchObject({ head: { status: 403 } });

  const stranger = await request(join(port, 'viewer', tunnel.app).mux, credentialed);
  expect(await textOf(stranger.body)).toBe('unknown');
  const omitted = await request(tunnel.mux, requestHead({}));
  expect(await textOf(omitted.body)).toBe('unknown');
  const wire = Buffer.concat(tunnel.sent);
  expect(wire.includes('visible=1')).toBe(true);
  expect(wire.includes(SECRET)).toBe(false);
});

test('a browser’s other links have its cookies, through the ingress too; those of others have not', async () => {
  const port = await startApp();
  const id = newLinkId();
  const tunnel = join(port, 'viewer', undefined, id);
  await textOf((await request(tunnel.mux, credentialed)).body);
  const tab = join(port, 'viewer', tunnel.app, id);
  expect(await textOf((await request(tab.mux, credentialed)).body)).toBe('known');
  const stranger = join(port, 'viewer', tunnel.app);
  // Whatever its scripts say.
  const forged = requestHead({
    headers: ['cookie', `${VIEWER_COOKIE}=${id}`, PAGE_PATH_HEADER, '/'],
  });
  expect(await textOf((await request(stranger.mux, forged)).body)).toBe('unknown');
  const outside = join(port, 'ingress', tunnel.app);
  const headers = ['cookie', `${VIEWER_COOKIE}=${id}; visible=1`];
  const socket = openWebSocket(outside.mux, webSocketOpen({ headers }));
  expect(await socket.receive()).toBe('sid,visible');
});
