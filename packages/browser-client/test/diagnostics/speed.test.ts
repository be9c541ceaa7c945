import { describe, expect, test } from '@jest/globals';
import { SPEED_LIMITS } from '@wingman/protocol';
import { measure, measureBoth, perSecond, SpeedRefusal } from '../../src/diagnostics/speed.js';

const TRIAL = { requests: 2, ms: 2_000 };

/** A browser whose clock moves by a tenth of a second with each look. */
function world(answer: (init: RequestInit, count: number) => Response | Promise<Response>) {
  const asked: { target: string; init: RequestInit }[] = [];
  let now = 0;
  return {
    asked,
    now: () => (now += 100),
    fetch: async (target: string, init: RequestInit) => {
      asked.push({ target, init });
      return answer(init, asked.length);
    },
  };
}

function breaking(bytes: number): Response {
  let isFirst = true;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (isFirst) controller.enqueue(new Uint8Array(bytes));
      else controller.error(new Error('the path is silent'));
      isFirst = false;
    },
  });
  return new Response(body);
}

describe('the way down', () => {
  test('is measured by some requests at once, with their limits', async () => {
    const browser = world(() => new Response(new Uint8Array(1_000)));
    const { bytes, failed, ms } = await measure('down', TRIAL, browser);
    expect([bytes, failed]).toEqual([2_000, 0]);
    expect(ms).toBeGreaterThan(0);
    const [first] = browser.asked;
    expect(browser.asked).toHaveLength(2);
    expect(first?.target).toBe(`/__wingman/speed?bytes=${SPEED_LIMITS.requestBytes}&ms=2000`);
    expect(first?.init).toMatchObject({ method: 'GET', cache: 'no-store' });
    expect(first?.init.signal).toBeInstanceOf(AbortSignal);
  });

  test('counts what has come before a request broke', async () => {
    const speed = await measure(
      'down',
      TRIAL,
      world(() => breaking(500)),
    );
    expect(speed).toMatchObject({ bytes: 1_000, failed: 0 });
  });

  test('counts requests that brought nothing', async () => {
    const silent = world((_, count) =>
      count === 1 ? Promise.reject(new TypeError('network')) : new Response(new Uint8Array(7)),
    );
    expect(await measure('down', TRIAL, silent)).toMatchObject({ bytes: 7, failed: 1 });
    expect(
      await measure(
        'down',
        TRIAL,
        world(() => new Response(null)),
      ),
    ).toEqual({
      ...{ bytes: 0, ms: 0, failed: 2 },
    });
  });
});

describe('the way up', () => {
  test('is what the host says has come, of a body that can’t be made smaller', async () => {
    const host = world(() => Response.json({ bytes: 300, ms: 50 }));
    expect(await measure('up', TRIAL, host)).toEqual({ bytes: 600, ms: 50, failed: 0 });
    const body = host.asked[0]?.init.body as Blob;
    expect(body.size).toBe(SPEED_LIMITS.requestBytes);
    const bytes = new Uint8Array(await body.arrayBuffer());
    expect(new Set(bytes.subarray(0, 4_096)).size).toBeGreaterThan(200);
  });

  test('counts requests that failed', async () => {
    const silent = world(() => Promise.reject(new TypeError('network')));
    expect(await measure('up', TRIAL, silent)).toEqual({ bytes: 0, ms: 0, failed: 2 });
  });
});

describe('a refusal', () => {
  test.each([
    [429, 'Try again in 7 s.', 'Try again in 7 s.'],
    [404, '', 'of a version that measures nothing'],
    [403, '', 'has not let this browser in yet'],
  ])('with %i is told in words', async (status, text, words) => {
    for (const direction of ['down', 'up'] as const) {
      const host = world(() => new Response(text, { status }));
      const refused = measure(direction, TRIAL, host);
      await expect(refused).rejects.toBeInstanceOf(SpeedRefusal);
      await expect(refused).rejects.toThrow(words);
    }
  });
});

test('nothing in no time has no rate', () => {
  expect(perSecond({ bytes: 500, ms: 250 })).toBe(2_000);
  expect(perSecond({ bytes: 0, ms: 250 })).toBeNull();
  expect(perSecond({ bytes: 500, ms: 0 })).toBeNull();
});

describe('requests beside each other', () => {
  test('that the host refuses count as failed, while others are let through', async () => {
    const host = world((_, count) =>
      count === 1 ? new Response('', { status: 429 }) : new Response(new Uint8Array(7)),
    );
    expect(await measure('down', TRIAL, host)).toMatchObject({ bytes: 7, failed: 1 });
  });

  test('are all over when a direction is refused', async () => {
    let answer: (response: Response) => void = () => undefined;
    const late = new Promise<Response>((resolve) => (answer = resolve));
    const host = world(({ method }) =>
      method === 'GET' ? new Response('', { status: 429 }) : late,
    );
    let isOver = false;
    const both = measureBoth(TRIAL, host).finally(() => (isOver = true));
    const refused = expect(both).rejects.toBeInstanceOf(SpeedRefusal);
    await new Promise((resolve) => setImmediate(resolve));
    expect(isOver).toBe(false);
    answer(Response.json({ bytes: 1, ms: 1 }));
    await refused;
  });
});
