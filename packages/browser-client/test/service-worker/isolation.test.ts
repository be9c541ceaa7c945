import { describe, expect, jest, test } from '@jest/globals';
import { inIsolatedTab, isAttachment, Isolation } from '../../src/service-worker/isolation.js';
import { SERVICE_WORKER_LIMITS } from '../../src/shared/limits.js';
import { FakeCaches } from '../support/fake-caches.js';

const EMBEDDER = 'cross-origin-embedder-policy';

describe('whether the shell is isolated', () => {
  test('is off at first, and asked for once', async () => {
    const caches = new FakeCaches();
    const isolation = new Isolation('1', caches.asCaches);
    expect([await isolation.isOn, await isolation.isOn]).toEqual([false, false]);
    expect(caches.matches).toBe(1);
  });

  test('is remembered by the next service worker of the version, and no other', async () => {
    const { asCaches } = new FakeCaches();
    const isolation = new Isolation('1', asCaches);
    await isolation.turn(true);
    expect(await isolation.isOn).toBe(true);
    expect(await new Isolation('1', asCaches).isOn).toBe(true);
    expect(await new Isolation('2', asCaches).isOn).toBe(false);
    await isolation.turn(false);
    expect(await isolation.isOn).toBe(false);
    expect(await new Isolation('1', asCaches).isOn).toBe(false);
  });

  test('is off when the browser’s disk does not say, or fails', async () => {
    const broken = { match: () => Promise.reject(new Error('the disk')) };
    expect(await new Isolation('1', broken as unknown as CacheStorage).isOn).toBe(false);
    jest.useFakeTimers({ doNotFake: ['queueMicrotask'] });
    const stuck = { match: () => new Promise(() => undefined) };
    const { isOn } = new Isolation('1', stuck as unknown as CacheStorage);
    await jest.advanceTimersByTimeAsync(SERVICE_WORKER_LIMITS.keptAnswerMs);
    jest.useRealTimers();
    expect(await isOn).toBe(false);
  });

  test('holds at once, before it is written', async () => {
    const isolation = new Isolation('1', new FakeCaches().asCaches);
    const written = isolation.turn(true);
    expect(await isolation.isOn).toBe(true);
    await written;
  });
});

describe('in an isolated tab', () => {
  test.each(['require-corp', 'credentialless', 'require-corp; report-to="x"'])(
    'a page with %s stays as it is',
    (policy) => {
      const response = new Response('page', { headers: { [EMBEDDER]: policy } });
      expect(inIsolatedTab(response, 'GET')).toBe(response);
    },
  );

  test.each<[string, string, ResponseInit]>([
    ['a redirect', 'GET', { status: 302, headers: { location: '/other' } }],
    ['an answer without a body', 'GET', { status: 204 }],
    ['one that resets a form', 'GET', { status: 205 }],
    ['a problem of ours', 'GET', { headers: { 'wingman-error': 'LINK_LOST' } }],
    ['a file', 'GET', { headers: { 'content-disposition': 'attachment' } }],
    ['an answer to a POST', 'POST', {}],
  ])('%s is let in and does not end isolation', (_, method, init) => {
    const hasBody = init.status !== 204 && init.status !== 205;
    const response = new Response(hasBody ? 'body' : null, init);
    const shown = inIsolatedTab(response, method);
    expect(shown).toBe(response);
    expect(shown.headers.get(EMBEDDER)).toBe('require-corp');
  });

  test('a page that doesn’t ask for isolation has the tab leave it', async () => {
    const silent = inIsolatedTab(new Response('page'), 'GET');
    expect(await silent.text()).toContain('isolate(false)');
    // It is shown meanwhile, and so asks for isolation itself.
    expect(silent.headers.get(EMBEDDER)).toBe('require-corp');
    const headers = { [EMBEDDER]: 'unsafe-none' };
    const refusing = inIsolatedTab(new Response('page', { headers }), 'GET');
    expect(await refusing.text()).toContain('isolate(false)');
  });

  test('a page that is let go is not kept by the browser', () => {
    const { headers } = inIsolatedTab(new Response('page'), 'GET');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('content-type')).toContain('text/html');
  });
});

test.each([
  ['attachment', true],
  [' Attachment; filename="a"', true],
  ['inline', false],
  ['inline; filename=attachment', false],
  ['', false],
])('Content-Disposition %j saves a file: %j (RFC 6266 section 4.2)', (value, expected) => {
  const headers = { 'content-disposition': value };
  expect(isAttachment(new Response('x', { headers }))).toBe(expected);
  expect(isAttachment(new Response('x'))).toBe(false);
});
