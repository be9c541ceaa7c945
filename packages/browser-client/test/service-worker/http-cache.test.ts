import { beforeEach, describe, expect, test } from '@jest/globals';
import { CACHE_PREFIX } from '@wingman/protocol';
import { HttpCache, type Answer, type AskApp } from '../../src/service-worker/http-cache.js';
import { requestHead } from '../../src/service-worker/request-head.js';
import type { HeaderPair } from '../../src/shared/exchange-messages.js';
import { FakeCaches } from '../support/fake-caches.js';
import { eventually } from '../support/linked-host.js';

const ORIGIN = 'https://s.example';
const SURROUNDINGS = { origin: ORIGIN, userAgent: 'agent', languages: ['en'] };
const FRESH = { 'cache-control': 'max-age=60' };
const NAME = `${CACHE_PREFIX}1-http-session-1`;

let caches: FakeCaches;
let cache: HttpCache;
let now: number;
/** The conditions of each request that has reached the app. */
let asked: (readonly HeaderPair[])[];

beforeEach(() => {
  caches = new FakeCaches();
  now = Date.parse('Mon, 23 Nov 2026 12:00:00 GMT');
  cache = started();
  asked = [];
});

/** A service worker's cache; what an earlier one has kept is there already. */
function started(storage: CacheStorage = caches.asCaches): HttpCache {
  return new HttpCache('1', storage, { now: () => now, setTimeout: soon });
}

/** Pages come to rest at once here. */
function soon(callback: () => void): { cancel: () => void } {
  const timer = setImmediate(callback);
  return { cancel: () => clearImmediate(timer) };
}

function says(
  status: number,
  fields: Record<string, string> = {},
  body: string | ReadableStream<Uint8Array> | null = null,
): AskApp {
  return (conditions): Promise<Answer> => {
    asked.push(conditions);
    const headers = Object.entries(fields);
    const whole = typeof body === 'string' ? new TextEncoder().encode(body) : null;
    const response = new Response(body, { status, headers });
    return Promise.resolve({ head: { status, statusText: '', headers }, response, body: whole });
  };
}

interface Asked extends RequestInit {
  path?: string;
  session?: string;
  isNavigation?: boolean;
}

function ask(
  app: AskApp,
  { path = '/a?b', session = 'session-1', isNavigation, ...init }: Asked = {},
) {
  const request = new Request(`${ORIGIN}${path}#part`, init);
  if (isNavigation) Object.defineProperty(request, 'mode', { value: 'navigate' });
  const head = requestHead(request, SURROUNDINGS, { present: false, length: null });
  return cache.answer({ request, head, session }, app);
}

async function textOf(app: AskApp, more: Asked = {}): Promise<string> {
  return (await ask(app, more)).text();
}

/** Has an answer kept, and waits until it is. */
async function keep(
  fields: Record<string, string>,
  body = 'kept',
  more: Asked = {},
): Promise<void> {
  expect(await textOf(says(200, fields, body), more)).toBe(body);
  await eventually(() => caches.pathsIn(NAME).length > 0);
  await new Promise(setImmediate);
  asked = [];
}

/** A body that comes bit by bit. */
function streamed(chunks: readonly string[], error?: Error): ReadableStream<Uint8Array> {
  const left = [...chunks];
  return new ReadableStream({
    pull(controller) {
      const chunk = left.shift();
      if (chunk !== undefined) return controller.enqueue(Buffer.from(chunk));
      if (error === undefined) controller.close();
      else controller.error(error);
    },
  });
}

