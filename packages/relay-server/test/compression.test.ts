import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { createGunzip, gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  create,
  request,
  RequestHead,
  systemClock,
  TransferCoding,
  UNDONE_CODINGS,
  type DeliveryPace,
} from '@wingman/protocol';
import { compressBody } from '../src/exchange/answer-steps.js';
import { Compressor } from '../src/exchange/compressor.js';
import { YieldMeter } from '../src/exchange/compression-yield.js';
import { headOf } from '../src/exchange/exchange.js';
import { gzipped } from '../src/exchange/gzip-stream.js';
import type { HttpExchange } from '../src/exchange/http-exchange.js';
import { LocalApp, type LocalAppOptions } from '../src/exchange/local-app.js';
import { HOST_LIMITS } from '../src/limits.js';
import { cleanups } from './support/cleanups.js';
import { answerOf, exchangeOf } from './support/exchange.js';
import { FakeClock } from './support/fake-clock.js';
import { header } from './support/served-app.js';
import { listen } from './support/servers.js';
import { openTunnel, requestHead, SESSION_ORIGIN, type TestTunnel } from './support/tunnel.js';
import { until } from './support/until.js';

const SCRIPT = Buffer.from('export const answer = () => 42;\n'.repeat(8_000));
/** As far as a server in another city. */
const FAR_MS = 25;

/** A tunnel over a path with distance, once its round trip is known. */
async function distant(
  handler: Parameters<typeof listen>[0],
  options: LocalAppOptions = {},
): Promise<TestTunnel> {
  const server = await listen(handler);
  cleanups.push(() => server.close());
  const app = new LocalApp(server.port, () => SESSION_ORIGIN, options);
  const tunnel = openTunnel(server.port, 'viewer', app, undefined, FAR_MS);
  cleanups.push(() => tunnel.close());
  await until(() => tunnel.hostLink.pace.roundTripMs !== null, 'the round trip is known');
  return tunnel;
}

const asking = (fields: Parameters<typeof requestHead>[0] = {}): RequestHead =>
  create(RequestHead, { ...requestHead(fields), transferCodings: [...UNDONE_CODINGS] });

/** What an app answers, and what comes of it. */
async function fetched(
  tunnel: TestTunnel,
  head = asking(),
): Promise<{ body: Buffer; wireBytes: number; length: string | undefined }> {
  const before = tunnel.sent.length;
  const response = await request(tunnel.mux, head);
  const body: Uint8Array[] = [];
  for await (const piece of response.body) body.push(piece);
  const wireBytes = tunnel.sent.slice(before).reduce((sum, one) => sum + one.byteLength, 0);
  return { body: Buffer.concat(body), wireBytes, length: header(response, 'content-length') };
}

/** An app whose every answer is the script, as this kind. */
const answering =
  (headers: Record<string, string>, body: Buffer = SCRIPT, status = 200) =>
  (_: unknown, response: ServerResponse) =>
    void response.writeHead(status, { 'content-length': body.byteLength, ...headers }).end(body);

const CODE = { 'content-type': 'text/javascript' };

describe('code on a path with distance', () => {
  test('is compressed for the way, and the app’s fields stay what they were', async () => {
    const tunnel = await distant(answering(CODE));
    const { body, wireBytes, length } = await fetched(tunnel);
    expect(body.equals(SCRIPT)).toBe(true);
    expect(length).toBe(String(SCRIPT.byteLength));
    expect(wireBytes).toBeLessThan(SCRIPT.byteLength / 10);
  });

  test('of which nobody knows how long it is, too', async () => {
    const half = SCRIPT.byteLength / 2;
    const tunnel = await distant((_, response) => {
      response.writeHead(200, CODE).write(SCRIPT.subarray(0, half));
      response.end(SCRIPT.subarray(half));
    });
    const { body, wireBytes, length } = await fetched(tunnel);
    expect(body.equals(SCRIPT)).toBe(true);
    expect(length).toBeUndefined();
    expect(wireBytes).toBeLessThan(SCRIPT.byteLength / 10);
  });

  test('is told to observers as it is', async () => {
    const tunnel = await distant(answering(CODE));
    let seen = 0;
    tunnel.app.observe((exchange) => {
      exchange.tap((_, { bytes }) => (seen += bytes.byteLength));
      return undefined;
    });
    await fetched(tunnel);
    expect(seen).toBe(SCRIPT.byteLength);
  });

  test.each([
    ['a viewer that can’t undo it', CODE, requestHead({}), {}],
    ['--no-compression', CODE, asking(), { compresses: false }],
    ['a navigation', CODE, asking({ mode: 'navigate', destination: 'iframe' }), {}],
    ['a POST', CODE, asking({ method: 'POST' }), {}],
    ['an event stream', { 'content-type': 'text/event-stream' }, asking(), {}],
    ['JSON', { 'content-type': 'application/json' }, asking(), {}],
    ['a document', { 'content-type': 'text/html' }, asking(), {}],
  ])('stays plain for %s', async (_, headers, head, options: LocalAppOptions) => {
    const { body, wireBytes } = await fetched(await distant(answering(headers), options), head);
    expect(body.equals(SCRIPT)).toBe(true);
    expect(wireBytes).toBeGreaterThan(SCRIPT.byteLength);
  });

  test('stays plain as a part, as nothing, and in the app’s own coding', async () => {
    const range = { ...CODE, 'content-range': `bytes 0-1/${SCRIPT.byteLength}` };
    const part = await fetched(await distant(answering(range, SCRIPT, 206)));
    expect(part.wireBytes).toBeGreaterThan(SCRIPT.byteLength);
    const head = await fetched(await distant(answering(CODE)), asking({ method: 'HEAD' }));
    expect([head.body.byteLength, head.length]).toEqual([0, String(SCRIPT.byteLength)]);
    const unchanged = await distant((_, response) => void response.writeHead(304, CODE).end());
    expect((await fetched(unchanged)).body.byteLength).toBe(0);
    const own = { ...CODE, 'content-encoding': 'dcb' };
    const tagged = await fetched(await distant(answering(own)));
    expect(tagged.body.equals(SCRIPT)).toBe(true);
    expect(tagged.wireBytes).toBeGreaterThan(SCRIPT.byteLength);
  });

  test('on one machine stays plain', async () => {
    const server = await listen(answering(CODE));
    cleanups.push(() => server.close());
    // Else a turn that a busy machine takes its time for would look like distance.
    const tunnel = openTunnel(server.port, 'viewer', undefined, undefined, 0, new FakeClock());
    cleanups.push(() => tunnel.close());
    expect((await fetched(tunnel)).wireBytes).toBeGreaterThan(SCRIPT.byteLength);
  });

  test('that the app breaks off is broken off', async () => {
    const tunnel = await distant((_, response) => {
      response.writeHead(200, CODE).write(SCRIPT);
      setTimeout(() => response.destroy(), 20);
    });
    await expect(fetched(tunnel)).rejects.toMatchObject({ code: 'UPSTREAM_ABORTED' });
  });

  test('that nobody wants any more is dropped at the app', async () => {
    const closed: boolean[] = [];
    const tunnel = await distant((_, response) => {
      response.writeHead(200, CODE).write(SCRIPT);
      response.once('close', () => closed.push(response.writableFinished));
    });
    const { body } = await request(tunnel.mux, asking());
    for await (const piece of body) {
      expect(piece.byteLength).toBeGreaterThan(0);
      break;
    }
    await until(() => closed.length === 1, 'the app’s response is closed');
    expect(closed).toEqual([false]);
    await until(() => tunnel.app.activeExchanges === 0, 'the exchange is over');
  });
});

