import { expect, test } from '@jest/globals';
import { parseCookies, scriptedLine, scriptedNames, withoutOwn } from '../src/exchange/cookies.js';
import { COOKIE_LIMITS } from '../src/limits.js';

/** The Cookie field of a browser that has taken the line. */
const kept = (line: string | undefined) => parseCookies((line ?? '').split(';')[0] ?? '');

test('names written one after another are all there, each once', () => {
  const one = kept(scriptedLine([], 'one'));
  expect(scriptedLine(one, 'one')).toBeUndefined();
  expect([...scriptedNames(kept(scriptedLine(one, 'two')))]).toEqual(['one', 'two']);
});

test('any name survives: none, one with separators, and one beyond ASCII as bytes', () => {
  const names = ['', 'a/b=c;d', '%41', 'ü', '\ud800'];
  const cookie = names.reduce((before, name) => kept(scriptedLine(before, name)), kept(''));
  expect([...scriptedNames(cookie)]).toEqual(['', 'a/b=c;d', '%41', 'Ã¼', 'ï¿½']);
});

test('a cookie that is broken names nothing, and nothing of the tunnel’s own reaches the app', () => {
  const pairs = parseCookies('__Host-wingman-scripted=x/%/.%zz; a=1');
  expect([...scriptedNames(pairs)]).toEqual(['%zz']);
  expect(withoutOwn(pairs)).toEqual([['a', '1']]);
});

test('the oldest names are forgotten first, so that the cookie stays small', () => {
  let cookie = kept('');
  for (let count = 0; count <= COOKIE_LIMITS.scriptedNames; count += 1) {
    cookie = kept(scriptedLine(cookie, `n${count}`));
  }
  const names = [...scriptedNames(cookie)];
  expect([names.length, names[0], names.at(-1)]).toEqual([64, 'n1', 'n64']);
});

test('only the session’s own pages can write it', () => {
  expect(scriptedLine([], 'a')).toBe(
    '__Host-wingman-scripted=.a; Path=/; Secure; SameSite=Lax; Max-Age=34560000',
  );
});
