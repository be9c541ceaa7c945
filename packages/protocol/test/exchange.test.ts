import { describe, expect, test } from '@jest/globals';
import { create } from '../src/exchange/proto-message.js';
import { header, headerValue } from '../src/exchange/headers.js';
import type { IncomingRequest } from '../src/exchange/incoming-request.js';
import { request } from '../src/exchange/request.js';
import { RequestHead, ResponseHead } from '../src/gen/wingman/v1/exchange.js';
import { LIMITS } from '../src/limits.js';
import { settle } from './support/fake-clock.js';
import { collect, exchangePair } from './support/linked-pair.js';

const get = create(RequestHead, { method: 'GET', target: '/' });
const post = create(RequestHead, { method: 'POST', target: '/', hasBody: true });
const ok = create(ResponseHead, { status: 200 });

async function* chunks(count: number, size: number): AsyncGenerator<Uint8Array> {
  for (let index = 0; index < count; index += 1) yield new Uint8Array(size).fill(index);
}

async function echo(incoming: IncomingRequest): Promise<void> {
  incoming.respond(ok);
  for await (const chunk of incoming.body) await incoming.write(chunk);
  incoming.end(await incoming.requestTrailers);
}

describe('an HTTP exchange', () => {
  test('carries heads, 1xx, repeated headers, bodies and trailers', async () => {
    const informational: number[] = [];
    const { mux, hostMux } = exchangePair({
      request: (incoming) => {
        expect(headerValue(incoming.head.headers, 'x')).toBe('1, 2');
        incoming.informational(create(ResponseHead, { status: 103 }));
        void echo(incoming);
      },
    });
    const response = await request(
      mux,
      create(RequestHead, { ...post, headers: [header('X', '1'), header('x', '2')] }),
      {
        body: chunks(5, 100_000),
        trailers: () => [header('sum', '42')],
        onInformational: (head) => informational.push(head.status),
      },
    );
    expect(informational).toEqual([103]);
    expect(await collect(response.body)).toEqual(await collect(chunks(5, 100_000)));
    expect(headerValue(await response.trailers, 'sum')).toBe('42');
    expect([mux.streamCount, hostMux.streamCount]).toEqual([0, 0]);
  });

  test('the body waits for its reader', async () => {
    let written = 0;
    const { mux } = exchangePair({
      request: (incoming) => {
        incoming.respond(ok);
        void (async () => {
          for (let count = 0; count < 100; count += 1) {
            await incoming.write(new Uint8Array(100_000));
            written += 100_000;
          }
          incoming.end();
        })();
      },
    });
    const response = await request(mux, get);
    for (let round = 0; round < 10; round += 1) await settle();
    expect(written).toBeLessThanOrEqual(LIMITS.streamWindowBytes);
    expect((await collect(response.body)).byteLength).toBe(10_000_000);
  });

  test('an abort reaches the host with its reason', async () => {
    const abort = new AbortController();
    let incoming: IncomingRequest | undefined;
    const { mux } = exchangePair({ request: (arrived) => (incoming = arrived) });
    const response = request(mux, get, { signal: abort.signal });
    await settle();
    abort.abort();
    await expect(response).rejects.toMatchObject({ code: 'CANCELLED' });
    await settle();
    expect(incoming?.signal.aborted).toBe(true);
    expect(incoming?.signal.reason).toMatchObject({ code: 'CANCELLED' });
  });

  test('leaving a body early cancels the exchange, even while a read is pending', async () => {
    let incoming: IncomingRequest | undefined;
    const { mux } = exchangePair({
      request: (arrived) => {
        incoming = arrived;
        arrived.respond(ok);
      },
    });
    const iterator = (await request(mux, get)).body[Symbol.asyncIterator]();
    const pending = iterator.next();
    pending.catch(() => undefined);
    await iterator.return?.();
    await expect(pending).rejects.toMatchObject({ code: 'CANCELLED' });
    await settle();
    expect(incoming?.signal.aborted).toBe(true);
  });

  test('an app that dies mid-body is an error, never a clean end', async () => {
    const { mux } = exchangePair({
      request: (incoming) => {
        incoming.respond(ok);
        void incoming.write(new Uint8Array(10)).then(() => incoming.abort('UPSTREAM_ABORTED'));
      },
    });
    const response = await request(mux, get);
    await expect(collect(response.body)).rejects.toMatchObject({ code: 'UPSTREAM_ABORTED' });
  });

  test('a request body that fails resets the exchange', async () => {
    let incoming: IncomingRequest | undefined;
    const { mux } = exchangePair({ request: (arrived) => (incoming = arrived) });
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(10);
      throw new Error('disk on fire');
    }
    await expect(request(mux, post, { body: broken() })).rejects.toMatchObject({
      code: 'CANCELLED',
    });
    await settle();
    expect(incoming?.signal.aborted).toBe(true);
  });

  test('an answer that needs no body stops the upload and stays readable', async () => {
    let taken = 0;
    const { mux } = exchangePair({
      request: (incoming) => {
        incoming.respond(create(ResponseHead, { status: 413 }));
        void incoming.write(new TextEncoder().encode('too large')).then(() => {
          incoming.end();
          void incoming.body[Symbol.asyncIterator]().return?.();
        });
      },
    });
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        taken += 1;
        yield new Uint8Array(32_000);
      }
    }
    const response = await request(mux, post, { body: endless() });
    expect(response.head.status).toBe(413);
    expect(new TextDecoder().decode(await collect(response.body))).toBe('too large');
    await settle();
    expect(mux.streamCount).toBe(0);
    expect(taken).toBeLessThan(100);
  });

  test('a head above the limit is refused before it is sent', async () => {
    const { mux } = exchangePair({});
    const headers = [header('x', 'y'.repeat(LIMITS.maxHeadBytes))];
    await expect(request(mux, create(RequestHead, { ...get, headers }))).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
    });
    expect(mux.streamCount).toBe(0);
  });

  test('garbage instead of a head resets the stream, not the link', async () => {
    const { mux } = exchangePair({});
    const stream = mux.open(Uint8Array.of(0, 0xff, 0xff));
    await expect(stream.read()).rejects.toMatchObject({ code: 'PROTOCOL_ERROR' });
    expect(mux.link.state).toBe('open');
  });
});
