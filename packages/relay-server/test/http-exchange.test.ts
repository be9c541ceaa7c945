import { once } from 'node:events';
import { createServer as createNetServer, type AddressInfo } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { ASK_AGAIN_HASH, ASK_AGAIN_PART, headersToRaw, request } from '@wingman/protocol';
import { LocalApp } from '../src/exchange/local-app.js';
import { cleanups } from './support/cleanups.js';
import { blocks, header, serve, tunnelTo } from './support/served-app.js';
import { freePort, listen, trackSockets } from './support/servers.js';
import { stopTime } from './support/still-time.js';
import {
  openTunnel,
  requestHead,
  SESSION_ORIGIN,
  textOf,
  type TestTunnel,
} from './support/tunnel.js';
import { until } from './support/until.js';

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

  test.each([
    ['a small body', '/small', ['head', 'last data']],
    ['no body', '/none', ['last head']],
    ['an empty body', '/empty', ['last head']],
    ['a body of a length that nobody tells', '/streamed', ['head', 'data', 'end']],
  ])('takes as few frames as can be: %s', async (_what, target, frames) => {
    const { tunnel } = await serve((incoming, response) => {
      if (incoming.url === '/none') return void response.writeHead(304).end();
      if (incoming.url === '/streamed') response.write('x');
      response.end(incoming.url === '/small' ? 'x' : undefined);
    });
    const response = await request(tunnel.mux, requestHead({ target }));
    expect(await textOf(response.body)).toBe(frames.length === 1 ? '' : 'x');
    expect(answerFrames(tunnel)).toEqual(frames);
  });

  test('has its head before a small body that takes its time', async () => {
    let finish: () => void = () => undefined;
    const { tunnel } = await serve((_incoming, response) => {
      response.writeHead(200, { 'content-length': 2 }).write('a');
      finish = () => void response.end('b');
    });
    const response = await request(tunnel.mux, requestHead({}));
    finish();
    expect(await textOf(response.body)).toBe('ab');
    expect(answerFrames(tunnel)).toEqual(['head', 'data', 'data', 'end']);
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
    const seen: number[] = [];
    tunnel.app.observe(() => ({ head: ({ status }) => void seen.push(status) }));
    const tooLarge = await request(tunnel.mux, requestHead({}));
    expect(tooLarge.head.status).toBe(502);
    expect(header(tooLarge, 'wingman-error')).toBe('LIMIT_EXCEEDED');
    expect(seen).toEqual([502]);
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
});

describe('requests that follow each other at once', () => {
  stopTime();

  test('keep connections alive and use few', async () => {
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

describe('a port nobody listens on', () => {
  test('gives people a page', async () => {
    const tunnel = tunnelTo(await freePort());
    const response = await request(tunnel.mux, requestHead({ headers: ['accept', 'text/html'] }));
    expect(response.head.status).toBe(502);
    expect(header(response, 'wingman-error')).toBe('LOCAL_PORT_REFUSED');
    expect(header(response, 'content-type')).toContain('text/html');
    const text = await textOf(response.body);
    expect(text).toContain('Start the app');
    expect(text).toContain(ASK_AGAIN_PART.body);
    expect(header(response, 'content-security-policy')).toContain(ASK_AGAIN_HASH);
  });

  test('gives the sender of a form a page that does not send it again', async () => {
    const tunnel = tunnelTo(await freePort());
    const head = requestHead({ method: 'POST', headers: ['accept', 'text/html'] });
    const text = await textOf((await request(tunnel.mux, head)).body);
    expect(text).toContain('Start the app');
    expect(text).not.toContain('<script>');
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
    cleanups.push(() => new Promise<void>((resolve) => server.close(() => resolve())));
    const tunnel = tunnelTo((server.address() as AddressInfo).port);
    const response = await request(tunnel.mux, requestHead({}));
    expect(response.head.status).toBe(502);
    await until(() => sockets.size === 0, 'the socket is closed');
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

/** What the host has sent of its only answer: numbered frames (0x00) below 128, and in them frames of stream 1. */
function answerFrames({ sent }: TestTunnel): string[] {
  const NAMES: Record<number, string> = { 0x01: 'data', 0x02: 'end', 0x21: 'last data' };
  return sent
    .filter(([type, , , stream]) => type === 0x00 && stream === 1)
    .map(([, , type = 0, , message]) =>
      (NAMES[type] ?? '').replace('data', message === 1 ? 'head' : 'data'),
    );
}
