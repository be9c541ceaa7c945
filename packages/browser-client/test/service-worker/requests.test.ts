import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { SERVICE_WORKER_LIMITS } from '../../src/shared/limits.js';
import { REQUEST_ID } from '../../src/shared/request-fields.js';
import { Exchanges, ownerOf } from '../../src/service-worker/exchanges.js';
import { GivenUp, nobodyWaits } from '../../src/service-worker/given-up.js';
import { HeldPosts } from '../../src/service-worker/held-posts.js';
import {
  keepBody,
  openBlob,
  openBody,
  peek,
  withKeptBody,
} from '../../src/service-worker/request-body.js';
import { requestHead, type HeadSource } from '../../src/service-worker/request-head.js';
import { destinationOf } from '../../src/service-worker/routing.js';
import type { TunnelFetch } from '../../src/service-worker/tunnel-fetch.js';
import { collect } from '../support/linked-host.js';
import { ORIGIN } from '../support/tunnelled-tab.js';

const SURROUNDINGS = { origin: ORIGIN, userAgent: 'agent', languages: ['de-AT', 'en'] };
const NO_BODY = { present: false, length: null };

describe('where a request goes', () => {
  test.each([
    ['http://localhost:8080/api', 'cors', 'port'],
    ['http://127.0.0.1/', 'no-cors', 'port'],
    ['http://[::1]:9000/', 'cors', 'port'],
    ['http://localhost:8080/', 'navigate', 'untouched'],
    ['https://localhost:8080/', 'cors', 'untouched'],
    ['http://localhost.example/', 'cors', 'untouched'],
    ['http://s.example/', 'cors', 'untouched'],
    [`${ORIGIN}:8443/`, 'cors', 'untouched'],
    [`${ORIGIN}/__wingman`, 'cors', 'app'],
    [`${ORIGIN}/a/__wingman/`, 'cors', 'app'],
    [`${ORIGIN}/__wingman/shell`, 'navigate', 'asset'],
  ])('%s (%s): %s', (url, mode, expected) => {
    expect(destinationOf({ url, mode, destination: '' }, ORIGIN)).toBe(expected);
  });
});

describe('the head of a request', () => {
  const source = (more: Partial<HeadSource> = {}): HeadSource => ({
    ...{ method: 'GET', url: `${ORIGIN}/a?b#c`, headers: new Headers(), destination: '' },
    ...{ mode: 'cors', credentials: 'same-origin', referrer: '', referrerPolicy: '' },
    cache: 'default',
    ...more,
  });
  const fields = (more: Partial<HeadSource>, body = NO_BODY) =>
    Object.fromEntries(requestHead(source(more), SURROUNDINGS, body).headers);

  test('has each field once: what the page has set stays', () => {
    const headers = new Headers({ 'user-agent': 'own', 'content-length': '7', referer: 'x' });
    const pairs = requestHead(source({ headers, method: 'POST' }), SURROUNDINGS, NO_BODY).headers;
    expect(new Set(pairs.map(([name]) => name)).size).toBe(pairs.length);
    expect(Object.fromEntries(pairs)).toMatchObject({ 'user-agent': 'own', 'content-length': '7' });
  });

  test('keeps the number by which it can be given up to itself', () => {
    expect(fields({ headers: new Headers({ [REQUEST_ID]: 'x' }) })).not.toHaveProperty(REQUEST_ID);
  });

  test.each([
    ['omit', false],
    ['same-origin', true],
    ['include', true],
  ] as const)('with credentials "%s" has cookies: %j', (credentials, hasCredentials) => {
    expect(requestHead(source({ credentials }), SURROUNDINGS, NO_BODY)).toMatchObject({
      hasCredentials,
    });
  });

  test.each<[string, Partial<HeadSource>, string | undefined]>([
    ['HEAD', { method: 'HEAD' }, undefined],
    ['a script’s POST', { method: 'POST', referrerPolicy: 'no-referrer' }, ORIGIN],
    ['a beacon', { method: 'POST', mode: 'no-cors' }, ORIGIN],
    ['a quiet beacon', { method: 'POST', mode: 'no-cors', referrerPolicy: 'no-referrer' }, 'null'],
    ['a form', { method: 'POST', mode: 'navigate', referrer: `${ORIGIN}/from` }, ORIGIN],
    ['a form of a hidden page', { method: 'POST', mode: 'navigate' }, 'null'],
    ['a form’s GET', { mode: 'navigate', referrer: `${ORIGIN}/from` }, undefined],
  ])('of %s has the right Origin (Fetch section 3.2)', (_, more, origin) => {
    expect(fields(more)['origin']).toBe(origin);
  });

  test.each<[RequestCache, string | undefined, string | undefined]>([
    ['default', undefined, undefined],
    ['no-store', 'no-cache', 'no-cache'],
    ['reload', 'no-cache', 'no-cache'],
    ['no-cache', 'max-age=0', undefined],
    ['force-cache', undefined, undefined],
  ])('in the cache’s mode "%s" says so (Fetch section 4.6)', (cache, control, pragma) => {
    expect([fields({ cache })['cache-control'], fields({ cache })['pragma']]).toEqual([
      ...[control, pragma],
    ]);
    const own = fields({ cache, headers: new Headers({ 'cache-control': 'x', pragma: 'y' }) });
    expect(own).toMatchObject({ 'cache-control': 'x', pragma: 'y' });
  });

  test.each(['about:client', 'about:blank', ''])('has no Referer for %j', (referrer) => {
    expect(fields({ referrer })).not.toHaveProperty('referer');
  });

  test.each([
    ['POST', NO_BODY, '0'],
    ['PUT', NO_BODY, '0'],
    ['PATCH', NO_BODY, '0'],
    ['DELETE', NO_BODY, undefined],
    ['DELETE', { present: true, length: 4 }, '4'],
    ['POST', { present: true, length: null }, undefined],
  ])('of %s with %j has Content-Length %j (RFC 9110 section 8.6)', (method, body, length) => {
    expect(fields({ method }, body as typeof NO_BODY)['content-length']).toBe(length);
  });
});

