import { describe, expect, test } from '@jest/globals';
import {
  formatCookies,
  headersFromRaw,
  headerValue,
  newLinkId,
  PAGE_PATH_HEADER,
  scriptedLine,
  VIEWER_COOKIE,
  type CookiePair,
} from '@wingman/protocol';
import { CookieJars } from '../src/cookies/cookie-jars.js';
import { ExchangeCookies } from '../src/cookies/exchange-cookies.js';
import type { Via } from '../src/local/local-ports.js';

/** What a page of another session, or of the server's own domain, has set for all of them. */
const FOREIGN: CookiePair = ['evil', 'foreign'];

/** The cookie that notes these names, as a browser sends it. */
function noted(...names: string[]): CookiePair[] {
  const line = names.map((name) => scriptedLine([], name)?.split(';')[0] ?? '').at(-1) ?? '';
  const equals = line.indexOf('=');
  return [[line.slice(0, equals), line.slice(equals + 1)]];
}

describe.each<Via>(['viewer', 'ingress'])('by the way of %s', (via) => {
  const setUp = () => {
    const viewer = newLinkId();
    const jars = new CookieJars();
    const exchange = (pairs: readonly CookiePair[]) => {
      const own: CookiePair[] = via === 'ingress' ? [[VIEWER_COOKIE, viewer]] : [];
      const raw = ['cookie', formatCookies([...own, ...pairs]), PAGE_PATH_HEADER, '/'];
      const request = { target: '/', headers: headersFromRaw(raw) };
      return new ExchangeCookies(request, via, { jars, viewer: () => viewer, home: 3000 });
    };
    /** The cookies the app gets of a browser that holds these. */
    const seen = (...pairs: CookiePair[]): string | undefined =>
      headerValue(exchange(pairs).requestHeaders, 'cookie');
    const set = (line: string): void => {
      exchange([]).received(headersFromRaw(['set-cookie', line]));
    };
    return { seen, set };
  };

  test('a cookie that neither the app nor its scripts have set never reaches the app', () => {
    const { seen, set } = setUp();
    expect(seen(FOREIGN)).toBeUndefined();
    set('own=1; Path=/');
    expect(seen(FOREIGN, ['own', '1'])).toBe('own=1');
  });

  test('a cookie that a script of the app has written does', () => {
    const { seen } = setUp();
    expect(seen(['theme', 'dark'], FOREIGN, ...noted('theme'))).toBe('theme=dark');
  });

  test('a session can’t be fixed from outside before the app has set one, nor after', () => {
    const { seen, set } = setUp();
    expect(seen(['sid', 'fixed'])).toBeUndefined();
    set('sid=real; Path=/; HttpOnly');
    expect(seen(['sid', 'fixed'])).toBe('sid=real');
  });

  test.each<[string, CookiePair[]]>([
    [
      'before',
      [
        ['csrf', 'fixed'],
        ['csrf', 'real'],
      ],
    ],
    [
      'behind',
      [
        ['csrf', 'real'],
        ['csrf', 'fixed'],
      ],
    ],
  ])('a token that the app has set is not shadowed by one %s it', (_, pairs) => {
    const { seen, set } = setUp();
    set('csrf=real; Path=/');
    expect(seen(...pairs)).toBe('csrf=real');
  });
});

test('a client that is no browser of a session keeps its cookies itself', () => {
  const headers = headersFromRaw(['cookie', 'any=1; other=2']);
  const context = { jars: new CookieJars(), viewer: () => '', home: 3000 };
  const { requestHeaders } = new ExchangeCookies({ target: '/', headers }, 'ingress', context);
  expect(headerValue(requestHeaders, 'cookie')).toBe('any=1; other=2');
});
