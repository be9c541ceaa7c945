import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { IncomingRequest } from '../src/exchange/incoming-request.js';
import { create } from '../src/exchange/proto-message.js';
import { request, type HttpResponse } from '../src/exchange/request.js';
import { UNDONE_CODINGS } from '../src/exchange/transfer-coding.js';
import { RequestHead, ResponseHead, TransferCoding } from '../src/gen/wingman/v1/exchange.js';
import { header, headerValue } from '../src/exchange/headers.js';
import { LIMITS } from '../src/limits.js';
import { settle } from './support/fake-clock.js';
import { collect, exchangePair } from './support/linked-pair.js';

const offering = create(RequestHead, {
  method: 'GET',
  target: '/app.js',
  transferCodings: [...UNDONE_CODINGS],
});
const coded = create(ResponseHead, { status: 200, transferCoding: TransferCoding.GZIP });

/** The answer to a request, and the host's end of it. */
async function answered(
  answer: (incoming: IncomingRequest) => unknown,
  head = offering,
): Promise<{ response: HttpResponse; incoming: IncomingRequest }> {
  let incoming: IncomingRequest | undefined;
  const { mux } = exchangePair({
    request: (arrived) => {
      incoming = arrived;
      answer(arrived);
    },
  });
  const response = await request(mux, head);
  if (incoming === undefined) throw new Error('no request has come');
  return { response, incoming };
}

/** Answers with these pieces. */
const pieces =
  (...parts: Uint8Array[]) =>
  async (incoming: IncomingRequest): Promise<void> => {
    incoming.respond(coded);
    for (const part of parts) await incoming.write(part);
    incoming.end([header('sum', '4')]);
  };

function cutAt(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const ends = [...cuts.map((cut) => cut % (bytes.byteLength + 1)), bytes.byteLength];
  const sorted = ends.sort((left, right) => left - right);
  return sorted.map((end, index) => bytes.subarray(sorted[index - 1] ?? 0, end));
}

describe('a compressed body', () => {
  test('is what it was, whatever its size and its pieces, with its trailers', async () => {
    const body = fc.oneof(
      fc.uint8Array({ maxLength: 5_000 }),
      fc.nat(300_000).map((size) => Buffer.alloc(size, 'const answer = 42;\n')),
      fc.nat(100_000).map((size) => randomBytes(size)),
    );
    const cuts = fc.array(fc.nat(), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(body, cuts, async (plain, at) => {
        const { response } = await answered(pieces(...cutAt(gzipSync(plain), at)));
        expect(Buffer.compare(await collect(response.body), plain)).toBe(0);
        expect(headerValue(await response.trailers, 'sum')).toBe('4');
      }),
      { numRuns: 25 },
    );
  });

  test('that is damaged or cut short fails with PROTOCOL_ERROR, and its stream is reset', async () => {
    const whole = gzipSync(randomBytes(20_000));
    const damaged = Buffer.from(whole);
    damaged[10_000] = (damaged[10_000] ?? 0) ^ 0xff;
    for (const bytes of [damaged, whole.subarray(0, -1), Buffer.from('no gzip at all')]) {
      const { response } = await answered((incoming) => {
        incoming.respond(coded);
        void incoming.write(bytes).then(() => {
          if (bytes !== damaged) incoming.end();
        });
      });
      await expect(collect(response.body)).rejects.toMatchObject({ code: 'PROTOCOL_ERROR' });
    }
    const { response, incoming } = await answered((arrived) => {
      arrived.respond(coded);
      void arrived.write(damaged).catch(() => undefined);
    });
    await expect(collect(response.body)).rejects.toMatchObject({ code: 'PROTOCOL_ERROR' });
    await settle();
    expect(incoming.signal.reason).toMatchObject({ code: 'PROTOCOL_ERROR' });
  });

  test('that breaks off fails with the reason, after what had come', async () => {
    const { response } = await answered((incoming) => {
      incoming.respond(coded);
      const start = gzipSync(Buffer.alloc(5_000, 'a')).subarray(0, 20);
      void incoming.write(start).then(() => incoming.abort('UPSTREAM_ABORTED'));
    });
    await expect(collect(response.body)).rejects.toMatchObject({ code: 'UPSTREAM_ABORTED' });
  });

  test('that nobody wants any more ends at the host, even while a read is pending', async () => {
    const { response, incoming } = await answered((arrived) => arrived.respond(coded));
    const iterator = response.body[Symbol.asyncIterator]();
    const pending = iterator.next();
    pending.catch(() => undefined);
    await iterator.return?.();
    await expect(pending).rejects.toMatchObject({ code: 'CANCELLED' });
    await settle();
    expect(incoming.signal.reason).toMatchObject({ code: 'CANCELLED' });
  });

  test('waits for its reader', async () => {
    let written = 0;
    const { response } = await answered((incoming) => {
      incoming.respond(coded);
      const body = gzipSync(randomBytes(3_500_000));
      void (async () => {
        for (let at = 0; at < body.byteLength; at += 100_000) {
          await incoming.write(body.subarray(at, at + 100_000));
          written += 100_000;
        }
        incoming.end();
      })();
    });
    for (let round = 0; round < 10; round += 1) await settle();
    expect(written).toBeLessThanOrEqual(LIMITS.streamWindowBytes + 200_000);
    expect((await collect(response.body)).byteLength).toBe(3_500_000);
  });
});

test('a coding that was not offered is refused', async () => {
  const plain = create(RequestHead, { method: 'GET', target: '/app.js' });
  await expect(answered(pieces(gzipSync('x')), plain)).rejects.toMatchObject({
    code: 'PROTOCOL_ERROR',
  });
  const unknown = create(ResponseHead, { status: 200, transferCoding: 99 as TransferCoding });
  await expect(answered((incoming) => incoming.respond(unknown))).rejects.toMatchObject({
    code: 'PROTOCOL_ERROR',
  });
});

test('a host that compresses nothing is read as before', async () => {
  const { response } = await answered((incoming) => {
    incoming.respond(create(ResponseHead, { status: 200 }));
    void incoming.write(Buffer.from('plain')).then(() => incoming.end());
  });
  expect(Buffer.from(await collect(response.body)).toString()).toBe('plain');
});
