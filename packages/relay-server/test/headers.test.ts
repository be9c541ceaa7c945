import { describe, expect, test } from '@jest/globals';
import { headersFromRaw, headersToRaw } from '@wingman/protocol';
import {
  localRequestHeaders,
  localUpgradeHeaders,
  type Via,
} from '../src/proxy/request-headers.js';
import { publicLocation, publicResponseHeaders } from '../src/proxy/response-headers.js';
import { faultOf } from '../src/proxy/target.js';
import { requestHead, SESSION_ORIGIN } from './support/tunnel.js';

const context = (via: Via = 'ingress') => ({
  authority: 'localhost:3000',
  appOrigin: 'http://localhost:3000',
  ownOrigins: [SESSION_ORIGIN],
  via,
});

function rewritten(headers: string[], via: Via = 'ingress'): [string, string][] {
  return pairs(localRequestHeaders(requestHead({ headers }), context(via)));
}

function pairs(flat: string[]): [string, string][] {
  return Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i]!, flat[2 * i + 1]!]);
}

describe('request headers', () => {
  test('Host is localhost, whatever was asked for', () => {
    const result = rewritten(['host', 'evil.example', 'x-a', '1', 'x-a', '2']);
    expect(result).toEqual([
      ['host', 'localhost:3000'],
      ['x-a', '1'],
      ['x-a', '2'],
    ]);
  });

  test.each([
    ['origin', SESSION_ORIGIN, 'http://localhost:3000'],
    ['origin', 'http://evil.example', 'http://evil.example'],
    ['origin', `${SESSION_ORIGIN}.evil.example`, `${SESSION_ORIGIN}.evil.example`],
    ['origin', 'null', 'null'],
    ['referer', `${SESSION_ORIGIN}/a?b`, 'http://localhost:3000/a?b'],
    ['referer', SESSION_ORIGIN, 'http://localhost:3000'],
    ['referer', `${SESSION_ORIGIN}0/a`, `${SESSION_ORIGIN}0/a`],
    ['referer', `http://evil.example/${SESSION_ORIGIN}/`, `http://evil.example/${SESSION_ORIGIN}/`],
  ])('%s: %s becomes %s', (name, value, expected) => {
    expect(rewritten([name, value])).toContainEqual([name, expected]);
  });

  test('fields of the connection stay behind, what the ingress said comes through', () => {
    const names = rewritten([
      ...['connection', 'x-hop, close', 'x-hop', '1', 'transfer-encoding', 'chunked'],
      ...['upgrade', 'h2c', 'expect', '100-continue', 'x-forwarded-proto', 'https'],
    ]).map(([name]) => name);
    expect(names).toEqual(['host', 'x-forwarded-proto']);
  });

  test('a length is sent only with a body', () => {
    const headers = ['content-length', '5'];
    const withBody = localRequestHeaders(requestHead({ headers, hasBody: true }), context());
    expect(pairs(withBody)).toContainEqual(['content-length', '5']);
    expect(localRequestHeaders(requestHead({ headers }), context())).not.toContain(
      'content-length',
    );
  });

  test('a viewer asks for plain bytes, the ingress for what its client wants', () => {
    const accept = ['accept-encoding', 'gzip, br'];
    expect(rewritten(accept, 'viewer')).toContainEqual(['accept-encoding', 'identity']);
    expect(rewritten(accept, 'viewer')).not.toContainEqual(['accept-encoding', 'gzip, br']);
    expect(rewritten(accept)).toContainEqual(['accept-encoding', 'gzip, br']);
  });
});

describe('Sec-Fetch-*', () => {
  const metadata = (
    fields: { destination: string; mode: string; headers?: string[] },
    via: Via = 'viewer',
  ) =>
    Object.fromEntries(
      pairs(localRequestHeaders(requestHead(fields), context(via))).filter(([name]) =>
        name.startsWith('sec-fetch-'),
      ),
    );

  test('a navigation of the iframe looks like one of the window', () => {
    expect(metadata({ destination: 'iframe', mode: 'navigate' })).toEqual({
      'sec-fetch-dest': 'document',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-site': 'none',
    });
  });

  test('fetch() has no destination', () => {
    expect(metadata({ destination: '', mode: 'cors' })).toEqual({
      'sec-fetch-dest': 'empty',
      'sec-fetch-mode': 'cors',
      'sec-fetch-site': 'same-origin',
    });
  });

  test('a foreign origin or referrer is said to be one', () => {
    const foreign = (headers: string[]) =>
      metadata({ destination: 'iframe', mode: 'navigate', headers })['sec-fetch-site'];
    expect(foreign(['origin', 'http://evil.example'])).toBe('cross-site');
    expect(foreign(['referer', 'http://evil.example/'])).toBe('cross-site');
    expect(foreign(['referer', `${SESSION_ORIGIN}/page`])).toBe('same-origin');
  });

  test('a viewer cannot write its own, the ingress passes the browser’s on', () => {
    const headers = [
      'sec-fetch-site',
      'same-origin',
      'sec-fetch-user',
      '?1',
      'origin',
      'http://x.y',
    ];
    expect(metadata({ destination: 'image', mode: 'no-cors', headers })).toEqual({
      'sec-fetch-dest': 'image',
      'sec-fetch-mode': 'no-cors',
      'sec-fetch-site': 'cross-site',
    });
    expect(metadata({ destination: '', mode: '', headers }, 'ingress')).toEqual({
      'sec-fetch-site': 'same-origin',
      'sec-fetch-user': '?1',
    });
  });
});