describe('an answer', () => {
  test('that is fresh is asked for once, whatever service worker runs', async () => {
    await keep(FRESH);
    expect(await textOf(says(200, {}, 'new'))).toBe('kept');
    cache = started();
    expect(await textOf(says(200, {}, 'new'))).toBe('kept');
    expect(asked).toEqual([]);
  });

  test('that is still being written is there already, unless it was forgotten meanwhile', async () => {
    await ask(says(200, FRESH, 'kept'));
    expect(await textOf(says(500))).toBe('kept');
    await ask(says(200, FRESH, 'other'), { path: '/other' });
    await ask(says(204), { method: 'POST', path: '/other' });
    await eventually(() => caches.pathsIn(NAME).includes('/a?b'));
    await new Promise(setImmediate);
    expect(caches.pathsIn(NAME)).toEqual(['/a?b']);
    expect(await textOf(says(200, {}, 'new'), { path: '/other' })).toBe('new');
  });

  test('that is no longer fresh is asked for anew, and replaced', async () => {
    await keep(FRESH);
    now += 61_000;
    expect(await textOf(says(200, FRESH, 'new'))).toBe('new');
    expect(asked).toEqual([[]]);
    await new Promise(setImmediate);
    expect(await textOf(says(200, {}, 'newest'))).toBe('new');
  });

  test('that has changed meanwhile is the new one, and the old one goes where that may not be kept', async () => {
    await keep({ etag: '"1"' });
    expect(await textOf(says(200, { 'cache-control': 'no-store' }, 'new'))).toBe('new');
    expect(asked).toEqual([[['if-none-match', '"1"']]]);
    await eventually(() => caches.pathsIn(NAME).length === 0);
  });

  test.each(['"1"', undefined])(
    'that the app confirms with the name %s stays as it was kept',
    async (etag) => {
      await keep({ etag: '"1"', 'x-own': 'old' });
      const confirmed = says(304, { date: 'Mon, 23 Nov 2026 12:00:01 GMT', ...(etag && { etag }) });
      const response = await ask(confirmed);
      expect([response.status, await response.text()]).toEqual([200, 'kept']);
      expect(response.headers.get('x-own')).toBe('old');
      expect(asked).toEqual([[['if-none-match', '"1"']]]);
    },
  );

  test('has the fields of the 304 that confirms it from then on', async () => {
    await keep({ etag: '"1"', 'x-own': 'old' });
    const response = await ask(says(304, { ...FRESH, 'x-own': 'new' }));
    expect([response.headers.get('x-own'), await response.text()]).toEqual(['new', 'kept']);
    await new Promise(setImmediate);
    cache = started();
    const again = await ask(says(500));
    expect([again.headers.get('x-own'), await again.text()]).toEqual(['new', 'kept']);
    expect(asked).toHaveLength(1);
  });

  test('that is fresh again by a 304 is not asked about meanwhile', async () => {
    await keep({ ...FRESH, etag: '"1"' });
    now += 61_000;
    expect(await textOf(says(304, FRESH))).toBe('kept');
    expect(await textOf(says(500))).toBe('kept');
    expect(asked).toHaveLength(1);
  });

  test('that comes bit by bit is kept with its size', async () => {
    await keep(FRESH, 'x');
    const response = await ask(says(200, FRESH, streamed(['ab', 'cd'])), { path: '/long' });
    expect(await response.text()).toBe('abcd');
    await eventually(() => caches.pathsIn(NAME).includes('/long'));
    await new Promise(setImmediate);
    cache = started();
    expect(await textOf(says(500), { path: '/long' })).toBe('abcd');
  });

  test('that breaks off is not kept, nor is one that the page leaves', async () => {
    const broken = await ask(says(200, FRESH, streamed(['ab'], new Error('broken'))));
    await expect(broken.text()).rejects.toThrow();
    await (await ask(says(200, FRESH, streamed(['ab', 'cd'])))).body?.cancel();
    await new Promise(setImmediate);
    expect(await textOf(says(200, {}, 'whole'))).toBe('whole');
    expect(asked).toEqual([[], [], []]);
  });

  test.each<[string, number, Record<string, string>]>([
    ['another status', 404, FRESH],
    ['a part', 206, FRESH],
    ['no-store', 200, { 'cache-control': 'no-store', etag: '"1"' }],
    ['nothing that could renew it', 200, {}],
    ['more than one may have', 200, { ...FRESH, 'content-length': String(2 ** 31) }],
  ])('with %s is not kept', async (_, status, fields) => {
    for (const body of [streamed(['long']), streamed(['new'])]) {
      await textOf(says(status, fields, body));
      await new Promise(setImmediate);
    }
    expect(asked).toEqual([[], []]);
  });
});

