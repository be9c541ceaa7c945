import { describe, expect, test } from '@jest/globals';
import { credentials, hostName, localAddress } from '../src/settings.js';
import { openAt } from '../src/tunnel/host-options.js';

describe('the app’s address', () => {
  test.each([
    ['3000', 3000, '/'],
    [':3000', 3000, '/'],
    ['localhost:3000', 3000, '/'],
    ['LOCALHOST:3000/', 3000, '/'],
    ['127.0.0.1:1', 1, '/'],
    ['[::1]:65535', 65_535, '/'],
    ['http://localhost:3000/shop?a=1#b', 3000, '/shop?a=1#b'],
    ['3000/admin', 3000, '/admin'],
  ])('%s is port %d, opened at %s', (text, port, firstPage) => {
    expect(localAddress.parse(text)).toEqual({ port, firstPage });
  });

  test.each([
    ...['', '0', '65536', '99999', '123456', '3000.5', '-1', 'three', 'localhost', 'localhost:'],
    // Other machines, and what would be asked of the app in clear as https, are not shared.
    ...['192.168.0.1:3000', 'example.org:3000', 'https://localhost:3000', 'localhost.evil:3000'],
    ...['http://localhost:3000/a b', '3000/ä', '3000\n', 'http://u@localhost:3000'],
  ])('%j is none', (text) => {
    expect(localAddress.safeParse(text).success).toBe(false);
  });
});

describe('credentials', () => {
  test.each([
    ['dev:eight888', 'dev', 'eight888'],
    ['dev:with:colons:', 'dev', 'with:colons:'],
    ['ä ö:pass wörd', 'ä ö', 'pass wörd'],
    [`${'u'.repeat(64)}:${'p'.repeat(128)}`, 'u'.repeat(64), 'p'.repeat(128)],
  ])('%s', (text, user, password) => {
    expect(credentials.parse(text)).toEqual({ user, password });
  });

  test.each([
    ...['', ':eight888', 'dev', 'dev:', 'dev:seven77', 'de\tv:eight888', 'dev:eight\u0000888'],
    ...[`${'u'.repeat(65)}:eight888`, `dev:${'p'.repeat(129)}`],
  ])('%j are none', (text) => {
    expect(credentials.safeParse(text).success).toBe(false);
  });
});

describe('a name for Host', () => {
  test.each(['app.test', 'app', 'a-b.c:8080', 'A1', '127.0.0.1:3000'])('%s', (text) => {
    expect(hostName.parse(text)).toBe(text);
  });

  test.each(['', '-app', 'app-', 'a b', 'app:', 'app:123456', '[::1]', 'a/b', 'a\r\nX: y', 'ä'])(
    '%j is none',
    (text) => {
      expect(hostName.safeParse(text).success).toBe(false);
    },
  );
});

describe('the session’s URL with a page of the app', () => {
  const SESSION = 'https://s.tunnel.example/#k=KEY';

  test.each([
    ['/', 'https://s.tunnel.example/#k=KEY'],
    ['/shop?a=1', 'https://s.tunnel.example/shop?a=1#k=KEY'],
    ['/shop#top', 'https://s.tunnel.example/shop#k=KEY#top'],
    ['/#/route', 'https://s.tunnel.example/#k=KEY#/route'],
  ])('%s', (page, url) => {
    expect(openAt(SESSION, page)).toBe(url);
  });

  test('never leaves the session’s origin, so that the key goes nowhere else', () => {
    for (const page of ['//evil.example/', '/\\evil.example', 'https://evil.example/x'])
      expect(new URL(openAt(SESSION, page)).origin).toBe('https://s.tunnel.example');
  });
});
