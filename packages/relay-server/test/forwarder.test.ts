import { createHash } from 'node:crypto';
import { once, setMaxListeners } from 'node:events';
import { createServer as createNetServer, type AddressInfo } from 'node:net';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from '@jest/globals';
import {
  headersToRaw,
  headerValue,
  request,
  type HttpResponse,
  type WingmanError,
} from '@wingman/protocol';
import { shimTag } from '@wingman/web-policy';
import { HOST_LIMITS } from '../src/limits.js';
import { LocalApp } from '../src/exchange/local-app.js';
import type { Via } from '../src/local/local-ports.js';
import { freePort, listen, trackSockets, type TestServer } from './support/servers.js';
import {
  openTunnel,
  requestHead,
  SESSION_ORIGIN,
  textOf,
  type TestTunnel,
} from './support/tunnel.js';
import { until } from './support/until.js';

const shimTagOf = (port: number): string => shimTag(undefined, false, port);
const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function tunnelTo(port: number, via: Via = 'viewer'): TestTunnel {
  const tunnel = openTunnel(port, via);
  cleanups.push(() => tunnel.close());
  return tunnel;
}

async function serve(
  handler: Parameters<typeof listen>[0],
  via: Via = 'viewer',
  address?: string,
): Promise<{ server: TestServer; tunnel: TestTunnel }> {
  const server = await listen(handler, address);
  cleanups.push(() => server.close());
  return { server, tunnel: tunnelTo(server.port, via) };
}

const header = (response: HttpResponse, name: string): string | undefined =>
  headerValue(response.head.headers, name);

async function* blocks(count: number, bytes: number): AsyncGenerator<Uint8Array> {
  for (let index = 0; index < count; index++)
    yield await Promise.resolve(Buffer.alloc(bytes, index));
}

