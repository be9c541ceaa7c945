import { describe, expect, test } from '@jest/globals';
import { REQUEST_ID } from '../../src/shared/request-fields.js';
import { requestHead, type HeadSource } from '../../src/service-worker/request-head.js';
import { destinationOf } from '../../src/service-worker/routing.js';
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
    [`${ORIGIN}:8443/`, 'cors', 'port'],
    [`${ORIGIN}:8443/`, 'navigate', 'untouched'],
    ['https://t.example:8443/', 'cors', 'untouched'],
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
