import { describe, expect, test } from '@jest/globals';
import { newLinkId, VIEWER_COOKIE } from '@wingman/protocol';
import { HOST_LIMITS } from '../src/limits.js';
import { setUp, Viewer } from './support/cookie-viewer.js';

describe('an HttpOnly cookie', () => {
  test('stays at the host and goes with later requests; a visible one goes to the browser', () => {
    const { viewer } = setUp();
    const passed = viewer.answer('/login', 'sid=secret; HttpOnly', 'csrf=1; Path=/', 'a=b');
    expect(passed).toEqual(['csrf=1; Path=/', 'a=b; Path=/']);
    expect(viewer.ask('/')).toBe('sid=secret; csrf=1; a=b');
  });

  test('is replaced by its like, and deleted by a date in the past, with or without HttpOnly', () => {
    const { viewer } = setUp();
    viewer.ask('/', 'sid=1; HttpOnly');
    expect(viewer.ask('/', 'sid=2; HttpOnly')).toBe('sid=1');
    expect(viewer.ask('/', 'sid=; HttpOnly; Expires=Thu, 01 Jan 1970 00:00:00 GMT')).toBe('sid=2');
    expect(viewer.ask('/', 'sid=3; HttpOnly')).toBeUndefined();
    expect(viewer.ask('/', 'sid=; Max-Age=0')).toBe('sid=3');
    expect(viewer.ask('/')).toBeUndefined();
  });

  test('is not shown by a deletion that repeats its value', () => {
    const { viewer } = setUp();
    viewer.ask('/', 'sid=secret; HttpOnly');
    expect(viewer.answer('/', 'sid=secret; Max-Age=0')).toEqual([]);
    expect(viewer.ask('/')).toBeUndefined();
  });

  test('takes the place of a visible one, and the reverse', () => {
    const { viewer } = setUp();
    viewer.ask('/', 'x=visible; Path=/');
    expect(viewer.answer('/', 'x=hidden; Path=/; HttpOnly')).toEqual([
      'x=; Path=/; Secure; Max-Age=0',
    ]);
    expect(viewer.ask('/')).toBe('x=hidden');
    expect(viewer.answer('/', 'x=again; Path=/')).toEqual(['x=again; Path=/']);
    expect(viewer.ask('/')).toBe('x=again');
  });

  test('takes the place of one that a script has made', () => {
    const { viewer } = setUp();
    viewer.script('sid', 'scripted');
    expect(viewer.answer('/', 'sid=1; HttpOnly')).toEqual(['sid=; Path=/; Secure; Max-Age=0']);
    viewer.script('sid', 'fixed by a script');
    expect(viewer.ask('/')).toBe('sid=1');
  });

  test('is not had by naming its viewer on another link', () => {
    const { jars, viewer } = setUp();
    viewer.ask('/', 'sid=secret; HttpOnly');
    const forger = new Viewer(jars, 'viewer');
    forger.store.set(VIEWER_COOKIE, viewer.id ?? '');
    expect(forger.ask('/')).toBeUndefined();
  });
});

describe('paths', () => {
  test.each([
    ['/area', '/area', true],
    ['/area', '/area/', true],
    ['/area', '/area/deep?q=/other', true],
    ['/area', '/areal', false],
    ['/area', '/', false],
    ['/area/', '/area', false],
    ['relative', '/dir/other', true],
    ['', '/dir', true],
    ['', '/', false],
  ])('%j goes with %s: %p', (path, target, goes) => {
    const { viewer } = setUp();
    viewer.ask('/dir/page?x=/y/', `h=1; HttpOnly; Path=${path}`);
    expect(viewer.ask(target)).toBe(goes ? 'h=1' : undefined);
  });

  test('longer ones come first, then older ones', () => {
    const { viewer } = setUp();
    viewer.ask('/', 'b=1; HttpOnly; Path=/', 'a=2; HttpOnly; Path=/', 'c=3; HttpOnly; Path=/x');
    viewer.ask('/', 'b=4; HttpOnly; Path=/');
    expect(viewer.ask('/x/y')).toBe('c=3; b=4; a=2');
  });

  test('a visible cookie goes where its path says, whatever the page can see', () => {
    const { viewer } = setUp();
    viewer.ask('/', 'deep=1; Path=/deep', 'top=2; Path=/');
    viewer.store.delete('deep');
    expect(viewer.ask('/deep/x')).toBe('deep=1; top=2');
    expect(viewer.ask('/')).toBe('top=2');
    viewer.page = '/deep/page';
    viewer.store.set('deep', '3');
    expect(viewer.ask('/')).toBe('top=2');
    expect(viewer.ask('/deep/x')).toBe('top=2; deep=3');
  });

  test('what a script deletes or changes is so for other paths too, once it has settled', () => {
    const { viewer, time } = setUp();
    viewer.page = '/deep';
    viewer.ask('/', 'one=1; Path=/deep', 'two=2; Path=/deep');
    viewer.store.delete('one');
    viewer.store.set('two', 'changed');
    time.now += HOST_LIMITS.cookieSettleMs + 1;
    viewer.ask('/');
    viewer.page = '/';
    viewer.store.clear();
    expect(viewer.ask('/deep')).toBe('two=changed');
  });
});

