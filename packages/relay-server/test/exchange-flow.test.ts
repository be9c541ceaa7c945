import { createHash } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { describe, expect, jest, test } from '@jest/globals';
import { request, type WingmanError } from '@wingman/protocol';
import { HOST_LIMITS } from '../src/limits.js';
import { blocks, header, serve } from './support/served-app.js';
import { requestHead, textOf } from './support/tunnel.js';
import { until } from './support/until.js';

// Tens of megabytes pass, at the pace at which a busy machine lets both ends take turns.
jest.setTimeout(180_000);

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
    // The app never ends its answers: a connection that was just forgotten would stay.
    await until(() => server.sockets.size === 0, 'all sockets closed');
    await until(() => tunnel.mux.streamCount === 0, 'the streams end');
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

describe('the body of an answer', () => {
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
