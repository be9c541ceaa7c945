import { describe, expect, test } from '@jest/globals';
import { HOST_LIMITS } from '../src/limits.js';
import { setUp, Viewer } from './support/cookie-viewer.js';

describe('viewers', () => {
  test('never share a cookie', () => {
    const { viewer, jars } = setUp();
    viewer.ask('/', 'sid=1; HttpOnly', 'v=1');
    expect(new Viewer(jars).ask('/')).toBeUndefined();
    expect(viewer.ask('/')).toBe('sid=1; v=1');
  });

  test('are the same through both doors', () => {
    const { viewer, jars } = setUp();
    viewer.ask('/', 'sid=1; HttpOnly');
    const outside = new Viewer(jars, 'ingress', viewer.id);
    outside.script('own', '2');
    expect(outside.ask('/')).toBe('sid=1; own=2');
    expect(outside.answer('/', 'sid=2; HttpOnly', 'v=3; Path=/')).toEqual(['v=3; Path=/']);
    expect(viewer.ask('/')).toBe('sid=2');
  });

  test('at the ingress without a name keep everything themselves', () => {
    const { jars } = setUp();
    const curl = new Viewer(jars, 'ingress', 'none');
    const lines = ['sid=1; HttpOnly; Path=/x', 'odd', '__Host-bad=1'];
    expect(curl.answer('/', ...lines)).toEqual(lines);
    expect(jars.size).toBe(0);
  });

  test('the jar not used for longest goes first', () => {
    const { viewer, jars } = setUp();
    viewer.ask('/', 'sid=1; HttpOnly');
    const second = new Viewer(jars);
    second.ask('/', 'sid=2; HttpOnly');
    viewer.ask('/');
    for (let count = 2; count <= HOST_LIMITS.cookieJars; count += 1) {
      new Viewer(jars).ask('/', 'sid=x; HttpOnly');
    }
    expect(jars.size).toBe(HOST_LIMITS.cookieJars);
    expect(viewer.ask('/')).toBe('sid=1');
    expect(second.ask('/')).toBeUndefined();
  });

  test('a jar holds so many cookies and so many bytes; the oldest goes first', () => {
    const { viewer } = setUp();
    for (let count = 0; count <= HOST_LIMITS.cookiesPerJar; count += 1) {
      viewer.ask('/', `c${count}=1; HttpOnly`);
    }
    const many = viewer.ask('/')?.split('; ') ?? [];
    expect(many).toHaveLength(HOST_LIMITS.cookiesPerJar);
    expect(many).not.toContain('c0=1');
    const value = 'x'.repeat(4000);
    for (let count = 0; count < 20; count += 1) viewer.ask('/', `b${count}=${value}; HttpOnly`);
    const large = viewer.ask('/') ?? '';
    expect(large.length).toBeLessThan(HOST_LIMITS.cookieJarBytes);
    expect(large).toContain('b19=');
    expect(large).not.toContain('b0=');
  });
});

describe('the cookies of a browser that looks at pages of two ports', () => {
  const setUpTwo = () => {
    const { time, jars, viewer: main } = setUp();
    const other = new Viewer(jars, 'viewer', main.id);
    other.home = 8080;
    const settle = (): void => void (time.now += HOST_LIMITS.cookieSettleMs + 1);
    return { main, other, settle };
  };

  test('are the same at both, as localhost has them', () => {
    const { main, other } = setUpTwo();
    main.ask('/login', 'sid=secret; HttpOnly; Path=/', 'theme=dark; Path=/');
    expect(other.ask('/')).toBe('sid=secret; theme=dark');
    expect(other.ask('/deep')).toBe('sid=secret; theme=dark');
  });

  test('are shown to the scripts of the other port with its next answer, once', () => {
    const { main, other } = setUpTwo();
    main.ask('/login', 'sid=secret; HttpOnly; Path=/', 'theme=dark; Path=/shop; Max-Age=60');
    expect(other.answer('/')).toEqual(['theme=dark; Path=/shop; Secure; Max-Age=60']);
    expect(other.answer('/')).toEqual([]);
  });

  test('are not taken for deleted where they were never shown', () => {
    const { main, other, settle } = setUpTwo();
    main.ask('/', 'theme=dark; Path=/');
    settle();
    expect(other.exchange('/', []).cookie).toBe('theme=dark');
    expect(main.ask('/')).toBe('theme=dark');
  });

  test('have the value that was set last, whichever port has set it', () => {
    const { main, other, settle } = setUpTwo();
    main.ask('/', 'theme=dark; Path=/');
    other.ask('/');
    settle();
    other.ask('/', 'theme=light; Path=/');
    expect(main.ask('/')).toBe('theme=light');
    expect(main.store.get('theme')).toBe('light');
    settle();
    main.script('theme', 'blue');
    main.ask('/');
    expect(other.ask('/')).toBe('theme=blue');
    expect(other.store.get('theme')).toBe('blue');
  });

  test('are gone at both when one has deleted them', () => {
    const { main, other, settle } = setUpTwo();
    main.ask('/', 'theme=dark; Path=/', 'sid=1; HttpOnly; Path=/');
    other.ask('/');
    settle();
    main.ask('/', 'theme=; Path=/; Max-Age=0', 'sid=; HttpOnly; Path=/; Max-Age=0');
    expect(other.ask('/')).toBeUndefined();
  });

  test('are those of one browser only', () => {
    const { main, other } = setUpTwo();
    main.ask('/', 'theme=dark; Path=/', 'sid=1; HttpOnly; Path=/');
    const stranger = new Viewer(other.jars);
    stranger.home = 8080;
    expect([stranger.ask('/'), stranger.answer('/')]).toEqual([undefined, []]);
  });
});
