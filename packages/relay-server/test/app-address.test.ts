import { describe, expect, test } from '@jest/globals';
import { headerValue } from '@wingman/protocol';
import { rewriteLocation } from '../src/exchange/answer-steps.js';
import { sayForwarded } from '../src/exchange/app-address.js';
import type { HttpExchange } from '../src/exchange/http-exchange.js';
import {
  beginConnection,
  choosePort,
  describeFetch,
  rewriteOrigin,
} from '../src/exchange/request-steps.js';
import type { Via } from '../src/local/local-ports.js';
import { ALSO, answerOf, exchangeOf, PORT } from './support/exchange.js';
import { SESSION_ORIGIN } from './support/tunnel.js';

const SESSION = new URL(SESSION_ORIGIN).host;
const SCHEME = new URL(SESSION_ORIGIN).protocol.slice(0, -1);
const INGRESS = [
  ...['x-forwarded-for', '192.0.2.7', 'x-forwarded-host', SESSION, 'x-forwarded-proto', SCHEME],
];

type Fields = Parameters<typeof exchangeOf>[0];

/** A request that has passed the steps that name the app. */
function asked(hostHeader: string, fields: Fields = {}, via: Via = 'viewer'): HttpExchange {
  const exchange = exchangeOf(fields, via, { hostHeader });
  for (const step of [choosePort, beginConnection, rewriteOrigin, sayForwarded, describeFetch])
    step(exchange);
  return exchange;
}

/** What the app reads in some fields. */
function seen({ request }: HttpExchange, ...names: string[]): (string | undefined)[] {
  return names.map((name) => headerValue(request.headers, name));
}

const OWN = ['origin', SESSION_ORIGIN, 'referer', `${SESSION_ORIGIN}/page?a`];

describe('Host, Origin and Referer agree', () => {
  test.each([
    ['localhost', `localhost:${PORT}`, `http://localhost:${PORT}`],
    ['session', SESSION, SESSION_ORIGIN],
    ['app.test:8000', 'app.test:8000', 'http://app.test:8000'],
  ])('with --host-header %s', (hostHeader, host, origin) => {
    const exchange = asked(hostHeader, { headers: OWN });
    expect(seen(exchange, 'host', 'origin', 'referer')).toEqual([host, origin, `${origin}/page?a`]);
  });

  test('a foreign origin stays foreign, whatever the app is called', () => {
    for (const hostHeader of ['localhost', 'session', 'app.test'])
      expect(
        seen(asked(hostHeader, { headers: ['origin', 'https://evil.example'] }), 'origin'),
      ).toEqual(['https://evil.example']);
  });

  test('another port keeps its own name', () => {
    const fields = { port: ALSO, headers: ['host', `127.0.0.1:${ALSO}`] };
    expect(seen(asked('session', fields), 'host', 'x-forwarded-host')).toEqual([
      `127.0.0.1:${ALSO}`,
      undefined,
    ]);
  });

  test('before the first registration the app is on localhost', () => {
    const exchange = exchangeOf({}, 'viewer', {
      hostHeader: 'session',
      sessionOrigin: () => undefined,
    });
    beginConnection(exchange);
    sayForwarded(exchange);
    expect(seen(exchange, 'host', 'forwarded')).toEqual([`localhost:${PORT}`, undefined]);
  });
});

describe('how the app is reached', () => {
  const FIELDS = ['x-forwarded-host', 'x-forwarded-proto', 'forwarded'];

  test.each(['session', 'app.test'])('is said with --host-header %s', (hostHeader) => {
    expect(seen(asked(hostHeader), ...FIELDS)).toEqual([
      SESSION,
      SCHEME,
      `host="${SESSION}";proto=${SCHEME}`,
    ]);
  });

  test('replaces what a page has claimed', () => {
    const headers = ['forwarded', 'host=evil.example', 'x-forwarded-host', 'evil.example'];
    const exchange = asked('session', { headers });
    expect(exchange.request.headers.filter(({ name }) => FIELDS.includes(name))).toHaveLength(3);
    expect(seen(exchange, 'x-forwarded-host')).toEqual([SESSION]);
  });

  test('by plain HTTP is not held against the Origin of the app’s own pages, which is on localhost', () => {
    const own = asked('localhost', { headers: [...INGRESS, ...OWN] }, 'ingress');
    const told = ['origin', 'x-forwarded-for', ...FIELDS];
    const none = [undefined, undefined, undefined];
    expect(seen(own, ...told)).toEqual([`http://localhost:${PORT}`, '192.0.2.7', ...none]);
    for (const origin of ['https://evil.example', 'null', `${SESSION_ORIGIN}/`]) {
      const other = asked('localhost', { headers: [...INGRESS, 'origin', origin] }, 'ingress');
      expect(seen(other, ...told)).toEqual([origin, '192.0.2.7', SESSION, SCHEME, undefined]);
    }
    const hook = asked('localhost', { headers: INGRESS }, 'ingress');
    expect(seen(hook, ...FIELDS)).toEqual([SESSION, SCHEME, undefined]);
  });

  test('names the client of the ingress, of either family', () => {
    expect(seen(asked('session', { headers: INGRESS }, 'ingress'), 'forwarded')).toEqual([
      `for=192.0.2.7;host="${SESSION}";proto=${SCHEME}`,
    ]);
    const six = INGRESS.map((text) => (text === '192.0.2.7' ? '2001:db8::7, 192.0.2.1' : text));
    expect(seen(asked('session', { headers: six }, 'ingress'), 'forwarded')).toEqual([
      `for="[2001:db8::7]";host="${SESSION}";proto=${SCHEME}`,
    ]);
  });

  test.each(['192.0.2.7;host=evil.example', '1.2.3.4";proto="x', 'unknown', ''])(
    'leaves out what is no address: %j',
    (claimed) => {
      const headers = INGRESS.map((text) => (text === '192.0.2.7' ? claimed : text));
      expect(seen(asked('session', { headers }, 'ingress'), 'forwarded')).toEqual([
        `host="${SESSION}";proto=${SCHEME}`,
      ]);
    },
  );

  test('is not said to an app on localhost, whose host checks would refuse it', () => {
    expect(seen(asked('localhost'), ...FIELDS)).toEqual([undefined, undefined, undefined]);
  });
});

test('a page stands to the shared port as to its own origin, and to another by its name', () => {
  const site = (hostHeader: string, port: number) =>
    seen(asked(hostHeader, { port, mode: 'cors', headers: OWN }), 'sec-fetch-site')[0];
  expect([site('session', 0), site('app.test', 0), site('localhost', 0)]).toEqual(
    Array.from({ length: 3 }, () => 'same-origin'),
  );
  expect([site('localhost', ALSO), site('session', ALSO)]).toEqual(['same-site', 'cross-site']);
});

test('an address under the app’s own name leads to the session', () => {
  const exchange = asked('app.test:8000', { headers: INGRESS }, 'ingress');
  exchange.answer = answerOf(['location', 'http://App.test:8000/next']);
  rewriteLocation(exchange);
  expect(headerValue(exchange.answer.headers, 'location')).toBe(`${SESSION_ORIGIN}/next`);
});
