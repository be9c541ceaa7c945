import { describe, expect, test } from '@jest/globals';
import { gzipSync } from 'node:zlib';
import { WingmanError } from '@wingman/protocol';
import { buildReply, dropBody, problemResponse, readsBody } from '../src/service-worker/reply.js';
import { openBody, peek } from '../src/service-worker/request-body.js';
import { requestHead, type HeadSource } from '../src/service-worker/request-head.js';
import { destinationOf, isFrameNavigation } from '../src/service-worker/routing.js';
import type { HeaderPair } from '../src/shared/exchange-messages.js';
import { collect } from './support/linked-host.js';

const ORIGIN = 'https://s.example';
const SURROUNDINGS = { origin: ORIGIN, userAgent: 'agent', languages: ['en'] };

function source(more: Partial<HeadSource> = {}): HeadSource {
  return {
    method: 'GET',
    url: `${ORIGIN}/path?q=1#f`,
    headers: new Headers(),
    destination: 'script',
    mode: 'cors',
    credentials: 'same-origin',
    referrer: 'about:client',
    cache: 'default',
    referrerPolicy: '',
    ...more,
  };
}

function stream(...chunks: (string | Uint8Array)[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(Buffer.from(chunk));
      controller.close();
    },
  });
}

describe('routing', () => {
  test.each([
    ['https://other.example/', 'cors', '', 'untouched'],
    ['http://localhost:8080/', 'cors', '', 'port'],
    ['http://tenant.localhost:8080/', 'no-cors', 'image', 'port'],
    ['http://localhost:8080/', 'navigate', 'iframe', 'untouched'],
    [`${ORIGIN}/__wingman/shim.js`, 'no-cors', 'script', 'asset'],
    [`${ORIGIN}/__wingman/relay?link=a`, 'cors', '', 'relay'],
    [`${ORIGIN}/__wingman/entry`, 'navigate', 'iframe', 'entry'],
    [`${ORIGIN}/page`, 'navigate', 'document', 'shell'],
    [`${ORIGIN}/__wingman/diagnostics`, 'navigate', 'document', 'shell'],
    [`${ORIGIN}/__wingman/diagnostics`, 'navigate', 'iframe', 'asset'],
    [`${ORIGIN}/__wingman/speed?bytes=9`, 'cors', '', 'app'],
    [`${ORIGIN}/__wingman/speed`, 'navigate', 'document', 'shell'],
    [`${ORIGIN}/__wingman/in/page`, 'navigate', 'iframe', 'shell'],
    [`${ORIGIN}/__wingman/inner`, 'navigate', 'iframe', 'asset'],
    [`${ORIGIN}/__wingman/door/8080`, 'navigate', 'document', 'untouched'],
    [`${ORIGIN}/page`, 'navigate', 'iframe', 'app'],
    [`${ORIGIN}/app.js`, 'cors', 'script', 'app'],
    [`${ORIGIN}/api`, 'cors', '', 'app'],
  ])('%s %s %s goes to %s', (url, mode, destination, expected) => {
    expect(destinationOf({ url, mode, destination }, ORIGIN)).toBe(expected);
  });

  test('a frame’s navigation is not the tab’s', () => {
    const signature = { url: ORIGIN, mode: 'navigate' };
    expect(isFrameNavigation({ ...signature, destination: 'iframe' })).toBe(true);
    expect(isFrameNavigation({ ...signature, destination: 'document' })).toBe(false);
    expect(isFrameNavigation({ url: ORIGIN, mode: 'cors', destination: '' })).toBe(false);
  });
});