describe('what may be compressed at once', () => {
  const slow: DeliveryPace = { perSecond: 500_000, isFull: true, roundTripMs: 30 };
  const compressor = new Compressor(new FakeClock());
  const context = { compressor, pace: () => slow };
  const answered = (bytes: number): HttpExchange => {
    const exchange = exchangeOf({}, 'viewer', context);
    exchange.asked.transferCodings.push(...UNDONE_CODINGS);
    exchange.answer = answerOf(['content-type', 'text/css', 'content-length', String(bytes)]);
    compressBody(exchange);
    return exchange;
  };
  const isCoded = ({ answer }: HttpExchange): boolean =>
    headOf(answer).transferCoding === TransferCoding.GZIP;

  test('is capped: others go plainly, until one is over', () => {
    const large = HOST_LIMITS.compressWholeBytes + 1;
    const some = Array.from({ length: HOST_LIMITS.compressedStreams }, () => answered(large));
    expect(some.every(isCoded)).toBe(true);
    expect(isCoded(answered(large))).toBe(false);
    // Its compressor is gone before another body comes.
    expect(isCoded(answered(large - 1))).toBe(true);
    some[0]?.release();
    expect([large, large].map(answered).map(isCoded)).toEqual([true, false]);
  });
});

describe('the compressor', () => {
  const compressed = async (pieces: readonly Uint8Array[]): Promise<Buffer> => {
    const coded: Uint8Array[] = [];
    const body = (async function* () {
      for (const piece of pieces) yield await Promise.resolve(piece);
    })();
    for await (const piece of gzipped(body, new YieldMeter(systemClock))) coded.push(piece);
    return Buffer.concat(coded);
  };

  test('gives what any gunzip takes, whatever comes in', async () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 2_000 }),
      fc.nat(70_000).map((size) => Buffer.alloc(size, 'const answer = 42;\n')),
      fc.nat(70_000).map((size) => randomBytes(size)),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 5 }), async (pieces) => {
        expect(gunzipSync(await compressed(pieces)).equals(Buffer.concat(pieces))).toBe(true);
      }),
      { numRuns: 25 },
    );
  });

  test('takes little more room than one that knows the whole', async () => {
    const coded = await compressed([SCRIPT.subarray(0, 65_536), SCRIPT.subarray(65_536)]);
    const { compressionLevel: level } = HOST_LIMITS;
    expect(coded.byteLength).toBeLessThan(gzipSync(SCRIPT, { level }).byteLength + 100);
  });

  test('keeps nothing back while its source pauses', async () => {
    let goOn = (): void => undefined;
    const pause = new Promise<void>((resolve) => (goOn = resolve));
    const body = (async function* () {
      yield Buffer.from('first');
      await pause;
      yield Buffer.from(' second');
    })();
    const gunzip = createGunzip();
    let text = '';
    gunzip.on('data', (piece: Buffer) => (text += piece.toString()));
    const pieces = gzipped(body, new YieldMeter(systemClock));
    while (text !== 'first') {
      const { value } = await pieces.next();
      await new Promise<void>((taken) => gunzip.write(value, () => taken()));
    }
    goOn();
    for await (const piece of pieces) gunzip.write(piece);
    await once(gunzip.end(), 'end');
    expect(text).toBe('first second');
  });
});