describe('an exchange', () => {
  test('carries method, target, status, repeated headers and body', async () => {
    const { tunnel, server } = await serve((incoming, response) => {
      response.writeHead(418, 'Short And Stout', [
        ...['X-A', '1', 'X-A', '2', 'Set-Cookie', 'a=1', 'Set-Cookie', 'b=2', 'X-Latin', 'é'],
      ]);
      const seen = incoming.rawHeaders.filter(
        (_, index) => incoming.rawHeaders[index - 1] === 'x-b',
      );
      response.end(`${incoming.method} ${incoming.url} ${incoming.headers.host} ${seen.join('|')}`);
    });
    const head = requestHead({
      method: 'DELETE',
      target: '/a%20b?c=d&c=e',
      headers: ['x-b', '1', 'x-b', '2'],
    });
    const response = await request(tunnel.mux, head);
    expect(response.head.status).toBe(418);
    expect(response.head.statusText).toBe('Short And Stout');
    const raw = headersToRaw(response.head.headers);
    expect(raw.slice(0, 6)).toEqual(['x-a', '1', 'x-a', '2', 'x-latin', 'é']);
    expect(raw.slice(-4)).toEqual(['set-cookie', 'a=1; Path=/', 'set-cookie', 'b=2; Path=/']);
    expect(await textOf(response.body)).toBe(`DELETE /a%20b?c=d&c=e localhost:${server.port} 1|2`);
  });

  test('an error of ours while an answer is rewritten is a problem, and ends the request to the app', async () => {
    const server = await listen((_incoming, response) => void response.write('endless'));
    cleanups.push(() => server.close());
    let asked = 0;
    const app = new LocalApp(server.port, () => {
      asked += 1;
      // Once for the way to the app.
      if (asked > 1) throw new TypeError('broken');
      return SESSION_ORIGIN;
    });
    const tunnel = openTunnel(server.port, 'viewer', app);
    cleanups.push(() => tunnel.close());
    const response = await request(tunnel.mux, requestHead({}));
    expect(response.head.status).toBe(500);
    expect(header(response, 'wingman-error')).toBe('INTERNAL');
    expect(await textOf(response.body)).not.toContain('broken');
    await until(() => server.sockets.size === 0, 'the request to the app has ended');
  });

  test('a head too large for a link is a problem, one of hints is left out', async () => {
    const many = Array.from({ length: 4_500 }, (_, index) => [`x${index}`, 'v']).flat();
    const { tunnel } = await serve((incoming, response) => {
      if (incoming.url === '/hints') {
        const fields = many.map((text, index) => (index % 2 === 0 ? `${text}: ` : `${text}\r\n`));
        incoming.socket.write(`HTTP/1.1 103 Early Hints\r\n${fields.join('')}\r\n`);
        return void response.end('after the hints');
      }
      response.writeHead(200, many).end();
    });
    const tooLarge = await request(tunnel.mux, requestHead({}));
    expect(tooLarge.head.status).toBe(502);
    expect(header(tooLarge, 'wingman-error')).toBe('LIMIT_EXCEEDED');
    const hinted = await request(tunnel.mux, requestHead({ target: '/hints' }));
    expect(await textOf(hinted.body)).toBe('after the hints');
  });

  test('streams a response as it is written', async () => {
    let write: (text: string) => void = () => undefined;
    const { tunnel } = await serve((_incoming, response) => {
      response.setHeader('content-type', 'text/event-stream');
      response.flushHeaders();
      write = (text) => void response.write(text);
    });
    const response = await request(tunnel.mux, requestHead({}));
    const iterator = response.body[Symbol.asyncIterator]();
    for (const text of ['data: 1\n\n', 'data: 2\n\n']) {
      write(text);
      expect(Buffer.from((await iterator.next()).value as Uint8Array).toString()).toBe(text);
    }
    await iterator.return?.();
  });

  test('passes on 103 before the response and trailers after it', async () => {
    const { tunnel } = await serve((_incoming, response) => {
      response.writeEarlyHints({ link: '</a.css>; rel=preload' });
      response.writeHead(200, { trailer: 'x-sum' });
      response.write('body');
      response.addTrailers({ 'X-Sum': '42' });
      response.end();
    });
    const early: string[] = [];
    const response = await request(tunnel.mux, requestHead({}), {
      onInformational: (head) => early.push(`${head.status} ${head.headers[0]?.value}`),
    });
    expect(await textOf(response.body)).toBe('body');
    expect(early).toEqual(['103 </a.css>; rel=preload']);
    expect(headersToRaw(await response.trailers)).toEqual(['x-sum', '42']);
  });

  test.each([
    ['HEAD', 200],
    ['GET', 204],
    ['GET', 304],
  ])('%s %i has no body', async (method, status) => {
    const { tunnel } = await serve((_incoming, response) => {
      response.writeHead(status, { 'content-type': 'text/html', etag: '"1"' });
      response.end();
    });
    const head = requestHead({ method, destination: 'iframe', mode: 'navigate' });
    const response = await request(tunnel.mux, head);
    expect(response.head.status).toBe(status);
    expect(header(response, 'etag')).toBe('"1"');
    expect(await textOf(response.body)).toBe('');
  });

  test('reaches an app that listens on ::1 only', async () => {
    const { tunnel } = await serve((_incoming, response) => response.end('six'), 'viewer', '::1');
    for (let round = 0; round < 2; round++) {
      const response = await request(tunnel.mux, requestHead({}));
      expect(await textOf(response.body)).toBe('six');
    }
  });

  test('keeps connections alive and uses few', async () => {
    const { tunnel, server } = await serve((_incoming, response) => response.end('ok'));
    let connections = 0;
    server.server.on('connection', () => connections++);
    for (let round = 0; round < 5; round++) {
      await textOf((await request(tunnel.mux, requestHead({}))).body);
    }
    // The one may not be free yet when the next request comes.
    expect(connections).toBeLessThanOrEqual(2);
  });
});

