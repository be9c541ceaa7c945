import { describe, expect, test } from '@jest/globals';
import { header, headersFromRaw, SCRIPTED_COOKIE, VIEWER_COOKIE } from '@wingman/protocol';
import type { Exchange } from '../src/exchange/exchange.js';
import { Refusal } from '../src/exchange/problems.js';
import {
  askForPlainBytes,
  beginConnection,
  choosePort,
  describeFetch,
  keepReadOnly,
  refuseMalformed,
  rewriteOrigin,
  sendCookies,
} from '../src/exchange/request-steps.js';
import type { Via } from '../src/local/local-ports.js';
import { upgradeFields } from '../src/exchange/web-socket-exchange.js';
import { ALSO, exchangeOf } from './support/exchange.js';
import { SESSION_ORIGIN } from './support/tunnel.js';

type Fields = Parameters<typeof exchangeOf>[0];

/** The request's fields, as pairs, after one step. */
function after(
  step: (exchange: Exchange) => void,
  fields: Fields,
  via: Via = 'ingress',
): [string, string][] {
  const exchange = exchangeOf(fields, via);
  choosePort(exchange);
  step(exchange);
  return exchange.request.headers.map(({ name, value }) => [name, value]);
}

describe('beginConnection', () => {
  test('names the app by localhost, whatever was asked for', () => {
    const headers = ['host', 'evil.example', 'x-a', '1', 'x-a', '2'];
    expect(after(beginConnection, { headers })).toEqual([
      ['host', 'localhost:3000'],
      ['x-a', '1'],
      ['x-a', '2'],
    ]);
  });

  test('names another port as the page has, if that is a name of this machine', () => {
    const host = (name: string) =>
      after(beginConnection, { port: ALSO, headers: ['host', name] }, 'viewer')[0];
    expect(host(`127.0.0.1:${ALSO}`)).toEqual(['host', `127.0.0.1:${ALSO}`]);
    expect(host(`[::1]:${ALSO}`)).toEqual(['host', `[::1]:${ALSO}`]);
    expect(host('127.0.0.1:22')).toEqual(['host', `localhost:${ALSO}`]);
    expect(host(`evil.example:${ALSO}`)).toEqual(['host', `localhost:${ALSO}`]);
  });

  test('leaves fields of the connection behind; what the ingress said comes through', () => {
    const headers = [
      ...['connection', 'x-hop, close', 'x-hop', '1', 'transfer-encoding', 'chunked'],
      ...['upgrade', 'h2c', 'expect', '100-continue', 'x-forwarded-proto', 'https'],
      ...['wingman-request-id', '7', 'alt-used', 'x'],
    ];
    const names = after(beginConnection, { headers }).map(([name]) => name);
    expect(names).toEqual(['host', 'x-forwarded-proto']);
  });

  test('sends a length only with a body, and equal ones once', () => {
    const headers = ['content-length', '5', 'content-length', '5'];
    const lengths = (hasBody: boolean) =>
      after(beginConnection, { headers, hasBody }).filter(([name]) => name === 'content-length');
    expect(lengths(true)).toEqual([['content-length', '5']]);
    expect(lengths(false)).toEqual([]);
  });
});

describe('rewriteOrigin', () => {
  test.each([
    ['origin', SESSION_ORIGIN, 'http://localhost:3000'],
    ['origin', 'http://evil.example', 'http://evil.example'],
    ['origin', `${SESSION_ORIGIN}.evil.example`, `${SESSION_ORIGIN}.evil.example`],
    ['origin', `${SESSION_ORIGIN}/path`, `${SESSION_ORIGIN}/path`],
    ['origin', 'null', 'null'],
    ['referer', `${SESSION_ORIGIN}/a?b`, 'http://localhost:3000/a?b'],
    ['referer', SESSION_ORIGIN, 'http://localhost:3000'],
    ['referer', `${SESSION_ORIGIN}0/a`, `${SESSION_ORIGIN}0/a`],
    ['referer', `http://evil.example/${SESSION_ORIGIN}/`, `http://evil.example/${SESSION_ORIGIN}/`],
    ['ping-from', `${SESSION_ORIGIN}/a`, 'http://localhost:3000/a'],
    ['ping-to', `${SESSION_ORIGIN}/b`, 'http://localhost:3000/b'],
    ['x-origin', SESSION_ORIGIN, SESSION_ORIGIN],
  ])('%s: %s becomes %s', (name, value, expected) => {
    expect(after(rewriteOrigin, { headers: [name, value] })).toEqual([[name, expected]]);
  });

  test('a host without a registration has no origin of its own', () => {
    const exchange = exchangeOf({ headers: ['origin', SESSION_ORIGIN] }, 'ingress', {
      sessionOrigin: () => undefined,
    });
    rewriteOrigin(exchange);
    expect(exchange.request.headers).toEqual([header('origin', SESSION_ORIGIN)]);
  });

  test('leaves what the opener has asked as it was', () => {
    const exchange = exchangeOf({ headers: ['origin', SESSION_ORIGIN] });
    rewriteOrigin(exchange);
    expect(exchange.asked.headers).toEqual([header('origin', SESSION_ORIGIN)]);
  });
});

