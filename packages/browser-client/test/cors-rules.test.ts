import { describe, expect, test } from '@jest/globals';
import {
  corsFault,
  hideHeaders,
  needsPreflight,
  preflightFault,
  preflightHeaders,
  preflightLife,
  type CorsRequest,
} from '../src/service-worker/cors-rules.js';

const ORIGIN = 'http://localhost:3000';

function request(
  headers: Record<string, string> = {},
  method = 'GET',
  credentials: RequestCredentials = 'same-origin',
): CorsRequest {
  return { method, headers: new Headers(headers), credentials };
}

const answer = (fields: Record<string, string>, status = 204) => ({
  status,
  headers: new Headers(fields),
});

describe('what needs a preflight', () => {
  test.each<[string, CorsRequest, boolean]>([
    ['GET', request(), false],
    ['POST of a form', request({ 'content-type': 'text/plain;charset=UTF-8' }, 'POST'), false],
    ['POST of JSON', request({ 'content-type': 'application/json' }, 'POST'), true],
    ['DELETE', request({}, 'DELETE'), true],
    ['what a browser adds', request({ 'user-agent': 'x', 'sec-ch-ua': 'y', dnt: '1' }), false],
    ['a simple range', request({ range: 'bytes=0-' }), false],
    ['a suffix range', request({ range: 'bytes=-5' }), true],
    ['an odd language', request({ 'accept-language': 'en"' }), true],
    ['a long value', request({ accept: 'x'.repeat(129) }), true],
    [
      'an event source that goes on',
      request({ accept: 'text/event-stream', 'last-event-id': '7' }),
      false,
    ],
  ])('%s', (_, asked, expected) => {
    expect(needsPreflight(asked)).toBe(expected);
  });

  test('the question names method and fields, sorted', () => {
    const asked = request({ 'x-b': '1', 'X-A': '1' }, 'PUT');
    expect(preflightHeaders(asked)).toEqual([
      ['accept', '*/*'],
      ['access-control-request-method', 'PUT'],
      ['access-control-request-headers', 'x-a,x-b'],
    ]);
  });
});

describe('the answer to a preflight', () => {
  const asked = request({ 'x-a': '1' }, 'PUT');
  const consent = {
    'access-control-allow-origin': ORIGIN,
    'access-control-allow-methods': 'GET, PUT',
    'access-control-allow-headers': 'X-A',
  };

  test('allows, or says what it lacks', () => {
    expect(preflightFault(asked, answer(consent), ORIGIN)).toBeUndefined();
    expect(preflightFault(asked, answer(consent, 404), ORIGIN)).toContain('status');
    expect(preflightFault(asked, answer(consent), 'http://localhost:4000')).toContain('Origin');
    const without = (name: string) => answer({ ...consent, [name]: 'x-other' });
    const methods = without('access-control-allow-methods');
    expect(preflightFault(asked, methods, ORIGIN)).toContain('PUT');
    const fields = without('access-control-allow-headers');
    expect(preflightFault(asked, fields, ORIGIN)).toContain('x-a');
  });

  test('a star is no wildcard with credentials', () => {
    const stars = answer({
      'access-control-allow-origin': ORIGIN,
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': '*',
      'access-control-allow-headers': '*',
    });
    expect(preflightFault(asked, stars, ORIGIN)).toBeUndefined();
    const included = request({ 'x-a': '1' }, 'PUT', 'include');
    expect(preflightFault(included, stars, ORIGIN)).toBeDefined();
  });

  test('holds for 5 s, or what it says, up to two hours', () => {
    const life = (age?: string) =>
      preflightLife(new Headers(age === undefined ? {} : { 'access-control-max-age': age }));
    expect([life(), life('60'), life('0'), life('-1'), life('1e9'), life('x')]).toEqual([
      5, 60, 0, 0, 7200, 5,
    ]);
  });
});

describe('what a page may read', () => {
  const fault = (fields: Record<string, string>, credentials: RequestCredentials = 'omit') =>
    corsFault(new Headers(fields), ORIGIN, credentials);

  test('by origin and credentials', () => {
    const mine = { 'access-control-allow-origin': ORIGIN };
    const any = { 'access-control-allow-origin': '*' };
    const trusted = { ...mine, 'access-control-allow-credentials': 'true' };
    expect([fault(mine), fault(any), fault(trusted, 'include')]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    const refused = [
      fault({}),
      fault({ 'access-control-allow-origin': `${ORIGIN}, *` }),
      fault({ 'access-control-allow-origin': 'null' }),
      fault(any, 'include'),
      fault(mine, 'include'),
      fault({ ...any, 'access-control-allow-credentials': 'true' }, 'include'),
      fault({ ...mine, 'access-control-allow-credentials': 'TRUE' }, 'include'),
    ];
    expect(refused).not.toContain(undefined);
  });

  test('fields that are safe or exposed', () => {
    const shown = (expose: string, credentials: RequestCredentials): string[] => {
      const headers = new Headers({ 'content-type': 'a/b', 'x-a': '1', 'x-b': '1' });
      headers.set('access-control-expose-headers', expose);
      hideHeaders(headers, credentials);
      return [...headers.keys()];
    };
    expect(shown('X-A', 'omit')).toEqual(['content-type', 'x-a']);
    expect(shown('*', 'omit')).toContain('x-b');
    expect(shown('*', 'include')).toEqual(['content-type']);
  });
});
