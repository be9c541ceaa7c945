import { describe, expect, test } from '@jest/globals';
import {
  corsFault,
  hideHeaders,
  needsPreflight,
  preflightFault,
  preflightHeaders,
  preflightLife,
  type CorsRequest,
} from '../../src/service-worker/cors-rules.js';

const ORIGIN = 'http://localhost:3000';

const request = (
  headers: Record<string, string> = {},
  method = 'GET',
  credentials: RequestCredentials = 'same-origin',
): CorsRequest => ({ method, headers: new Headers(headers), credentials });

/** The field names that a preflight has to ask for. */
const unsafeNames = (headers: Record<string, string>): string | undefined =>
  new Map(preflightHeaders(request(headers))).get('access-control-request-headers');

describe('a safelisted field (Fetch, "CORS-safelisted request-header")', () => {
  test.each<[string, string, boolean]>([
    ['accept', 'text/html, */*;q=0.8', true],
    ['accept', 'a\tb', true],
    ['accept', 'text/html; q="1"', false],
    ['accept', '<script>', false],
    ['accept', 'x'.repeat(128), true],
    ['accept-language', 'de-AT, en;q=0.9, *', true],
    ['accept-language', 'de_AT', false],
    ['content-language', 'de', true],
    ['content-language', 'de\t', true],
    ['content-type', 'multipart/form-data; boundary=x', true],
    ['content-type', 'APPLICATION/X-WWW-FORM-URLENCODED', true],
    ['content-type', 'text/plain; charset="utf-8"', false],
    ['content-type', 'text/plainer', false],
    ['content-type', '', false],
    ['range', 'bytes=0-', true],
    ['range', 'bytes=5-99', true],
    ['range', 'bytes=0-1,5-6', false],
    ['range', 'items=0-', false],
  ])('%s: %j needs no question: %j', (name, value, isSafe) => {
    expect(needsPreflight(request({ [name]: value }))).toBe(!isSafe);
  });

  test('is none of a page’s own making, and none of the browser’s is asked for', () => {
    const own = { 'x-own': '1', authorization: 'Bearer x', 'last-event-id': '7' };
    const browsers = { 'sec-fetch-mode': 'cors', 'proxy-x': '1', origin: ORIGIN, priority: 'u=1' };
    const quiet = { 'upgrade-insecure-requests': '1', purpose: 'prefetch', 'save-data': 'on' };
    expect(unsafeNames({ ...own, ...browsers, ...quiet })).toBe(
      'authorization,last-event-id,x-own',
    );
    expect(unsafeNames({ ...browsers, ...quiet })).toBeUndefined();
  });

  test('may look like a browser’s own and be the page’s', () => {
    expect(unsafeNames({ 'user-agent-hint': '1', 'x-origin': '1', 'my-sec-x': '1' })).toBe(
      'my-sec-x,user-agent-hint,x-origin',
    );
  });
});

describe('the method', () => {
  test.each(['GET', 'HEAD', 'POST'])('%s needs no question', (method) => {
    expect(needsPreflight(request({}, method))).toBe(false);
  });

  test.each(['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'patch'])('%s does', (method) => {
    expect(needsPreflight(request({}, method))).toBe(true);
    expect(preflightHeaders(request({}, method))[1]?.[1]).toBe(method);
  });
});

describe('the answer to a preflight', () => {
  const fault = (asked: CorsRequest, fields: Record<string, string>, status = 204) => {
    const headers = new Headers({ 'access-control-allow-origin': ORIGIN, ...fields });
    return preflightFault(asked, { status, headers }, ORIGIN);
  };

  test('need not name methods and fields that need no permission', () => {
    expect(fault(request({ 'x-own': '1' }), { 'access-control-allow-headers': 'x-own' })).toBe(
      undefined,
    );
    expect(fault(request({}, 'POST'), {})).toBeUndefined();
  });

  test('tells methods apart by case, and fields not', () => {
    const patch = request({ 'X-Own': '1' }, 'patch');
    const headers = { 'access-control-allow-headers': ' X-OWN ,x-other' };
    expect(fault(patch, { ...headers, 'access-control-allow-methods': 'PATCH' })).toContain(
      'patch',
    );
    expect(fault(patch, { ...headers, 'access-control-allow-methods': 'patch' })).toBeUndefined();
  });

  test.each([
    [200, true],
    [299, true],
    [199, false],
    [301, false],
    [404, false],
    [500, false],
  ])('with the status %i allows: %j', (status, isAllowed) => {
    expect(fault(request(), {}, status) === undefined).toBe(isAllowed);
  });

  test('names the field that is missing', () => {
    const asked = request({ 'x-a': '1', 'x-b': '2' });
    expect(fault(asked, { 'access-control-allow-headers': 'x-a' })).toBe(
      'request header x-b is not in Access-Control-Allow-Headers',
    );
  });

  test('allows credentials only where it says so', () => {
    const included = request({}, 'PUT', 'include');
    const methods = { 'access-control-allow-methods': 'PUT' };
    expect(fault(included, methods)).toContain('Access-Control-Allow-Credentials');
    const trusting = { ...methods, 'access-control-allow-credentials': 'true' };
    expect(fault(included, trusting)).toBeUndefined();
  });
});

describe('what a page may read', () => {
  test('is said in the words of the field that forbids it', () => {
    const fault = (fields: Record<string, string>, credentials: RequestCredentials = 'omit') =>
      corsFault(new Headers(fields), ORIGIN, credentials);
    expect(fault({})).toBe("no 'Access-Control-Allow-Origin' header is present");
    expect(fault({ 'access-control-allow-origin': 'http://localhost:3000/' })).toContain(
      "'http://localhost:3000/'",
    );
    expect(fault({ 'access-control-allow-origin': '*' }, 'include')).toContain("'*'");
  });

  test('are safe fields, exposed ones, and what a browser needs itself', () => {
    const headers = new Headers({
      ...{ 'cache-control': 'a', expires: 'b', pragma: 'c', 'content-length': '1' },
      ...{ location: '/x', 'content-encoding': 'gzip', etag: 'y', 'x-own': '1', date: 'z' },
      'access-control-expose-headers': 'ETag , X-Own',
    });
    hideHeaders(headers, 'include');
    expect([...headers.keys()].sort()).toEqual([
      ...['cache-control', 'content-encoding', 'content-length', 'etag', 'expires', 'location'],
      ...['pragma', 'x-own'],
    ]);
  });

  test('a field called "*" is exposed by that name with credentials', () => {
    const headers = new Headers({ '*': '1', 'x-own': '1', 'access-control-expose-headers': '*' });
    hideHeaders(headers, 'include');
    expect([...headers.keys()]).toEqual(['*']);
  });
});

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

describe('a preflight that is answered', () => {
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

describe('an answer of another origin', () => {
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