describe('upgrade headers', () => {
  test('rewritten alike, and joined where repeated', () => {
    const headers = headersFromRaw([
      ...['Host', 'x', 'Origin', SESSION_ORIGIN, 'Cookie', 'a=1', 'Cookie', 'b=2'],
      ...['Sec-WebSocket-Key', 'k', 'X-A', '1', 'X-A', '2', 'Upgrade', 'websocket'],
    ]);
    expect(localUpgradeHeaders(headers, context())).toEqual({
      host: 'localhost:3000',
      origin: 'http://localhost:3000',
      cookie: 'a=1; b=2',
      'x-a': '1, 2',
    });
  });
});

describe('response headers', () => {
  test.each([
    ['http://localhost:3000/a?b#c', `${SESSION_ORIGIN}/a?b#c`],
    ['https://127.0.0.1:3000', SESSION_ORIGIN],
    ['http://[::1]:3000/', `${SESSION_ORIGIN}/`],
    ['HTTP://LOCALHOST:3000//x', `${SESSION_ORIGIN}//x`],
    ['/login', '/login'],
    ['http://localhost:8080/', 'http://localhost:8080/'],
    ['http://localhost:30001/', 'http://localhost:30001/'],
    ['http://localhost:3000.evil.example/', 'http://localhost:3000.evil.example/'],
    ['http://localhost:3000@evil.example/', 'http://localhost:3000@evil.example/'],
    [
      'https://accounts.example/?to=http://localhost:3000/',
      'https://accounts.example/?to=http://localhost:3000/',
    ],
  ])('Location %s becomes %s', (value, expected) => {
    expect(publicLocation(value, 3000, SESSION_ORIGIN)).toBe(expected);
  });

  test.each(['//', '/\\', '/\t/', '///\\'])(
    'without an origin %j names no other host',
    (slashes) => {
      const location = `http://localhost:3000${slashes}evil.example`;
      expect(publicLocation(location, 3000, undefined)).toBe('/evil.example');
    },
  );

  test('without an origin a query stands behind the root', () => {
    expect(publicLocation('http://localhost:3000?a', 3000, undefined)).toBe('/?a');
  });

  test('port 80 is left out in a browser', () => {
    expect(publicLocation('http://localhost/a', 80, SESSION_ORIGIN)).toBe(`${SESSION_ORIGIN}/a`);
    expect(publicLocation('http://localhost/a', 3000, SESSION_ORIGIN)).toBe('http://localhost/a');
  });

  test('cookies stay with the session, and repeated fields stay apart', () => {
    const headers = headersFromRaw([
      ...['Set-Cookie', 'a=1; Domain=localhost; Path=/', 'Set-Cookie', 'b=2; HttpOnly;domain=.x'],
      ...['Connection', 'close', 'Content-Type', 'text/plain'],
    ]);
    expect(
      headersToRaw(publicResponseHeaders(headers, { port: 3000, origin: SESSION_ORIGIN })),
    ).toEqual([
      ...['set-cookie', 'a=1; Path=/', 'set-cookie', 'b=2; HttpOnly'],
      ...['content-type', 'text/plain'],
    ]);
  });
});

describe('what is refused', () => {
  const fault = (target: string, headers: string[] = [], method = 'GET') =>
    faultOf(method, target, headersFromRaw(headers));

  test.each([
    'http://evil.example/',
    'evil.example:80',
    '*',
    '',
    '/a b',
    '/a\r\nx: y',
    '/a\0',
    '/\u0100',
  ])('the target %j', (target) => {
    expect(fault(target)).toBeDefined();
  });

  test.each(['/', '//evil.example/', '/a?b=c', '/%20', '/a//b', '/\xe4', '/@fs/x?y=http://z'])(
    'not the target %j',
    (target) => {
      expect(fault(target)).toBeUndefined();
    },
  );

  test('header injection, methods that are none, two lengths', () => {
    expect(fault('/', ['x', 'a\r\nhost: b'])).toBeDefined();
    expect(fault('/', ['x y', 'a'])).toBeDefined();
    expect(fault('/', [], 'GET /x')).toBeDefined();
    expect(fault('/', [], 'CONNECT')).toBeDefined();
    expect(fault('/', ['content-length', '1', 'content-length', '2'])).toBeDefined();
    expect(fault('/', ['content-length', '-1'])).toBeDefined();
    expect(fault('/', ['content-length', '1', 'content-length', '1'])).toBeUndefined();
  });

  test('a name the schema does not allow, which could slip past a filter', () => {
    const headers = [{ ...headersFromRaw(['x', '1'])[0]!, name: 'Host' }];
    expect(faultOf('GET', '/', headers)).toBeDefined();
  });
});