describe('a request', () => {
  test.each<[RequestCache, string, number]>([
    ['default', 'kept', 0],
    ['force-cache', 'kept', 0],
    ['only-if-cached', 'kept', 0],
    ['no-cache', 'kept', 1],
    ['reload', 'new', 0],
    ['no-store', 'new', 0],
  ])(
    'with cache: %s is answered by what is %s, with %i conditions',
    async (mode, body, conditions) => {
      await keep({ ...FRESH, etag: '"1"' });
      const app: AskApp = (fields) =>
        fields.length > 0 ? says(304)(fields) : says(200, {}, 'new')(fields);
      expect(await textOf(app, { cache: mode, mode: 'same-origin' })).toBe(body);
      expect(asked.flat()).toHaveLength(conditions);
      expect(asked).toHaveLength(body === 'new' || conditions > 0 ? 1 : 0);
    },
  );

  test('for the cache alone, of what is not there, fails and asks nobody', async () => {
    const init = { cache: 'only-if-cached', mode: 'same-origin' } as const;
    expect((await ask(says(200), init)).type).toBe('error');
    expect(asked).toEqual([]);
  });

  test('with cache: reload replaces what is kept, and with no-store it does not', async () => {
    await keep(FRESH);
    await textOf(says(200, FRESH, 'new'), { cache: 'no-store' });
    expect(await textOf(says(500))).toBe('kept');
    await textOf(says(200, FRESH, 'new'), { cache: 'reload' });
    await new Promise(setImmediate);
    expect(await textOf(says(500))).toBe('new');
  });

  test('that speaks of the cache has what nothing can renew kept, for force-cache alone', async () => {
    for (const cache of ['reload', 'no-cache', 'force-cache'] as const) {
      await textOf(says(200, {}, cache), { cache, path: `/${cache}` });
      await new Promise(setImmediate);
      expect(await textOf(says(500), { cache: 'force-cache', path: `/${cache}` })).toBe(cache);
      expect(await textOf(says(200, {}, 'new'), { path: `/${cache}` })).toBe('new');
      expect(
        await textOf(says(200, {}, 'newer'), { cache: 'force-cache', path: `/${cache}` }),
      ).toBe('newer');
    }
  });

  test.each<[string, Asked]>([
    ['has conditions of its own', { headers: { 'if-none-match': '"2"' } }],
    ['wants a part', { headers: { range: 'bytes=0-1' } }],
    ['is for a document', { isNavigation: true }],
    ['is no GET', { method: 'HEAD' }],
  ])('that %s goes to the app as it is, and so does the answer to the page', async (_, init) => {
    await keep({ ...FRESH, etag: '"1"' });
    expect((await ask(says(304, FRESH), init)).status).toBe(304);
    expect(asked).toEqual([[]]);
    expect(await textOf(says(500))).toBe('kept');
  });

  test('that differs in what the answer varies by is asked for anew', async () => {
    await keep({ ...FRESH, vary: 'x-kind' }, 'kept', { headers: { 'x-kind': '1' } });
    expect(await textOf(says(500), { headers: { 'x-kind': '1' } })).toBe('kept');
    expect(await textOf(says(200, {}, 'other'), { headers: { 'x-kind': '2' } })).toBe('other');
  });

  test.each<[number, string]>([
    [204, 'new'],
    [303, 'new'],
    [500, 'kept'],
  ])('that changes something and is answered by %i leaves what is %s', async (status, left) => {
    await keep(FRESH);
    await keep(FRESH, 'kept', { path: '/there' });
    await ask(says(status, { location: '/there' }), { method: 'POST' });
    expect(await textOf(says(200, {}, 'new'))).toBe(left);
    expect(await textOf(says(200, {}, 'new'), { path: '/there' })).toBe(left);
  });
});

describe('what is kept', () => {
  test('belongs to one session: another one finds nothing, and deletes it', async () => {
    await keep(FRESH);
    expect(await textOf(says(200, {}, 'other'), { session: 'session-2' })).toBe('other');
    await eventually(() => caches.pathsIn(NAME).length === 0);
    expect(await caches.has(NAME)).toBe(false);
  });

  test('is nothing for a tab whose session is unknown', async () => {
    await ask(says(200, FRESH, 'body'), { session: '' });
    expect(await textOf(says(200, {}, 'new'), { session: '' })).toBe('new');
    expect(await caches.keys()).toEqual([]);
  });

  test('goes when the app says so, with what is on its way', async () => {
    await keep(FRESH);
    const slow = await ask(says(200, FRESH, streamed(['ab', 'cd'])), { path: '/slow' });
    const clearing = { ...FRESH, 'clear-site-data': '"cache"' };
    await textOf(says(200, clearing, 'bye'), { method: 'POST', path: '/logout' });
    expect(await caches.has(NAME)).toBe(false);
    expect(await slow.text()).toBe('abcd');
    await new Promise(setImmediate);
    expect(await caches.has(NAME)).toBe(false);
    expect(await textOf(says(200, {}, 'new'))).toBe('new');
  });

  test('may be deleted by others, as when the session is over: it is asked for anew', async () => {
    await keep({ etag: '"1"' });
    await caches.delete(NAME);
    expect(await textOf(says(200, {}, 'new'))).toBe('new');
    expect(await caches.has(NAME)).toBe(false);
  });

  test('costs nothing where the browser has no room, or no caches', async () => {
    caches.refusesMore = true;
    expect(await textOf(says(200, FRESH, 'body'))).toBe('body');
    cache = started({} as CacheStorage);
    expect(await textOf(says(200, FRESH, streamed(['ab'])))).toBe('ab');
    expect(await textOf(says(200, FRESH, 'again'))).toBe('again');
  });
});
