import type { IncomingMessage } from 'node:http';
import { describe, expect, test } from '@jest/globals';
import {
  concatBytes,
  encodeMessage,
  headerValue,
  openWebSocket,
  PORTS_TARGET,
  request,
  RequestHead,
  WebSocketRejected,
} from '@wingman/protocol';
import { WebSocketServer } from 'ws';
import { LocalApp } from '../src/exchange/local-app.js';
import type { Via } from '../src/local/local-ports.js';
import { cleanups } from './support/cleanups.js';
import { listen, type TestServer } from './support/servers.js';
import {
  openTunnel,
  requestHead,
  SESSION_ORIGIN,
  textOf,
  webSocketOpen,
  type TestTunnel,
} from './support/tunnel.js';

interface Machine {
  readonly shared: TestServer;
  readonly also: TestServer;
  /** Runs, and nobody has allowed it. */
  readonly secret: TestServer;
  /** What the three were asked. */
  readonly seen: { name: string; request: IncomingMessage }[];
  readonly tunnel: TestTunnel;
}

async function machine(via: Via = 'viewer'): Promise<Machine> {
  const seen: Machine['seen'] = [];
  const serve = async (name: string): Promise<TestServer> => {
    const server = await listen((incoming, response) => {
      seen.push({ name, request: incoming });
      const redirect = /\?to=(.*)$/.exec(incoming.url ?? '')?.[1];
      if (redirect === undefined) return void response.end(name);
      response.writeHead(302, { location: decodeURIComponent(redirect) }).end();
    });
    const sockets = new WebSocketServer({ server: server.server });
    sockets.on('connection', (socket, incoming) => {
      seen.push({ name, request: incoming });
      socket.send(name);
    });
    cleanups.push(() => server.close());
    return server;
  };
  const [shared, also, secret] = await Promise.all(['shared', 'also', 'secret'].map(serve));
  if (shared === undefined || also === undefined || secret === undefined) throw new Error();
  const app = new LocalApp(shared.port, () => SESSION_ORIGIN, { alsoPorts: [also.port] });
  const tunnel = openTunnel(shared.port, via, app);
  cleanups.push(() => tunnel.close());
  return { shared, also, secret, seen, tunnel };
}

async function ask(
  { tunnel }: Machine,
  fields: Parameters<typeof requestHead>[0],
): Promise<{ status: number; text: string; error: string | undefined; location?: string }> {
  const { head, body } = await request(tunnel.mux, requestHead(fields));
  const location = headerValue(head.headers, 'location');
  return {
    status: head.status,
    text: await textOf(body),
    error: headerValue(head.headers, 'wingman-error'),
    ...(location === undefined ? {} : { location }),
  };
}

describe('the ports a viewer may name', () => {
  test('the shared one, by number or none, and those of --also', async () => {
    const local = await machine();
    for (const [port, name] of [
      [0, 'shared'],
      [local.shared.port, 'shared'],
      [local.also.port, 'also'],
    ] as const) {
      expect(await ask(local, { port })).toMatchObject({ status: 200, text: name });
      const socket = openWebSocket(local.tunnel.mux, webSocketOpen({ port }));
      expect(await socket.receive()).toBe(name);
      socket.close(1000);
    }
  });

  test('the host says which they are', async () => {
    const local = await machine();
    const { text } = await ask(local, { target: PORTS_TARGET });
    expect(JSON.parse(text)).toEqual({ port: local.shared.port, also: [local.also.port] });
    expect(local.seen).toEqual([]);
  });

  test('no other one, and the answer names the option', async () => {
    const local = await machine();
    const { secret } = local;
    const numbers = [secret.port, secret.port + 65_536, local.also.port + 65_536, 22, 4294967295];
    for (const port of numbers) {
      const answer = await ask(local, { port });
      expect(answer).toMatchObject({ status: 403, error: 'PORT_NOT_ALLOWED' });
      expect(answer.text).toContain(`--also ${port}`);
      const socket = openWebSocket(local.tunnel.mux, webSocketOpen({ port }));
      const refusal: unknown = await socket.accepted.catch((error: unknown) => error);
      if (!(refusal instanceof WebSocketRejected)) throw new Error('was not refused');
      expect(headerValue(refusal.head.headers, 'wingman-error')).toBe('PORT_NOT_ALLOWED');
    }
    expect(local.seen).toEqual([]);
  });

  test('none at the ingress, whose client need not have the key', async () => {
    const local = await machine('ingress');
    for (const port of [local.also.port, local.shared.port]) {
      expect(await ask(local, { port })).toMatchObject({ error: 'PORT_NOT_ALLOWED' });
    }
    expect(await ask(local, { target: PORTS_TARGET })).toMatchObject({ status: 404 });
    expect(local.seen).toEqual([]);
  });

  test('a port that is no number is none: the shared one answers', async () => {
    const local = await machine();
    // Field 7 as a string, which the schema has as a number.
    const text = Buffer.from(`${local.secret.port}@evil`);
    const field = concatBytes([Uint8Array.of((7 << 3) | 2, text.byteLength), text]);
    const head = concatBytes([encodeMessage(RequestHead, requestHead({})), field]);
    const stream = local.tunnel.mux.open(concatBytes([Uint8Array.of(0), head]));
    stream.end();
    for (let part = await stream.read(); part !== undefined; part = await stream.read()) continue;
    expect(local.seen.map(({ name }) => name)).toEqual(['shared']);
  });
});