describe('the request head', () => {
  const none = { present: false, length: null };
  const headersOf = (request: HeadSource, body: Parameters<typeof requestHead>[2] = none) =>
    new Map(requestHead(request, SURROUNDINGS, body).headers);

  test('has path and query, what the page set, and what the browser would have added', () => {
    const headers = new Headers({ 'x-own': '1', accept: 'text/css' });
    const head = requestHead(source({ headers }), SURROUNDINGS, none);
    expect(head).toMatchObject({ target: '/path?q=1', destination: 'script', hasBody: false });
    expect(new Map(head.headers)).toEqual(
      new Map([
        ['accept', 'text/css'],
        ['x-own', '1'],
        ['accept-encoding', 'gzip, deflate'],
        ['accept-language', 'en'],
        ['user-agent', 'agent'],
      ]),
    );
  });

  test('fetch() has the destination "empty"', () => {
    expect(requestHead(source({ destination: '' }), SURROUNDINGS, none).destination).toBe('empty');
  });

  test('the referrer becomes Referer', () => {
    expect(headersOf(source({ referrer: `${ORIGIN}/from` })).get('referer')).toBe(`${ORIGIN}/from`);
    expect(headersOf(source({ referrer: '' })).has('referer')).toBe(false);
  });

  test('Origin goes with what changes things, never with GET', () => {
    expect(headersOf(source()).has('origin')).toBe(false);
    expect(headersOf(source({ method: 'POST' })).get('origin')).toBe(ORIGIN);
    const hidden = { method: 'POST', mode: 'no-cors', referrerPolicy: 'no-referrer' } as const;
    expect(headersOf(source(hidden)).get('origin')).toBe('null');
  });

  test('a form from another site keeps that site’s origin', () => {
    const form = { method: 'POST', mode: 'navigate' } as const;
    const foreign = { ...form, referrer: 'https://evil.example/x' };
    expect(headersOf(source(foreign)).get('origin')).toBe('https://evil.example');
    expect(headersOf(source({ ...form, referrer: '' })).get('origin')).toBe('null');
  });

  test('the length is said where it is known', () => {
    const post = source({ method: 'POST' });
    expect(headersOf(post, { present: true, length: 5 }).get('content-length')).toBe('5');
    expect(headersOf(post, { present: true, length: null }).has('content-length')).toBe(false);
    expect(headersOf(post).get('content-length')).toBe('0');
    expect(headersOf(source({ method: 'DELETE' })).has('content-length')).toBe(false);
  });
});

describe('the request body', () => {
  test('GET has none, an empty POST has none', async () => {
    expect((await openBody(new Request(ORIGIN))).chunks).toBeUndefined();
    expect((await openBody(new Request(ORIGIN, { method: 'POST' }))).chunks).toBeUndefined();
  });

  test('a small one is sent with its length', async () => {
    const body = await openBody(new Request(ORIGIN, { method: 'POST', body: 'hello' }));
    expect(body.length).toBe(5);
    expect(Buffer.from(await collect(body.chunks ?? stream())).toString()).toBe('hello');
  });

  test('a large one is streamed without', async () => {
    const reader = stream(new Uint8Array(60_000), new Uint8Array(60_000)).getReader();
    const body = await peek(reader);
    expect(body.length).toBeNull();
    expect((await collect(body.chunks ?? stream())).byteLength).toBe(120_000);
  });

  test('a slow one is not waited for', async () => {
    let finish = (): void => undefined;
    const slow = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(Buffer.from('first'));
        finish = () => {
          controller.enqueue(Buffer.from(' second'));
          controller.close();
        };
      },
    });
    const body = await peek(slow.getReader(), 1);
    expect(body.length).toBeNull();
    finish();
    expect(Buffer.from(await collect(body.chunks ?? stream())).toString()).toBe('first second');
  });

  test('leaving it cancels the stream', async () => {
    let reason: unknown = 'not cancelled';
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(50_000)),
      cancel: (why) => void (reason = why),
    });
    const body = await peek(endless.getReader());
    for await (const chunk of body.chunks ?? stream()) {
      expect(chunk.byteLength).toBe(50_000);
      break;
    }
    expect(reason).toBeUndefined();
  });

  test('where requests have no stream, the blob stands in', async () => {
    const request = new Request(ORIGIN, { method: 'PUT', body: 'from a blob' });
    Object.defineProperty(request, 'body', { value: undefined });
    const body = await openBody(request);
    expect(body.length).toBe(11);
    expect(Buffer.from(await collect(body.chunks ?? stream())).toString()).toBe('from a blob');
  });
});

