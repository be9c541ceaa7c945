import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { request } from '@wingman/protocol';
import { shimTag } from '@wingman/web-policy';
import { header, serve } from './support/served-app.js';
import { requestHead, textOf } from './support/tunnel.js';

const shimTagOf = (port: number): string => shimTag(undefined, false, port);

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
});