test('a viewer asks for plain bytes, the ingress for what its client wants', () => {
  const headers = ['accept-encoding', 'gzip, br'];
  expect(after(askForPlainBytes, { headers }, 'viewer')).toEqual([['accept-encoding', 'identity']]);
  expect(after(askForPlainBytes, { headers })).toEqual([['accept-encoding', 'gzip, br']]);
});

describe('describeFetch', () => {
  const metadata = (fields: Fields, via: Via = 'viewer') =>
    Object.fromEntries(
      after(describeFetch, fields, via).filter(([name]) => name.startsWith('sec-fetch-')),
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

  test('what a link with `ping` sends comes from its page, where the browser hides the origin', () => {
    const site = (origin: string, page: string) =>
      metadata({ mode: 'no-cors', headers: ['origin', origin, 'ping-from', page] })[
        'sec-fetch-site'
      ];
    expect(site('null', `${SESSION_ORIGIN}/page`)).toBe('same-origin');
    expect(site('null', 'http://evil.example/')).toBe('cross-site');
    expect(site('http://evil.example', `${SESSION_ORIGIN}/page`)).toBe('cross-site');
    expect(metadata({ mode: 'no-cors', headers: ['origin', 'null'] })['sec-fetch-site']).toBe(
      'cross-site',
    );
  });

  test('a foreign origin or referrer is said to be one', () => {
    const foreign = (headers: string[]) =>
      metadata({ destination: 'iframe', mode: 'navigate', headers })['sec-fetch-site'];
    expect(foreign(['origin', 'http://evil.example'])).toBe('cross-site');
    expect(foreign(['referer', 'http://evil.example/'])).toBe('cross-site');
    expect(foreign(['referer', `${SESSION_ORIGIN}/page`])).toBe('same-origin');
  });

  test('another port is the same site by the name localhost only', () => {
    const site = (host: string) =>
      metadata({ mode: 'cors', port: ALSO, headers: ['host', host, 'origin', SESSION_ORIGIN] })[
        'sec-fetch-site'
      ];
    expect(site(`localhost:${ALSO}`)).toBe('same-site');
    expect(site(`127.0.0.1:${ALSO}`)).toBe('cross-site');
  });

  test('the origin is judged as the browser has sent it, also after it was rewritten', () => {
    const exchange = exchangeOf({ mode: 'cors', headers: ['origin', SESSION_ORIGIN] });
    rewriteOrigin(exchange);
    describeFetch(exchange);
    expect(exchange.request.headers).toContainEqual(header('sec-fetch-site', 'same-origin'));
  });

  test('a viewer cannot write its own, the ingress passes the browser’s on', () => {
    const own = ['sec-fetch-site', 'same-origin', 'sec-fetch-user', '?1', 'origin', 'http://x.y'];
    expect(metadata({ destination: 'image', mode: 'no-cors', headers: own })).toEqual({
      'sec-fetch-dest': 'image',
      'sec-fetch-mode': 'no-cors',
      'sec-fetch-site': 'cross-site',
    });
    expect(metadata({ destination: '', mode: '', headers: own }, 'ingress')).toEqual({
      'sec-fetch-site': 'same-origin',
      'sec-fetch-user': '?1',
    });
  });
});

describe('sendCookies', () => {
  test('takes the tunnel’s own cookie out', () => {
    const own = `${VIEWER_COOKIE}=${'0'.repeat(32)}; ${SCRIPTED_COOKIE}=.a`;
    const headers = ['cookie', `a=1; ${own}`];
    expect(after(sendCookies, { headers })).toEqual([['cookie', 'a=1']]);
  });

  test('works on what earlier steps have left', () => {
    const exchange = exchangeOf({ headers: ['cookie', 'a=1', 'x-a', '1'] });
    exchange.request.headers = [header('x-b', '2')];
    sendCookies(exchange);
    expect(exchange.request.headers).toEqual([header('x-b', '2')]);
  });
});

describe('choosePort', () => {
  test('the shared one by no number, and those of --also', () => {
    const exchange = exchangeOf({ port: ALSO });
    choosePort(exchange);
    expect(exchange.local.loopback.port).toBe(ALSO);
    expect(exchangeOf().local.loopback.port).toBe(3000);
  });

  test.each([
    [22, 'viewer'],
    [ALSO, 'ingress'],
    [3000, 'ingress'],
  ] as const)('not %i for the %s', (port, via) => {
    expect(() => choosePort(exchangeOf({ port }, via))).toThrow(Refusal);
  });
});

test('the fields of a WebSocket’s opening request are joined where repeated, without its own', () => {
  const headers = headersFromRaw([
    ...['Host', 'x', 'Cookie', 'a=1', 'Cookie', 'b=2', 'X-A', '1', 'X-A', '2'],
    ...['Sec-WebSocket-Key', 'k', '__proto__', 'y'],
  ]);
  expect(Object.entries(upgradeFields(headers))).toEqual([
    ['host', 'x'],
    ['cookie', 'a=1; b=2'],
    ['x-a', '1, 2'],
    ['__proto__', 'y'],
  ]);
});

describe('refuseMalformed', () => {
  const refuses = (fields: Fields): boolean => {
    try {
      refuseMalformed(exchangeOf(fields));
      return false;
    } catch (error) {
      expect(error).toMatchObject({ code: 'BAD_REQUEST', problem: { status: 400 } });
      return true;
    }
  };

  test.each([
    'http://evil.example/',
    'http://x/__wingman/ports',
    'evil.example:80',
    '*',
    '',
    '/a b',
    '/a\r\nx: y',
    '/a\0',
    '/\u0100',
  ])('the target %j', (target) => {
    expect(refuses({ target })).toBe(true);
  });

  test.each(['/', '//evil.example/', '/a?b=c', '/%20', '/a//b', '/\xe4', '/@fs/x?y=http://z'])(
    'not the target %j',
    (target) => {
      expect(refuses({ target })).toBe(false);
    },
  );

  test('header injection, methods that are none, two lengths', () => {
    expect(refuses({ headers: ['x', 'a\r\nhost: b'] })).toBe(true);
    expect(refuses({ headers: ['x y', 'a'] })).toBe(true);
    expect(refuses({ method: 'GET /x' })).toBe(true);
    expect(refuses({ method: 'CONNECT' })).toBe(true);
    expect(refuses({ headers: ['content-length', '1', 'content-length', '2'] })).toBe(true);
    expect(refuses({ headers: ['content-length', '-1'] })).toBe(true);
    expect(refuses({ headers: ['content-length', '1', 'content-length', '1'] })).toBe(false);
  });

  test('a name the schema does not allow, which could slip past a filter', () => {
    const exchange = exchangeOf();
    exchange.asked.headers.push({ name: 'Host', value: '1' });
    expect(() => refuseMalformed(exchange)).toThrow();
  });
});

describe('a read-only session', () => {
  const refusal = (fields: Fields, via: Via, isReadOnly = true): string | undefined => {
    try {
      keepReadOnly(exchangeOf(fields, via, { isReadOnly }));
      return undefined;
    } catch (error) {
      if (error instanceof Refusal) return `${error.problem.status} ${error.code}`;
      throw error;
    }
  };

  test.each<Via>(['viewer', 'ingress'])('lets look, and changes nothing (%s)', (via) => {
    for (const method of ['GET', 'HEAD', 'OPTIONS']) {
      expect([method, refusal({ method }, via)]).toEqual([method, undefined]);
    }
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'PURGE', 'get', 'GETX']) {
      expect([method, refusal({ method }, via)]).toEqual([method, '403 READ_ONLY']);
      expect([method, refusal({ method }, via, false)]).toEqual([method, undefined]);
    }
  });

  test.each(['x-http-method-override', 'x-http-method', 'x-method-override'])(
    'takes no GET that means another method (%s)',
    (name) => {
      expect(refusal({ headers: [name, 'DELETE'] }, 'viewer')).toBe('403 READ_ONLY');
    },
  );
});