describe('nothing else is reached', () => {
  test('by the target', async () => {
    const local = await machine();
    const { port } = local.secret;
    const targets = [
      `http://localhost:${port}/`,
      `@localhost:${port}/`,
      `:${port}/`,
      `localhost:${port}`,
      `\\\\localhost:${port}/`,
    ];
    for (const target of targets) {
      for (const named of [0, local.also.port]) {
        expect(await ask(local, { target, port: named })).toMatchObject({ error: 'BAD_REQUEST' });
      }
    }
    for (const target of [
      `//localhost:${port}/`,
      `/@localhost:${port}/`,
      `/../..:${port}/`,
      `/\\localhost:${port}`,
    ]) {
      expect(await ask(local, { target })).toMatchObject({ text: 'shared' });
    }
    expect(local.seen.map(({ name }) => name)).not.toContain('secret');
  });

  test('by a header field', async () => {
    const local = await machine();
    const elsewhere = `localhost:${local.secret.port}`;
    const headers = ['host', 'x-forwarded-host', 'x-forwarded-port', 'forwarded', 'x-original-url'];
    const fields = headers.flatMap((name) => [name, elsewhere]);
    expect(await ask(local, { headers: fields })).toMatchObject({ text: 'shared' });
    expect(await ask(local, { headers: fields, port: local.also.port })).toMatchObject({
      text: 'also',
    });
    expect(local.seen.map(({ request: { headers } }) => headers.host)).toEqual([
      `localhost:${local.shared.port}`,
      `localhost:${local.also.port}`,
    ]);
    const pseudo = { headers: [':authority', elsewhere] };
    expect(await ask(local, pseudo)).toMatchObject({ error: 'BAD_REQUEST' });
    expect(await ask(local, { method: 'CONNECT' })).toMatchObject({ error: 'BAD_REQUEST' });
  });

  test('by a redirect, which the host passes on and never follows', async () => {
    const local = await machine();
    const there = `http://localhost:${local.secret.port}/`;
    for (const port of [0, local.also.port]) {
      const answer = await ask(local, { port, target: `/?to=${encodeURIComponent(there)}` });
      expect(answer).toMatchObject({ status: 302, location: there });
    }
    expect(local.seen.map(({ name }) => name)).toEqual(['shared', 'also']);
  });
});

describe('what another port sees', () => {
  test('the names that a page may have used, the app’s own origin, and the same site', async () => {
    const local = await machine();
    const { port } = local.also;
    const origin = ['origin', SESSION_ORIGIN, 'referer', `${SESSION_ORIGIN}/`];
    for (const host of [`localhost:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`]) {
      await ask(local, { port, mode: 'cors', headers: ['host', host, ...origin] });
      const headers = local.seen.at(-1)?.request.headers;
      expect(headers).toMatchObject({
        host,
        origin: `http://localhost:${local.shared.port}`,
        referer: `http://localhost:${local.shared.port}/`,
        'sec-fetch-site': host.startsWith('localhost') ? 'same-site' : 'cross-site',
      });
    }
    const socket = openWebSocket(local.tunnel.mux, webSocketOpen({ port, headers: origin }));
    await socket.receive();
    expect(local.seen.at(-1)?.request.headers).toMatchObject({
      host: `localhost:${port}`,
      origin: `http://localhost:${local.shared.port}`,
    });
    socket.close(1000);
  });

  test('its redirects to the shared port stay what they are', async () => {
    const local = await machine();
    const location = `http://localhost:${local.shared.port}/x`;
    const target = `/?to=${encodeURIComponent(location)}`;
    expect(await ask(local, { port: local.also.port, target })).toMatchObject({ location });
    expect(await ask(local, { target })).toMatchObject({ location: '/x' });
  });
});

describe('the bare address', () => {
  const BARE = 'http://127.0.0.1:8787';

  async function asked(headers: string[]): Promise<IncomingMessage['headers'] & { to: unknown }> {
    const seen: IncomingMessage[] = [];
    const server = await listen((incoming, response) => {
      seen.push(incoming);
      response.writeHead(302, { location: `http://localhost:${server.port}/x` }).end();
    });
    const app = new LocalApp(server.port, () => SESSION_ORIGIN, { bareOrigins: [BARE] });
    const tunnel = openTunnel(server.port, 'ingress', app);
    cleanups.push(
      () => server.close(),
      () => tunnel.close(),
    );
    const { head } = await request(tunnel.mux, requestHead({ headers }));
    const to = headerValue(head.headers, 'location');
    const port = String(server.port);
    const plain = JSON.stringify({ ...seen[0]?.headers, to }).replaceAll(port, 'PORT');
    return JSON.parse(plain) as IncomingMessage['headers'] & { to: unknown };
  }

  test('is an origin of the session’s own, and redirects stay on it', async () => {
    const forwarded = ['x-forwarded-proto', 'http', 'x-forwarded-host', '127.0.0.1:8787'];
    const headers = ['origin', BARE, 'referer', `${BARE}/page`, ...forwarded];
    expect(await asked(headers)).toMatchObject({
      origin: 'http://localhost:PORT',
      referer: 'http://localhost:PORT/page',
      to: `${BARE}/x`,
    });
  });

  test('another address is foreign', async () => {
    for (const origin of ['http://127.0.0.1:9999', 'http://127.0.0.1', 'http://127.0.0.1:878']) {
      const host = new URL(origin).host;
      const forwarded = ['x-forwarded-proto', 'http', 'x-forwarded-host', host];
      expect(await asked(['origin', origin, ...forwarded])).toMatchObject({
        origin,
        to: `${SESSION_ORIGIN}/x`,
      });
    }
  });
});