describe('request bodies', () => {
  test('48 MiB go up in constant memory and arrive whole', async () => {
    const { tunnel } = await serve((incoming, response) => {
      const hash = createHash('sha256');
      incoming.on('data', (chunk: Buffer) => hash.update(chunk));
      incoming.on('end', () => response.end(hash.digest('hex')));
    });
    const hash = createHash('sha256');
    let peak = 0;
    async function* body(): AsyncGenerator<Uint8Array> {
      for await (const block of blocks(768, 64 * 1024)) {
        hash.update(block);
        peak = Math.max(peak, tunnel.hostLink.stats().heldBytes);
        yield block;
      }
    }
    const head = requestHead({ method: 'POST', hasBody: true });
    const response = await request(tunnel.mux, head, { body: body() });
    expect(await textOf(response.body)).toBe(hash.digest('hex'));
    expect(peak).toBeLessThan(8 * 1024 * 1024);
  });

  test('a slow app holds the sender back', async () => {
    const { tunnel } = await serve((incoming) => incoming.pause());
    let sent = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        sent += 64 * 1024;
        yield await Promise.resolve(Buffer.alloc(64 * 1024));
      }
    }
    const abort = new AbortController();
    const head = requestHead({ method: 'POST', hasBody: true });
    const answer = request(tunnel.mux, head, { body: endless(), signal: abort.signal });
    answer.catch(() => undefined);
    let before = -1;
    // Kernel buffers of a loopback socket take a few MiB.
    await until(() => {
      const stands = before === sent && sent > 0;
      before = sent;
      return stands;
    }, 'the sender stands still');
    expect(sent).toBeLessThan(24 * 1024 * 1024);
    abort.abort();
    await expect(answer).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  test('a known length is passed on', async () => {
    const { tunnel } = await serve((incoming, response) => {
      incoming.resume();
      response.end(
        `${incoming.headers['content-length']} ${incoming.headers['transfer-encoding']}`,
      );
    });
    const head = requestHead({ method: 'PUT', hasBody: true, headers: ['content-length', '300'] });
    const response = await request(tunnel.mux, head, { body: blocks(3, 100) });
    expect(await textOf(response.body)).toBe('300 undefined');
  });
});

describe('aborts', () => {
  test('a viewer that leaves in the middle leaves no socket to the app', async () => {
    const { tunnel, server } = await serve((_incoming, response) => {
      response.write('first');
    });
    const exchanges = Array.from({ length: 200 }, async () => {
      const abort = new AbortController();
      const response = await request(tunnel.mux, requestHead({}), { signal: abort.signal });
      await response.body[Symbol.asyncIterator]().next();
      abort.abort();
    });
    await Promise.all(exchanges);
    // Less than the idle time of kept connections: they are closed, not just forgotten.
    await until(() => server.sockets.size === 0, 'all sockets closed', 2_000);
    expect(tunnel.mux.streamCount).toBe(0);
  });

  test('a viewer that leaves before the head leaves no socket either', async () => {
    let arrived = 0;
    const { tunnel, server } = await serve(() => void arrived++);
    const abort = new AbortController();
    const answer = request(tunnel.mux, requestHead({}), { signal: abort.signal });
    await until(() => arrived === 1, 'the app has the request');
    abort.abort();
    await expect(answer).rejects.toMatchObject({ code: 'CANCELLED' });
    await until(() => server.sockets.size === 0, 'the socket is closed');
  });

  test('an app that dies within the body is no clean end', async () => {
    const { tunnel } = await serve((_incoming, response) => {
      response.write('half');
      setImmediate(() => response.destroy());
    });
    const response = await request(tunnel.mux, requestHead({}));
    await expect(textOf(response.body)).rejects.toMatchObject({ code: 'UPSTREAM_ABORTED' });
  });

  test('an app that says nothing and closes gets a readable 502', async () => {
    const { tunnel } = await serve((incoming) => incoming.socket.destroy());
    const response = await request(tunnel.mux, requestHead({}));
    expect(response.head.status).toBe(502);
    expect(header(response, 'wingman-error')).toBe('UPSTREAM_ABORTED');
  });

  test('requests that wait for a connection leave the line when they are cancelled', async () => {
    let arrived = 0;
    const { tunnel } = await serve((incoming, response) => {
      arrived++;
      if (incoming.url === '/last') response.end('served');
    });
    const abort = new AbortController();
    const { signal } = abort;
    setMaxListeners(0, signal);
    const stuck = Array.from({ length: HOST_LIMITS.localRequests / 2 + 40 }, () =>
      request(tunnel.mux, requestHead({}), { signal }).catch((error: WingmanError) => error.code),
    );
    await until(() => arrived === HOST_LIMITS.localRequests / 2, 'all connections are taken');
    abort.abort();
    expect(new Set(await Promise.all(stuck))).toEqual(new Set(['CANCELLED']));
    const response = await request(tunnel.mux, requestHead({ target: '/last' }));
    expect(await textOf(response.body)).toBe('served');
    expect(arrived).toBe(HOST_LIMITS.localRequests / 2 + 1);
  });

  test('a link that closes takes its requests along', async () => {
    let arrived = 0;
    const { tunnel, server } = await serve(() => void arrived++);
    const answer = request(tunnel.mux, requestHead({}));
    await until(() => arrived === 1, 'the app has the request');
    tunnel.hostLink.close('SESSION_ENDED');
    await expect(answer).rejects.toMatchObject({ code: 'SESSION_ENDED' });
    await until(() => server.sockets.size === 0, 'the socket is closed');
  });
});