describe('a request that comes from the page of another port', () => {
  const OTHER = 'https://s-8080.example';
  const asked = (step: typeof rewriteOrigin, fields: Fields): [string, string][] => {
    const pageOrigins = new Map([[ALSO, OTHER]]);
    const exchange = exchangeOf(fields, 'viewer', { pageOrigins });
    step(exchange);
    return exchange.request.headers.map(({ name, value }) => [name, value]);
  };

  test('names that port, and no site that only looks like it', () => {
    const origin = (value: string) => asked(rewriteOrigin, { headers: ['origin', value] })[0]?.[1];
    expect(origin(OTHER)).toBe(`http://localhost:${ALSO}`);
    expect(origin(`${OTHER}.evil.example`)).toBe(`${OTHER}.evil.example`);
    expect(origin(`${OTHER}/x`)).toBe(`${OTHER}/x`);
    expect(origin('https://s-9999.example')).toBe('https://s-9999.example');
    const headers = ['referer', `${OTHER}/a?b`];
    expect(asked(rewriteOrigin, { headers })).toEqual([
      ['referer', `http://localhost:${ALSO}/a?b`],
    ]);
  });

  test('comes from the same site', () => {
    const site = (referer: string) => {
      const fields = { mode: 'navigate', destination: 'iframe', headers: ['referer', referer] };
      return asked(describeFetch, fields).find(([name]) => name === 'sec-fetch-site')?.[1];
    };
    expect([site(`${OTHER}/`), site('https://s-9999.example/')]).toEqual([
      'same-site',
      'cross-site',
    ]);
  });
});