describe('the body of a request', () => {
  const post = (body: BodyInit): Request => new Request(ORIGIN, { method: 'POST', body });
  const textOf = async (chunks: AsyncIterable<Uint8Array> | undefined): Promise<string> =>
    chunks === undefined ? 'none' : Buffer.from(await collect(chunks)).toString();

  test('that is kept is read twice: by the app’s worker and by the tunnel', async () => {
    const request = post('twice');
    const blob = await keepBody(request);
    expect(await blob?.text()).toBe('twice');
    const body = await openBody(request);
    expect([body.length, await textOf(body.chunks)]).toEqual([5, 'twice']);
    expect(await textOf((await openBody(request)).chunks)).toBe('twice');
  });

  test('that is kept goes with the browser’s own fetch, and the referrer stays', async () => {
    const request = new Request(ORIGIN, { method: 'POST', body: 'x', referrerPolicy: 'origin' });
    await keepBody(request);
    const again = withKeptBody(request);
    expect([await again.text(), again.referrerPolicy]).toEqual(['x', 'origin']);
    const other = post('y');
    expect(withKeptBody(other)).toBe(other);
  });

  test('is none to keep of a GET, and of a POST without one', async () => {
    expect(await keepBody(new Request(ORIGIN))).toBeNull();
    expect(await keepBody(new Request(ORIGIN, { method: 'POST' }))).toBeNull();
  });

  test('of no bytes is none', async () => {
    expect(openBlob(new Blob([]))).toEqual({ chunks: undefined, length: null });
    expect((await openBody(post(''))).chunks).toBeUndefined();
  });

  test('that is as large as can be read ahead has its length, and one byte more has none', async () => {
    const of = async (bytes: number): Promise<number | null> => {
      const body = await peek(post(new Uint8Array(bytes)).body!.getReader(), 1_000);
      const size = body.chunks === undefined ? 0 : (await collect(body.chunks)).byteLength;
      expect(size).toBe(bytes);
      return body.length;
    };
    const { bodyPeekBytes } = SERVICE_WORKER_LIMITS;
    expect([await of(bodyPeekBytes), await of(bodyPeekBytes + 1)]).toEqual([bodyPeekBytes, null]);
  });

  test('of a form has its length, however long it is', async () => {
    const text = 'x'.repeat(2 * SERVICE_WORKER_LIMITS.bodyPeekBytes);
    const files = new FormData();
    files.set('file', new File([text], 'name'));
    for (const form of [files, new URLSearchParams({ text })]) {
      const { length, chunks } = await openBody(
        new Request(ORIGIN, { method: 'POST', body: form }),
      );
      expect(length).toBeGreaterThan(text.length);
      expect((await textOf(chunks)).length).toBe(length);
    }
    const other = await openBody(post(text));
    expect([other.length, await textOf(other.chunks)]).toEqual([null, text]);
  });

  test('has the length that the shim has said, and is not read for it', async () => {
    let pulls = 0;
    const slow = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          pulls += 1;
          controller.enqueue(new Uint8Array(40_000));
          if (pulls === 3) controller.close();
        },
      },
      { highWaterMark: 0 },
    );
    const headers = { [REQUEST_ID]: 'upload-1/120000' };
    const init = { method: 'POST', body: slow, duplex: 'half', headers } as RequestInit;
    const { length, chunks } = await openBody(new Request(ORIGIN, init));
    expect([length, pulls]).toEqual([120_000, 0]);
    expect((await textOf(chunks)).length).toBe(120_000);
  });

  test('that is small is read, so that a redirect can ask for it again, and has the length in any case', async () => {
    const headers = { [REQUEST_ID]: 'upload-1/4' };
    const quick = await openBody(new Request(ORIGIN, { method: 'POST', body: 'four', headers }));
    expect([quick.length, quick.copy?.size]).toEqual([4, 4]);
    let end = (): void => undefined;
    const slow = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(Uint8Array.of(1, 2));
        end = () => {
          controller.enqueue(Uint8Array.of(3, 4));
          controller.close();
        };
      },
    });
    const init = { method: 'POST', body: slow, duplex: 'half', headers } as RequestInit;
    const late = await openBody(new Request(ORIGIN, init));
    expect([late.length, late.copy]).toEqual([4, undefined]);
    end();
    expect((await textOf(late.chunks)).length).toBe(4);
  });

  test('that breaks off while it is read ahead, or later, is an error', async () => {
    const broken = (chunks: number) => {
      let count = 0;
      return new ReadableStream<Uint8Array>({
        pull(controller) {
          if ((count += 1) > chunks) controller.error(new Error('broken'));
          else controller.enqueue(new Uint8Array(SERVICE_WORKER_LIMITS.bodyPeekBytes));
        },
      }).getReader();
    };
    for (const chunks of [0, 3]) {
      const text = peek(broken(chunks)).then((body) => textOf(body.chunks));
      await expect(text).rejects.toThrow('broken');
    }
  });
});

