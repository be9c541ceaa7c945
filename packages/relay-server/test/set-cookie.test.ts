import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  deletionLine,
  mirrorLine,
  parseSetCookie,
  visibleLine,
  type AppCookie,
} from '../src/cookies/set-cookie.js';
import { HOST_LIMITS } from '../src/limits.js';

const NOW = Date.UTC(2026, 0, 2);
const HOME = 3000;
const parse = (line: string, path = '/'): AppCookie | undefined =>
  parseSetCookie(line, path, NOW, HOME);

describe('a Set-Cookie line', () => {
  test('has name, value, path and whether scripts see it', () => {
    expect(parse('sid=1=2; Path=/app; HttpOnly')).toEqual({
      ...{ name: 'sid', value: '1=2', path: '/app', httpOnly: true },
      ...{ expiresAt: Infinity, storedAt: NOW, shownAt: new Map([[HOME, NOW]]) },
    });
  });

  test.each([
    ['/shop/cart/item', '/shop/cart'],
    ['/shop', '/'],
    ['/', '/'],
    ['/shop/', '/shop'],
  ])('without a path, in an answer to %s, belongs to %s', (path, expected) => {
    expect(parse('a=1', path)?.path).toBe(expected);
  });

  test.each([
    ['a=1; Max-Age=60', NOW + 60_000],
    ['a=1; Expires=Sat, 03 Jan 2026 00:00:00 GMT', Date.UTC(2026, 0, 3)],
    // Max-Age is the stronger one (RFC 6265 section 5.3, step 3).
    ['a=1; Expires=Sat, 03 Jan 2026 00:00:00 GMT; Max-Age=60', NOW + 60_000],
    ['a=1', Infinity],
  ])('%s ends at %d', (line, expiresAt) => {
    expect(parse(line)?.expiresAt).toBe(expiresAt);
  });

  test.each(['a=1; Max-Age=0', 'a=1; Max-Age=-5', 'a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT'])(
    '%s deletes',
    (line) => {
      expect(parse(line)?.expiresAt).toBeLessThanOrEqual(NOW);
    },
  );

  test('may have no name, as browsers allow, but not neither name nor value', () => {
    expect(parse('value')).toMatchObject({ name: '', value: 'value' });
    expect(parse('=')).toBeUndefined();
  });

  test('that is too long is ignored, as it is by a browser', () => {
    const { cookieBytes, cookieLineBytes } = HOST_LIMITS;
    expect(parse(`a=${'x'.repeat(cookieBytes - 1)}`)).toBeDefined();
    expect(parse(`a=${'x'.repeat(cookieBytes)}`)).toBeUndefined();
    const filling = (bytes: number): string => `a=1; ${'x'.repeat(bytes - 5)}`;
    expect(parse(filling(cookieLineBytes))).toBeDefined();
    expect(parse(filling(cookieLineBytes + 1))).toBeUndefined();
  });
});

describe('a name with a prefix (RFC 6265bis section 4.1.3)', () => {
  test.each([
    '__Secure-a=1; Secure',
    '__Secure-a=1; Secure; Path=/x; Domain=localhost',
    '__Host-a=1; Secure; Path=/',
    '__host-A=1; Secure; Path=/',
  ])('is kept: %s', (line) => {
    expect(parse(line)).toBeDefined();
  });

  test.each([
    '__Secure-a=1',
    '__SECURE-a=1',
    '__Host-a=1; Path=/',
    '__Host-a=1; Secure',
    '__Host-a=1; Secure; Path=/x',
    '__Host-a=1; Secure; Path=/; Domain=localhost',
    // Without a name it would be sent as one that has it.
    '=__Secure-a; Secure',
  ])('is refused: %s', (line) => {
    expect(parse(line, '/x/y')).toBeUndefined();
  });
});

describe('the line for a browser', () => {
  const shown = (line: string, path = '/a/b'): string => visibleLine(line, parse(line, path)!);

  test('names the path, for which the page’s own would stand in', () => {
    expect(shown('a=1')).toBe('a=1; Path=/a');
  });

  test('has no domain, and the path once', () => {
    const line = 'a=1; path=/x; Domain=localhost; SameSite=Lax; PATH = /y; domain';
    expect(shown(line)).toMatch(/^a=1; SameSite=Lax; Path=\/[xy]$/);
  });

  test('keeps attributes that only look alike', () => {
    expect(shown('a=1; Pathology=1; Domains=2')).toBe('a=1; Pathology=1; Domains=2; Path=/a');
  });

  test('for the pages of another port says how long it has to live', () => {
    const cookie = parse('a=1; Path=/x; Max-Age=60')!;
    expect(mirrorLine(cookie, NOW + 500)).toBe('a=1; Path=/x; Secure; Max-Age=60');
    expect(mirrorLine(cookie, NOW + 60_000)).toBe('a=1; Path=/x; Secure; Max-Age=0');
    expect(mirrorLine(parse('a=1; Path=/')!, NOW)).toBe('a=1; Path=/; Secure');
  });

  test('for a cookie without a name has no equals sign of its own', () => {
    expect(mirrorLine(parse('=a=b; Path=/')!, NOW)).toBe('a=b; Path=/; Secure');
  });

  test('that deletes is of the same name and path', () => {
    const gone = parse(deletionLine('__Host-a', '/'))!;
    expect([gone.name, gone.path, gone.expiresAt <= NOW]).toEqual(['__Host-a', '/', true]);
  });

  test('is read as the same cookie, whatever the app has said', () => {
    const word = fc.stringMatching(/^[a-z]{1,8}$/);
    const attribute = fc.constantFrom('Secure', 'HttpOnly', 'Max-Age=9', 'Domain=localhost', 'x');
    const parts = fc.tuple(word, word, word, fc.array(attribute));
    fc.assert(
      fc.property(parts, ([name, value, folder, attributes]) => {
        const line = [`${name}=${value}`, ...attributes].join('; ');
        const cookie = parse(line, `/${folder}/page`)!;
        expect(parse(visibleLine(line, cookie), '/elsewhere/page')).toEqual(cookie);
        expect(parse(mirrorLine(cookie, NOW), '/elsewhere/page')).toEqual({
          ...cookie,
          httpOnly: false,
        });
      }),
    );
  });
});