describe('time', () => {
  test('Max-Age and Expires end a cookie, and Max-Age wins', () => {
    const { viewer, time } = setUp();
    const soon = new Date(time.now + 30_000).toUTCString();
    viewer.ask(
      '/',
      'a=1; HttpOnly; Max-Age=60',
      `b=2; HttpOnly; Expires=${soon}`,
      `c=3; HttpOnly; Expires=${soon}; Max-Age=120`,
      'd=4; HttpOnly',
    );
    const at = (seconds: number): string | undefined => {
      time.now = Date.UTC(2026, 10, 21) + seconds * 1000;
      return viewer.ask('/');
    };
    expect(at(29)).toBe('a=1; b=2; c=3; d=4');
    expect(at(30)).toBe('a=1; c=3; d=4');
    expect(at(60)).toBe('c=3; d=4');
    expect(at(1_000_000)).toBe('d=4');
  });
});

describe('rules', () => {
  test.each([
    ['__Host-a=1; Secure; Path=/', true],
    ['__Host-a=1; Path=/', false],
    ['__Host-a=1; Secure', false],
    ['__Host-a=1; Secure; Path=/x', false],
    ['__host-a=1; Path=/', false],
    ['__Host-a=1; Secure; Path=/; Domain=localhost', false],
    ['__Secure-a=1; Secure', true],
    ['__Secure-a=1', false],
    ['=__Secure-a; HttpOnly', false],
    ['plain=1; Secure', true],
    ['plain=1; Domain=example.com', true],
    [`big=${'x'.repeat(4093)}`, true],
    [`big=${'x'.repeat(4094)}`, false],
    ['', false],
    ['bell=\u0007', false],
    [`${VIEWER_COOKIE}=${newLinkId()}; Secure; Path=/`, false],
  ])('%# %.50s is kept: %p', (line, isKept) => {
    const { viewer } = setUp();
    expect(viewer.ask('/', `${line}; HttpOnly`)).toBeUndefined();
    expect(viewer.ask('/') !== undefined).toBe(isKept);
    expect(viewer.answer('/', line).length > 0).toBe(isKept);
  });

  test('Domain is dropped, other attributes are passed on', () => {
    const { viewer } = setUp();
    const line = 'a="q=1"; Domain=.localhost; SameSite=None; Secure; Max-Age=5; Partitioned';
    expect(viewer.answer('/x/y', line)).toEqual([
      'a="q=1"; SameSite=None; Secure; Max-Age=5; Partitioned; Path=/x',
    ]);
  });

  test('the tunnel’s own names never reach the app, from a link or from outside', () => {
    for (const via of ['viewer', 'ingress'] as const) {
      const { cookies } = setUp(via).viewer.exchange('/', []);
      expect(cookies.requestHeaders.map(({ name, value }) => [name, value])).toEqual([
        ['x-own', '1'],
      ]);
    }
  });

  test('Clear-Site-Data takes all of them', () => {
    const { viewer } = setUp();
    viewer.ask('/', 'h=1; HttpOnly', 'v=2; Path=/deep');
    viewer.script('scripted', '3');
    viewer.exchange('/', [], ['clear-site-data', '"cache", "cookies"']);
    expect(viewer.ask('/deep')).toBeUndefined();
    expect([...viewer.store]).toEqual([]);
  });
});
