import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CookieJars, covers, ViewerJar } from '../src/cookies/cookie-jars.js';
import {
  accounted,
  adoptChanges,
  cookiesFor,
  isShown,
  type BrowserCookies,
} from '../src/cookies/request-cookies.js';
import type { AppCookie } from '../src/cookies/set-cookie.js';
import { HOST_LIMITS } from '../src/limits.js';

const HOME = 3000;
const cookieOf = (name: string, fields: Partial<AppCookie> = {}): AppCookie => ({
  ...{ name, value: 'v', path: '/', httpOnly: false, expiresAt: Infinity, storedAt: 0 },
  shownAt: new Map([[HOME, 0]]),
  ...fields,
});
const jarOf = (...cookies: AppCookie[]): ViewerJar => {
  const jar = new ViewerJar();
  for (const cookie of cookies) jar.put(cookie);
  return jar;
};
const names = (jar: ViewerJar, now = 1): string[] => jar.all(now).map(({ name }) => name);

describe('a jar', () => {
  test('lists longer paths first, and among equals the older ones', () => {
    const jar = jarOf(cookieOf('a'), cookieOf('b', { path: '/x/y' }), cookieOf('c'));
    jar.put(cookieOf('a', { value: 'new' }));
    expect(names(jar)).toEqual(['b', 'a', 'c']);
  });

  test('has cookies of one name apart by path', () => {
    const jar = jarOf(cookieOf('a'), cookieOf('a', { path: '/x' }));
    jar.delete({ name: 'a', path: '/' });
    expect(jar.all(1).map(({ path }) => path)).toEqual(['/x']);
  });

  test('tells what a cookie has replaced, and what a deletion has taken', () => {
    const [first, second] = [cookieOf('a', { value: '1' }), cookieOf('a', { value: '2' })];
    const jar = new ViewerJar();
    expect([jar.put(first), jar.put(second)]).toEqual([undefined, first]);
    expect(jar.put(cookieOf('a', { expiresAt: 0 }))).toBe(second);
    expect([names(jar), jar.put(cookieOf('a', { expiresAt: 0 }))]).toEqual([[], undefined]);
  });

  test('forgets what has expired, at that moment', () => {
    const jar = jarOf(cookieOf('a', { expiresAt: 10 }));
    expect([names(jar, 9), names(jar, 10), names(jar, 9)]).toEqual([['a'], [], []]);
  });

  test('holds so many cookies; the oldest goes for the newest', () => {
    const jar = new ViewerJar();
    for (let at = 0; at <= HOST_LIMITS.cookiesPerJar; at++) jar.put(cookieOf(`c${at}`));
    const held = names(jar);
    expect(held.length).toBe(HOST_LIMITS.cookiesPerJar);
    expect([held.includes('c0'), held.at(-1)]).toEqual([false, `c${HOST_LIMITS.cookiesPerJar}`]);
  });

  test('counts the bytes of what is gone no more', () => {
    const jar = jarOf(cookieOf('small'));
    const value = 'x'.repeat(HOST_LIMITS.cookieJarBytes / 2);
    for (let turn = 0; turn < 5; turn++) {
      jar.put(cookieOf('large', { value }));
      jar.delete({ name: 'large', path: '/' });
    }
    expect(names(jar)).toEqual(['small']);
  });

  test('never holds more bytes than it may, whatever comes and goes', () => {
    const action = fc.record({
      name: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
      share: fc.integer({ min: 0, max: 60 }),
      isDeleted: fc.integer({ min: 0, max: 5 }).map((turn) => turn === 0),
    });
    const unit = HOST_LIMITS.cookieJarBytes / 100;
    fc.assert(
      fc.property(fc.array(action, { maxLength: 40 }), (actions) => {
        const jar = new ViewerJar();
        for (const { name, share, isDeleted } of actions) {
          const value = 'x'.repeat(Math.floor(share * unit));
          jar.put(cookieOf(name, { value, expiresAt: isDeleted ? 0 : Infinity }));
          const bytes = jar.all(1).reduce((sum, one) => sum + one.value.length + 2, 0);
          expect(bytes).toBeLessThanOrEqual(HOST_LIMITS.cookieJarBytes);
          // What has just come is never what goes.
          expect(names(jar).includes(name)).toBe(!isDeleted);
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe('the jars of all viewers', () => {
  test('are made by the first cookie only', () => {
    const jars = new CookieJars();
    expect([jars.find('a'), jars.size]).toEqual([undefined, 0]);
    expect(jars.open('a')).toBe(jars.find('a'));
    expect(jars.size).toBe(1);
  });

  test('are so many; that of the viewer who was away longest goes', () => {
    const jars = new CookieJars();
    for (let at = 0; at < HOST_LIMITS.cookieJars; at++) jars.open(`v${at}`);
    jars.find('v0');
    jars.open('one more');
    expect(jars.size).toBe(HOST_LIMITS.cookieJars);
    expect([jars.find('v0') !== undefined, jars.find('v1')]).toEqual([true, undefined]);
  });
});

describe('a path (RFC 6265 section 5.1.4)', () => {
  test.each([
    ['/', '/anything', true],
    ['/a', '/a', true],
    ['/a', '/a/b', true],
    ['/a/', '/a/b', true],
    ['/a', '/ab', false],
    ['/a/', '/a', false],
    ['/a/b', '/a', false],
  ])('of a cookie at %s, for %s: %j', (path, asked, isCovered) => {
    expect(covers(cookieOf('a', { path }), asked)).toBe(isCovered);
  });
});

describe('which cookies of a browser are the app’s', () => {
  const only = new Set<string>();
  const jar = [cookieOf('sid', { value: '1' }), cookieOf('hidden', { httpOnly: true })];

  test('those that it has set, and those that its scripts have', () => {
    const pairs = [
      ['sid', 'changed'],
      ['script', '2'],
      ['foreign', '3'],
    ] as const;
    const kept = accounted(
      [...pairs].map(([n, v]) => [n, v]),
      new Set(['script']),
      jar,
    );
    expect(kept.map(([name]) => name)).toEqual(['sid', 'script']);
  });

  test('of a name that is shown more often than it was set, the value that was set', () => {
    const pairs: [string, string][] = [
      ['sid', 'planted'],
      ['sid', '1'],
    ];
    expect(accounted(pairs, only, jar)).toEqual([['sid', '1']]);
  });

  test('none of an HttpOnly name: a script can’t have it', () => {
    expect(accounted([['hidden', 'v']], only, jar)).toEqual([]);
  });

  test('a cookie is shown at the ports whose pages have it', () => {
    expect([isShown(cookieOf('a'), HOME), isShown(cookieOf('a'), 8080)]).toEqual([true, false]);
  });
});

describe('what scripts change', () => {
  const later = HOST_LIMITS.cookieSettleMs + 1;
  const browser = (pairs: [string, string][], more: Partial<BrowserCookies> = {}) => ({
    ...{ pairs, pagePath: '/', home: HOME },
    ...more,
  });
  const adopted = (cookie: AppCookie, seen: BrowserCookies, now = later): unknown => {
    const jar = jarOf(cookie);
    adoptChanges(seen, jar, now);
    return jar.all(now).map(({ value }) => value);
  };

  test.each<[string, AppCookie, BrowserCookies, unknown]>([
    ['a value', cookieOf('a'), browser([['a', 'new']]), ['new']],
    ['a deletion', cookieOf('a'), browser([]), []],
    ['nothing', cookieOf('a'), browser([['a', 'v']]), ['v']],
    ['an HttpOnly one', cookieOf('a', { httpOnly: true }), browser([]), ['v']],
    ['one of another path', cookieOf('a', { path: '/x' }), browser([]), ['v']],
    [
      'one that is there twice',
      cookieOf('a'),
      browser([
        ['a', '1'],
        ['a', '2'],
      ]),
      ['v'],
    ],
    // At the ingress the Cookie field tells nothing of a page.
    ['one outside of a page', cookieOf('a'), browser([], { pagePath: undefined }), ['v']],
    ['one of another port', cookieOf('a'), browser([], { home: 8080 }), ['v']],
  ])('%s', (_, cookie, seen, values) => {
    expect(adopted(cookie, seen)).toEqual(values);
  });

  test('counts only when the browser has had time to store what was set', () => {
    const isEarly = HOST_LIMITS.cookieSettleMs;
    expect(adopted(cookieOf('a'), browser([['a', 'old']]), isEarly)).toEqual(['v']);
  });
});

describe('the cookies of a request', () => {
  const asked = (cookies: AppCookie[], pairs: [string, string][], path = '/', pagePath = '/') =>
    cookiesFor(path, { pairs, pagePath, home: HOME }, jarOf(...cookies), 1)
      .map(([name, value]) => `${name}=${value}`)
      .join('; ');

  test('are HttpOnly ones of its path, and what the browser has', () => {
    const jar = [
      cookieOf('h', { httpOnly: true }),
      cookieOf('deep', { httpOnly: true, path: '/x' }),
    ];
    expect(asked(jar, [['a', '1']])).toBe('h=v; a=1');
    expect(asked(jar, [['a', '1']], '/x/y')).toBe('deep=v; h=v; a=1');
  });

  test('have those that the page can’t see, because they are of another path', () => {
    expect(asked([cookieOf('p', { path: '/api' })], [], '/api/list')).toBe('p=v');
    expect(asked([cookieOf('p', { path: '/api' })], [['p', 'v']], '/other', '/api')).toBe('');
  });

  test('never have a script’s cookie beside the HttpOnly one of its name', () => {
    const jar = [cookieOf('sid', { httpOnly: true, value: 'real' })];
    expect(asked(jar, [['sid', 'forged']])).toBe('sid=real');
  });

  test('have the jar’s value where another port’s page has changed it', () => {
    const jar = [cookieOf('a', { value: 'new', shownAt: new Map([[8080, 0]]) })];
    expect(asked(jar, [['a', 'old']])).toBe('a=new');
  });
});
