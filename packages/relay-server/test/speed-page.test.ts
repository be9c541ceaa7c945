import { describe, expect, test } from '@jest/globals';
import { headerValue, request, SPEED_LIMITS, SPEED_TARGET } from '@wingman/protocol';
import { LocalApp } from '../src/exchange/local-app.js';
import { SpeedAllowance } from '../src/exchange/speed-allowance.js';
import { cleanups } from './support/cleanups.js';
import { FakeClock, settle } from './support/fake-clock.js';
import { openTunnel, requestHead, SESSION_ORIGIN, textOf } from './support/tunnel.js';

const { minuteBytes, minuteMs, requestBytes, requests } = SPEED_LIMITS;
const MINUTE = 60_000;

/** A viewer of a host whose app nobody asks. */
function viewer(via: 'viewer' | 'ingress' = 'viewer') {
  const clock = new FakeClock();
  const app = new LocalApp(9, () => SESSION_ORIGIN, { clock });
  const tunnel = openTunnel(9, via, app);
  cleanups.push(() => tunnel.close());
  return { clock, mux: tunnel.mux };
}

const target = (query: string): string => `${SPEED_TARGET}?${query}`;

async function* pieces(...sizes: number[]): AsyncGenerator<Uint8Array> {
  for (const size of sizes) yield await Promise.resolve(new Uint8Array(size));
}

/** What has come so far; the rest never comes. */
async function* stuck(size: number): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(size);
  await new Promise(() => undefined);
}

describe('a download', () => {
  test('has as many bytes as were asked for, which nothing makes smaller', async () => {
    const { mux } = viewer();
    const { head, body } = await request(mux, requestHead({ target: target('bytes=100000') }));
    expect(head.status).toBe(200);
    expect(headerValue(head.headers, 'cache-control')).toBe('no-store');
    const chunks: Uint8Array[] = [];
    for await (const chunk of body) chunks.push(chunk);
    const all = Buffer.concat(chunks);
    expect(all.byteLength).toBe(100_000);
    expect(new Set(all.subarray(0, 4_096)).size).toBeGreaterThan(200);
  });

  test.each(['bytes=999999999', 'bytes=-1', 'bytes=many', ''])(
    'of %j has its limit',
    async (query) => {
      const { mux } = viewer();
      const { body } = await request(mux, requestHead({ target: target(query) }));
      let bytes = 0;
      for await (const chunk of body) bytes += chunk.byteLength;
      expect(bytes).toBe(requestBytes);
    },
  );

  test('ends when its time is up', async () => {
    const { clock, mux } = viewer();
    const { body } = await request(mux, requestHead({ target: target('ms=2000') }));
    clock.jump(2_000);
    let bytes = 0;
    for await (const chunk of body) bytes += chunk.byteLength;
    expect(bytes).toBeLessThan(requestBytes);
  });

  test('that nobody reads is broken off', async () => {
    const { clock, mux } = viewer();
    const { body } = await request(mux, requestHead({ target: target('ms=2000') }));
    await settle();
    clock.advance(7_000);
    await expect(
      (async () => {
        for await (const chunk of body) expect(chunk.byteLength).toBeGreaterThan(0);
      })(),
    ).rejects.toMatchObject({ code: 'TIMEOUT' });
  });
});

describe('an upload', () => {
  const post = (query = '') =>
    requestHead({ method: 'POST', target: target(query), hasBody: true });

  test('is counted', async () => {
    const { mux } = viewer();
    const { body } = await request(mux, post(), { body: pieces(70_000, 30_000) });
    expect(JSON.parse(await textOf(body))).toEqual({ bytes: 100_000, ms: 0 });
  });

  test('that goes on when the time is up is counted as far as it came', async () => {
    const { clock, mux } = viewer();
    const answer = request(mux, post('ms=2000'), { body: stuck(5_000) });
    await settle();
    await settle();
    clock.advance(2_000);
    const { body } = await answer;
    expect(JSON.parse(await textOf(body))).toMatchObject({ bytes: 5_000 });
  });

  test('is not read beyond what was asked for', async () => {
    const { mux } = viewer();
    const { body } = await request(mux, post('bytes=1000'), { body: stuck(5_000) });
    expect(JSON.parse(await textOf(body))).toMatchObject({ bytes: 5_000 });
  });

  test('without a body is of no bytes', async () => {
    const { mux } = viewer();
    const head = requestHead({ method: 'POST', target: SPEED_TARGET });
    const { body } = await request(mux, head);
    expect(JSON.parse(await textOf(body))).toEqual({ bytes: 0, ms: 0 });
  });
});

test('plain HTTP, which the server reads, measures nothing', async () => {
  const { mux } = viewer('ingress');
  const { head } = await request(mux, requestHead({ target: SPEED_TARGET }));
  expect(head.status).toBe(404);
});

test('who asks for more than a minute’s is told how long to wait', async () => {
  const { clock, mux } = viewer();
  const ask = async (): Promise<number> => {
    const { body, head } = await request(mux, requestHead({ target: SPEED_TARGET }));
    for await (const chunk of body) expect(chunk.byteLength).toBeGreaterThan(0);
    return head.status;
  };
  for (let count = 0; count < minuteBytes / requestBytes; count++) expect(await ask()).toBe(200);
  const { body, head } = await request(mux, requestHead({ target: SPEED_TARGET }));
  expect(head.status).toBe(429);
  expect(headerValue(head.headers, 'retry-after')).toBe('60');
  expect(await textOf(body)).toBe('Enough was measured for this minute. Try again in 60 s.\n');
  clock.advance(MINUTE);
  expect(await ask()).toBe(200);
});

describe('what all viewers may measure together', () => {
  function setUp() {
    const clock = new FakeClock();
    return { clock, allowance: new SpeedAllowance(clock) };
  }

  test('is so many requests at once', () => {
    const { allowance } = setUp();
    const taken = Array.from({ length: requests }, () => allowance.take(1));
    expect(taken).not.toContain(undefined);
    expect(allowance.take(1)).toBeUndefined();
    taken[0]?.();
    expect(allowance.take(1)).toBeDefined();
  });

  test('is a share of each minute’s time, in which requests beside each other count once', () => {
    const { allowance, clock } = setUp();
    const [first, second] = [allowance.take(1), allowance.take(1)];
    clock.jump(minuteMs / 2);
    first?.();
    second?.();
    // Nothing is measured.
    clock.jump(1_000);
    const third = allowance.take(1);
    clock.jump(minuteMs / 2 - 1);
    expect(allowance.take(1)).toBeDefined();
    clock.jump(1);
    expect(allowance.take(1)).toBeUndefined();
    third?.();
    expect(allowance.waitSeconds).toBe(39);
    clock.jump(39_000);
    expect(allowance.take(1)).toBeDefined();
  });

  test('counts in the next minute what is still under way', () => {
    const { allowance, clock } = setUp();
    allowance.take(1);
    clock.jump(MINUTE);
    expect(allowance.take(1)).toBeDefined();
    clock.jump(minuteMs);
    expect(allowance.take(1)).toBeUndefined();
  });
});