describe('held forms', () => {
  const form = (): Request => new Request(`${ORIGIN}/submit`, { method: 'POST', body: 'a=1' });

  beforeEach(() => void jest.useFakeTimers({ doNotFake: ['setImmediate', 'queueMicrotask'] }));
  afterEach(() => void jest.useRealTimers());

  test('are awaited from the moment a shell says so until its frame has asked', async () => {
    const posts = new HeldPosts();
    await posts.hold('shell', form());
    expect(posts.isAwaited(`${ORIGIN}/submit`)).toBe(false);
    posts.announce('shell', `${ORIGIN}/submit`);
    expect(posts.isAwaited(`${ORIGIN}/submit`)).toBe(true);
    expect(posts.isAwaited(`${ORIGIN}/other`)).toBe(false);
    posts.take('shell', `${ORIGIN}/submit`);
    expect(posts.isAwaited(`${ORIGIN}/submit`)).toBe(false);
  });

  test('of one tab follow each other: the time of the first does not end the second', async () => {
    const posts = new HeldPosts();
    await posts.hold('shell', form());
    jest.advanceTimersByTime(SERVICE_WORKER_LIMITS.heldPostMs - 1);
    const second = form();
    await posts.hold('shell', second);
    jest.advanceTimersByTime(1);
    posts.announce('shell', second.url);
    expect(posts.take('shell', second.url)).toMatchObject({ request: second });
  });

  test('that are too large are not held', async () => {
    const posts = new HeldPosts();
    const large = form();
    const blob = { size: SERVICE_WORKER_LIMITS.heldPostBytes + 1 };
    Object.defineProperty(large, 'blob', { value: () => Promise.resolve(blob) });
    expect(await posts.hold('shell', large)).toBe(false);
    posts.announce('shell', large.url);
    expect(posts.take('shell', large.url)).toBe('lost');
  });
});