describe('a port nobody listens on', () => {
  test('gives people a page', async () => {
    const tunnel = tunnelTo(await freePort());
    const response = await request(tunnel.mux, requestHead({ headers: ['accept', 'text/html'] }));
    expect(response.head.status).toBe(502);
    expect(header(response, 'wingman-error')).toBe('LOCAL_PORT_REFUSED');
    expect(header(response, 'content-type')).toContain('text/html');
    expect(await textOf(response.body)).toContain('Start the app');
  });

  test('gives programs JSON, also after an upload', async () => {
    const tunnel = tunnelTo(await freePort());
    const head = requestHead({ method: 'POST', hasBody: true });
    const response = await request(tunnel.mux, head, { body: blocks(100, 64 * 1024) });
    expect(JSON.parse(await textOf(response.body))).toMatchObject({
      error: { code: 'LOCAL_PORT_REFUSED', status: 502 },
    });
    await until(() => tunnel.mux.streamCount === 0, 'the stream ends');
  });
});

describe('tricks with addresses', () => {
  test.each([
    'http://127.0.0.1:1/',
    '@127.0.0.1:1/',
    '/\r\nhost: evil.example',
    '/ HTTP/1.1\r\nx: y',
  ])('%j is refused and never sent', async (target) => {
    let requests = 0;
    const { tunnel } = await serve((_incoming, response) => {
      requests++;
      response.end();
    });
    const response = await request(tunnel.mux, requestHead({ target }));
    expect(response.head.status).toBe(400);
    expect(requests).toBe(0);
  });

  test('two slashes are a path, and no host', async () => {
    const { tunnel } = await serve((incoming, response) => response.end(incoming.url));
    const response = await request(tunnel.mux, requestHead({ target: '//127.0.0.1:1/x' }));
    expect(await textOf(response.body)).toBe('//127.0.0.1:1/x');
  });

  test('no header chooses where to', async () => {
    const { tunnel, server } = await serve((incoming, response) => {
      response.end(JSON.stringify(incoming.headers.host));
    });
    const headers = [
      'host',
      'evil.example',
      'x-forwarded-host',
      'evil.example',
      'forwarded',
      'host=x',
    ];
    const response = await request(tunnel.mux, requestHead({ headers, target: '/http://evil/' }));
    expect(JSON.parse(await textOf(response.body))).toBe(`localhost:${server.port}`);
  });

  test('an app that switches protocols unasked gets nowhere', async () => {
    const server = createNetServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.write('HTTP/1.1 101 Switching\r\nupgrade: x\r\n\r\n'));
    });
    const sockets = trackSockets(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    cleanups.push(() => new Promise((resolve) => server.close(() => resolve())));
    const tunnel = tunnelTo((server.address() as AddressInfo).port);
    const response = await request(tunnel.mux, requestHead({}));
    expect(response.head.status).toBe(502);
    await until(() => sockets.size === 0, 'the socket is closed');
  });
});

