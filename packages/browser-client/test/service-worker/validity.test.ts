import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  conditionsOf,
  directives,
  fits,
  isFresh,
  updated,
  validityOf,
  type Validity,
} from '../../src/service-worker/validity.js';
import type { HeaderPair } from '../../src/shared/exchange-messages.js';

const NOW = Date.parse('Mon, 23 Nov 2026 12:00:00 GMT');
const TIMES = { askedAt: NOW, answeredAt: NOW };

function pairs(fields: Record<string, string>): HeaderPair[] {
  return Object.entries(fields);
}

function kept(fields: Record<string, string>, asked: Record<string, string> = {}): Validity {
  const validity = validityOf(pairs(fields), pairs(asked), TIMES, 'default');
  if (validity === undefined) throw new Error('not kept');
  return validity;
}

/** Seconds from now for which an answer with these fields is fresh. */
function lifetime(fields: Record<string, string>): number {
  return (kept({ etag: '"1"', ...fields }).freshUntil - NOW) / 1000;
}

describe('directives', () => {
  test('are told apart from what stands in quotes, and the first of a name counts', () => {
    const field = 'Max-Age=5, private="set-cookie, max-age=1", no-cache , max-age="7",,';
    expect([...directives([['cache-control', field]])]).toEqual([
      ['max-age', '5'],
      ['private', 'set-cookie, max-age=1'],
      ['no-cache', ''],
    ]);
  });

  test('are read from whatever stands there', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        for (const name of directives([['cache-control', text]]).keys()) {
          expect(name).toBe(name.toLowerCase());
        }
      }),
    );
  });
});

describe('the lifetime of an answer', () => {
  const date = new Date(NOW).toUTCString();
  const later = new Date(NOW + 60_000).toUTCString();

  test.each<[string, number, Record<string, string>]>([
    ['its max-age', 5, { 'cache-control': 'max-age=5' }],
    ['max-age before Expires', 5, { 'cache-control': 'max-age=5', expires: later, date }],
    ['Expires from Date', 60, { expires: later, date }],
    ['what a proxy has not used up', 2, { 'cache-control': 'max-age=5', age: '3' }],
    [
      'what the way has not used up',
      4,
      { 'cache-control': 'max-age=5', date: new Date(NOW - 1000).toUTCString() },
    ],
  ])('is %s', (_, seconds, fields) => {
    expect(lifetime(fields)).toBe(seconds);
  });

  test.each<[string, Record<string, string>]>([
    ['no-cache', { 'cache-control': 'max-age=5, no-cache' }],
    ['no number', { 'cache-control': 'max-age=soon', expires: later, date }],
    ['an Expires of the past', { expires: date, date: later }],
    ['an Expires that is none', { expires: '0' }],
    ['immutable without a max-age', { 'cache-control': 'immutable' }],
    ['nothing: it is not guessed', { 'last-modified': 'Mon, 01 Jan 2024 00:00:00 GMT' }],
    ['cookies, which only the host knows', { 'cache-control': 'max-age=5', vary: 'Cookie' }],
  ])('is none by %s', (_, fields) => {
    expect(isFresh(kept({ etag: '"1"', ...fields }), [], NOW)).toBe(false);
  });
});

describe('an answer is not kept', () => {
  test.each<[string, Record<string, string>, Record<string, string>]>([
    ['by no-store', { 'cache-control': 'max-age=5, no-store' }, {}],
    [
      'by no-store of the request',
      { 'cache-control': 'max-age=5' },
      { 'cache-control': 'no-store' },
    ],
    ['that varies by anything', { 'cache-control': 'max-age=5', vary: 'accept, *' }, {}],
    ['that sets a cookie', { 'cache-control': 'max-age=5', 'set-cookie': 'a=b' }, {}],
    ['for nothing', { 'content-type': 'text/plain' }, {}],
    ['to a name and password', { 'cache-control': 'max-age=5' }, { authorization: 'Basic x' }],
    [
      'that only a date could renew, where cookies decide',
      { 'last-modified': 'x', vary: 'cookie' },
      {},
    ],
  ])('%s', (_, answer, asked) => {
    expect(validityOf(pairs(answer), pairs(asked), TIMES, 'default')).toBeUndefined();
  });

  test('for nothing but the cache’s own modes, where cookies do not decide', () => {
    expect(validityOf([], [], TIMES, 'force-cache')).toMatchObject({ freshUntil: NOW });
    expect(validityOf([['vary', 'cookie']], [], TIMES, 'force-cache')).toBeUndefined();
  });

  test.each(['public', 'must-revalidate', 's-maxage=5'])(
    'to a name and password, unless it says %s; then it is for everybody',
    (directive) => {
      const fields = { 'cache-control': `max-age=5, ${directive}` };
      const validity = kept(fields, { authorization: 'Basic x' });
      expect(fits(validity, [['authorization', 'Basic y']])).toBe(true);
      expect(fits(kept({ 'cache-control': 'max-age=5' }), [['authorization', 'Basic y']])).toBe(
        false,
      );
    },
  );
});

describe('a kept answer', () => {
  test('is one to requests that agree in what it varies by', () => {
    const validity = kept({ etag: '"1"', vary: 'Accept, X-Own' }, { accept: 'text/css' });
    expect(fits(validity, pairs({ accept: 'text/css', other: '1' }))).toBe(true);
    expect(fits(validity, pairs({ accept: '*/*' }))).toBe(false);
    expect(fits(validity, pairs({ accept: 'text/css', 'x-own': '1' }))).toBe(false);
  });

  test.each<[string, number, Record<string, string>, boolean]>([
    ['until its lifetime is over', 9_999, {}, true],
    ['no longer', 10_000, {}, false],
    ['not before it was made: the clock was set back', -1, {}, false],
    ['not where the request says no-cache', 0, { 'cache-control': 'no-cache' }, false],
    ['not where the request says so in old words', 0, { pragma: 'no-cache' }, false],
    ['as young as the request wants it', 3_000, { 'cache-control': 'max-age=3' }, true],
    ['and not older', 3_001, { 'cache-control': 'max-age=3' }, false],
    ['as long as the request wants it', 4_999, { 'cache-control': 'min-fresh=5' }, true],
    ['and not shorter', 5_000, { 'cache-control': 'min-fresh=5' }, false],
  ])('is used unasked %s', (_, after, asked, expected) => {
    expect(isFresh(kept({ 'cache-control': 'max-age=10' }), pairs(asked), NOW + after)).toBe(
      expected,
    );
  });

  test('is asked about by all that names it', () => {
    const validity = kept({ etag: 'W/"1"', 'last-modified': 'yesterday' });
    expect(conditionsOf(validity)).toEqual([
      ['if-none-match', 'W/"1"'],
      ['if-modified-since', 'yesterday'],
    ]);
    expect(conditionsOf(kept({ 'cache-control': 'max-age=5' }))).toEqual([]);
  });

  test('takes from a 304 what is not of a body or of one message', () => {
    const before = new Headers({ 'content-type': 'text/css', 'x-own': 'old', etag: '"1"' });
    const fields = {
      'content-type': 'text/html',
      'content-length': '0',
      'x-own': 'new',
      'x-more': '1',
    };
    const after = new Headers(
      updated(before, [...pairs(fields), ['connection', 'close']]).map(([...pair]) => pair),
    );
    expect(Object.fromEntries(after)).toEqual({
      'content-type': 'text/css',
      etag: '"1"',
      'x-own': 'new',
      'x-more': '1',
    });
  });
});