describe('the reply', () => {
  const context = { method: 'GET', url: `${ORIGIN}/dir/page`, isFrameNavigation: false };
  const build = (status: number, headers: HeaderPair[], more = {}) =>
    buildReply({ status, statusText: 'Fine', headers }, { ...context, ...more }, stream('body'));

  test('has status, headers and body', async () => {
    const response = build(201, [
      ['x-a', '1'],
      ['x-a', '2'],
      ['in valid', 'dropped'],
    ]);
    expect([response.status, response.statusText, response.headers.get('x-a')]).toEqual([
      201,
      'Fine',
      '1, 2',
    ]);
    expect(await response.text()).toBe('body');
  });

  test.each([204, 205, 304])('%i has no body', (status) => {
    expect(build(status, []).body).toBeNull();
    expect(readsBody({ status, statusText: '', headers: [] }, 'GET')).toBe(false);
  });

  test('HEAD has no body, with all the headers', () => {
    const response = build(200, [['content-length', '9']], { method: 'HEAD' });
    expect(response.body).toBeNull();
    expect(response.headers.get('content-length')).toBe('9');
  });

  test('a redirect’s Location is absolute', () => {
    expect(build(302, [['location', '../x?y']]).headers.get('location')).toBe(`${ORIGIN}/x?y`);
    expect(build(201, [['location', 'x']]).headers.get('location')).toBe('x');
  });

  test('an empty Location is left to the browser, body included', async () => {
    const response = build(302, [['location', '']]);
    expect(response.headers.get('location')).toBe('');
    expect(await response.text()).toBe('body');
  });

  test('a frame that is sent to another site takes the tab along', async () => {
    const away: HeaderPair[] = [['location', 'https://login.example/?</script>']];
    expect(build(302, away).status).toBe(302);
    const page = build(302, away, { isFrameNavigation: true });
    expect(page.status).toBe(200);
    const html = await page.text();
    expect(html).toContain('https://login.example/');
    expect(html.match(/<\/script>/g)).toHaveLength(1);
  });

  test.each([
    'javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    'java\tscript:alert(1)',
    'data:text/html,<script>alert(1)</script>',
    `blob:${ORIGIN}/0b3c7a4e-1111-4222-8333-444444444444`,
    'about:srcdoc',
    'http://[',
  ])('a frame follows no redirect to %j', (location) => {
    const redirect: HeaderPair[] = [['location', location]];
    expect(() => build(302, redirect, { isFrameNavigation: true })).toThrow(
      expect.objectContaining({ code: 'PROTOCOL_ERROR' }),
    );
    // What scripts ask for is the browser's own to follow or not.
    expect(build(302, redirect).status).toBe(302);
  });

  test('a body that came as a whole is the response’s', async () => {
    const head = { status: 200, statusText: '', headers: [] };
    const bytes = new Uint8Array(Buffer.from('whole'));
    expect(await buildReply(head, context, bytes).text()).toBe('whole');
    expect(buildReply(head, { ...context, method: 'HEAD' }, bytes).body).toBeNull();
    await dropBody(bytes);
  });

  test.each([
    ['stream', (bytes: Uint8Array) => stream(bytes)],
    ['whole', (bytes: Uint8Array) => new Uint8Array(bytes)],
  ])('encoded bodies are decoded, and a broken one is an error: %s', async (_, bodyOf) => {
    const encoded = gzipSync('hello');
    const head = {
      status: 200,
      statusText: '',
      headers: [['content-encoding', 'gzip']] as HeaderPair[],
    };
    const response = buildReply(head, context, bodyOf(encoded));
    expect(response.headers.has('content-encoding')).toBe(false);
    expect(await response.text()).toBe('hello');
    const cut = buildReply(head, context, bodyOf(encoded.subarray(0, 12)));
    await expect(cut.text()).rejects.toThrow();
  });

  test('a status that no Response can have is a protocol error', () => {
    expect(() => build(999, [])).toThrow(expect.objectContaining({ code: 'PROTOCOL_ERROR' }));
  });
});

describe('a problem', () => {
  test('is a page for those who accept one, which the shell can recognise, and JSON for others', async () => {
    const error = new WingmanError('TIMEOUT', 'late');
    const page = problemResponse(error, { accept: 'text/html,*/*', method: 'GET' });
    expect([page.status, page.headers.get('wingman-error')]).toEqual([504, 'TIMEOUT']);
    expect(await page.text()).toContain('<meta name="wingman-problem">');
    const json: unknown = await problemResponse(error, { accept: '*/*', method: 'GET' }).json();
    expect(json).toMatchObject({ error: { status: 504, code: 'TIMEOUT' } });
  });

  test.each([
    ['POST', 'TIMEOUT'],
    ['GET', 'LINK_LOST'],
    ['GET', 'UPSTREAM_ABORTED'],
  ] as const)('of a %s that failed with %s is not repeated by the shell', async (method, code) => {
    const error = new WingmanError(code, 'lost');
    const page = problemResponse(error, { accept: 'text/html', method });
    expect(await page.text()).not.toContain('wingman-problem');
  });
});