/** An exchange that the test ends. */
function exchange() {
  const aborted: string[] = [];
  let finish: () => void = () => undefined;
  const done = new Promise<void>((resolve) => (finish = resolve));
  const fake = { abort: ({ code }: { code: string }) => void aborted.push(code), done };
  return { fake: fake as unknown as TunnelFetch, aborted, finish };
}

describe('requests that were given up', () => {
  const numbered = (id: string) => ({ headers: new Headers({ [REQUEST_ID]: id }) });

  test('are remembered up to a number: an old one counts as a new one', () => {
    const givenUp = new GivenUp();
    givenUp.giveUp('old');
    for (let index = 1; index < SERVICE_WORKER_LIMITS.maxGivenUp; index += 1) {
      givenUp.giveUp(`id-${index}`);
    }
    expect(givenUp.has(numbered('old'))).toBe(true);
    givenUp.giveUp('one more');
    expect(givenUp.has(numbered('old'))).toBe(false);
    expect(givenUp.has({ headers: new Headers() })).toBe(false);
  });

  test('are no business of what has ended before, also when it ended with an error', async () => {
    const givenUp = new GivenUp();
    const failing = givenUp.during(numbered('one'), () => Promise.reject(new Error('failed')));
    await expect(failing).rejects.toThrow('failed');
    const { fake, aborted } = exchange();
    givenUp.giveUp('one');
    givenUp.add(numbered('two'), fake);
    givenUp.giveUp('one');
    expect(aborted).toEqual([]);
  });

  test('are answered with nothing', () => {
    expect([nobodyWaits().status, nobodyWaits().body]).toEqual([204, null]);
  });
});

describe('exchanges under way', () => {
  test('end with the tab that carries them, and those of other tabs go on', async () => {
    const gone = new Set<string>();
    const exchanges = new Exchanges(
      (tab) => Promise.resolve(gone.has(tab)),
      () => Promise.resolve(false),
    );
    const [one, two] = [exchange(), exchange()];
    exchanges.add('one', one.fake);
    exchanges.add('two', two.fake);
    await exchanges.sweep();
    expect(one.aborted).toEqual([]);
    gone.add('one');
    await exchanges.sweep();
    expect([one.aborted, two.aborted]).toEqual([['LINK_LOST'], []]);
    one.finish();
    two.finish();
  });

  test('are looked after for as long as there are any, and not after', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'queueMicrotask'] });
    let looks = 0;
    const exchanges = new Exchanges(
      () => Promise.resolve((looks += 1) < 0),
      () => Promise.resolve(false),
    );
    const [one, two] = [exchange(), exchange()];
    exchanges.add('tab', one.fake);
    exchanges.add('tab', two.fake);
    await jest.advanceTimersByTimeAsync(SERVICE_WORKER_LIMITS.keepAliveMs);
    expect(looks).toBe(1);
    one.finish();
    await jest.advanceTimersByTimeAsync(SERVICE_WORKER_LIMITS.keepAliveMs);
    expect(looks).toBe(2);
    two.finish();
    await jest.advanceTimersByTimeAsync(2 * SERVICE_WORKER_LIMITS.keepAliveMs);
    expect([looks, jest.getTimerCount()]).toEqual([2, 0]);
    jest.useRealTimers();
  });

  test('belong to what has asked, but for navigations, beacons and the unknown', () => {
    const plain = new Request(ORIGIN);
    expect(ownerOf(plain, 'page')).toBe('page');
    expect(ownerOf(plain, '')).toBeUndefined();
    expect(ownerOf(new Request(ORIGIN, { keepalive: true }), 'page')).toBeUndefined();
    const navigation = Object.defineProperty(new Request(ORIGIN), 'mode', { value: 'navigate' });
    expect(ownerOf(navigation, 'page')).toBeUndefined();
  });
});