describe('what viewers get', () => {
  const html = '<!doctype html><html><head><title>é</title></head></html>';
  const navigation = requestHead({ destination: 'iframe', mode: 'navigate' });
  const page = { 'content-type': 'text/html; charset=utf-8' };

  test.each([
    ['gzip', gzipSync(html)],
    ['br', brotliCompressSync(html)],
    ['deflate', deflateSync(html)],
    // Not what the name means, but browsers take it.
    ['deflate', deflateRawSync(html)],
    ['br, gzip', gzipSync(brotliCompressSync(html))],
  ])('%s is undone, and the shim inserted', async (encoding, bytes) => {
    const { server, tunnel } = await serve((incoming, response) => {
      expect(incoming.headers['accept-encoding']).toBe('identity');
      response.writeHead(200, {
        ...page,
        'content-encoding': encoding,
        'content-length': bytes.length,
      });
      response.end(bytes);
    });
    const response = await request(tunnel.mux, navigation);
    expect(header(response, 'content-encoding')).toBeUndefined();
    expect(header(response, 'content-length')).toBeUndefined();
    expect(await textOf(response.body)).toBe(
      html.replace('<head>', `<head>${shimTagOf(server.port)}`),
    );
  });

  test('a policy lets the shim through, by the nonce that its element has', async () => {
    const { tunnel } = await serve((_incoming, response) => {
      const policy = "script-src 'nonce-own' 'strict-dynamic'";
      response.writeHead(200, { 'content-type': 'text/html', 'content-security-policy': policy });
      response.end('<head></head>');
    });
    const response = await request(
      tunnel.mux,
      requestHead({ mode: 'navigate', destination: 'iframe' }),
    );
    const nonce = /nonce="([^"]+)"/.exec(await textOf(response.body))?.[1] ?? 'none';
    expect(header(response, 'content-security-policy')).toContain(`'nonce-${nonce}'`);
  });

  test('a policy that names the app by its address on localhost means the session too', async () => {
    const { tunnel } = await serve((incoming, response) => {
      const policy = `connect-src ws://${incoming.headers.host}`;
      response.writeHead(200, { 'content-security-policy': policy }).end();
    });
    const response = await request(tunnel.mux, requestHead({}));
    expect(header(response, 'content-security-policy')).toMatch(
      /^connect-src ws:\/\/localhost:\d+ wss?:\/\/\S+/,
    );
  });

  test.each([
    ['same-origin', 'require-corp', true],
    ['same-origin; report-to="x"', 'credentialless', true],
    ['same-origin-allow-popups', 'require-corp', false],
    ['same-origin', 'unsafe-none', false],
  ])(
    'the shim hears whether its page asks for isolation: %s, %s',
    async (opener, embedder, asks) => {
      const { tunnel } = await serve((_incoming, response) => {
        response.writeHead(200, {
          'content-type': 'text/html',
          'cross-origin-opener-policy': opener,
          'cross-origin-embedder-policy': embedder,
        });
        response.end('<head></head>');
      });
      const response = await request(
        tunnel.mux,
        requestHead({ mode: 'navigate', destination: 'iframe' }),
      );
      expect((await textOf(response.body)).includes('data-isolated')).toBe(asks);
    },
  );

  test('compressed events arrive one by one', async () => {
    const { createGzip } = await import('node:zlib');
    const gzip = createGzip();
    const { tunnel } = await serve((_incoming, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-type': 'text/event-stream' });
      gzip.pipe(response);
    });
    const answer = request(tunnel.mux, requestHead({ mode: 'cors' }));
    gzip.write('data: 1\n\n');
    gzip.flush();
    const iterator = (await answer).body[Symbol.asyncIterator]();
    expect(Buffer.from((await iterator.next()).value as Uint8Array).toString()).toBe('data: 1\n\n');
    await iterator.return?.();
  });

  test('a cut-off compressed stream is no clean end', async () => {
    const { tunnel } = await serve((_incoming, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' });
      response.write(gzipSync(Buffer.alloc(100_000, 'abc')).subarray(0, 50));
      setTimeout(() => response.destroy(), 20);
    });
    const response = await request(tunnel.mux, requestHead({}));
    await expect(textOf(response.body)).rejects.toMatchObject({ code: 'UPSTREAM_ABORTED' });
  });

  test('only documents get the shim', async () => {
    const { server, tunnel } = await serve((incoming, response) => {
      const type = incoming.url === '/css' ? 'text/css' : 'text/html';
      const file = { 'content-disposition': 'attachment; filename="page.html"' };
      response.writeHead(incoming.url === '/part' ? 206 : 200, {
        'content-type': type,
        ...(incoming.url === '/file' ? file : {}),
      });
      response.end(html);
    });
    const body = async (fields: Parameters<typeof requestHead>[0]): Promise<string> =>
      textOf((await request(tunnel.mux, requestHead(fields))).body);
    expect(await body({ mode: 'cors' })).toBe(html);
    expect(await body({ mode: 'navigate', destination: 'iframe', target: '/css' })).toBe(html);
    expect(await body({ mode: 'navigate', destination: 'iframe', target: '/part' })).toBe(html);
    expect(await body({ mode: 'navigate', destination: 'iframe', target: '/file' })).toBe(html);
    expect(await body({ mode: 'navigate', destination: 'document' })).toContain(
      shimTagOf(server.port),
    );
  });

  test('the ingress gets everything as it is', async () => {
    const bytes = gzipSync(html);
    const { tunnel } = await serve((_incoming, response) => {
      response.writeHead(200, { ...page, 'content-encoding': 'gzip' });
      response.end(bytes);
    }, 'ingress');
    const response = await request(tunnel.mux, navigation);
    expect(header(response, 'content-encoding')).toBe('gzip');
    const chunks: Uint8Array[] = [];
    for await (const chunk of response.body) chunks.push(chunk);
    expect(Buffer.concat(chunks)).toEqual(bytes);
  });

  test('a slow viewer holds the app back', async () => {
    let written = 0;
    const { tunnel } = await serve((_incoming, response) => {
      const block = Buffer.alloc(64 * 1024);
      const pump = (): void => {
        while (written < 64 * 1024 * 1024) {
          written += block.length;
          if (!response.write(block)) return void response.once('drain', pump);
        }
        response.end();
      };
      pump();
    });
    const response = await request(tunnel.mux, requestHead({}));
    let before = -1;
    await until(() => {
      const stands = before === written;
      before = written;
      return stands;
    }, 'the app stands still');
    expect(written).toBeLessThan(24 * 1024 * 1024);
    let received = 0;
    for await (const chunk of response.body) received += chunk.byteLength;
    expect(received).toBe(written);
  });
});

test('draining lets requests under way end and refuses new ones', async () => {
  let finish: () => void = () => undefined;
  const { tunnel } = await serve((_incoming, response) => {
    finish = () => void response.end('done');
  });
  const answer = request(tunnel.mux, requestHead({}));
  await until(() => String(finish).includes('done'), 'the app has the request');
  const drained = tunnel.app.drain();
  await expect(request(tunnel.mux, requestHead({}))).rejects.toMatchObject({
    code: 'SESSION_ENDED',
  });
  finish();
  await drained;
  expect(await textOf((await answer).body)).toBe('done');
});
