import { describe, expect, test } from '@jest/globals';
import { TroubleLines } from '../src/cli/terminal/trouble-lines.js';
import { clockTime, count, pathName, shortId, wrapWords } from '../src/cli/terminal/words.js';
import { HOST_LIMITS } from '../src/limits.js';

function setUp() {
  const time = { now: 0 };
  const told: string[] = [];
  const clock = { now: () => time.now, setTimeout: () => ({ cancel: () => undefined }) };
  return { time, told, lines: new TroubleLines(clock, (text) => void told.push(text)) };
}

describe('trouble', () => {
  test('is told once, and again after a while without it', () => {
    const { time, told, lines } = setUp();
    lines.add('no server');
    time.now = HOST_LIMITS.repeatMs - 1;
    lines.add('no server');
    expect(told.length).toBe(1);
    time.now += HOST_LIMITS.repeatMs;
    lines.add('no server');
    expect(told.length).toBe(2);
  });

  test('that never ceases is told once', () => {
    const { time, told, lines } = setUp();
    for (let at = 0; at < 10; at++) {
      lines.add('no server');
      time.now += HOST_LIMITS.repeatMs - 1;
    }
    expect(told).toEqual(['no server']);
  });

  test('that is over is new when it comes again', () => {
    const { told, lines } = setUp();
    lines.add('no server');
    lines.forget();
    lines.add('no server');
    expect(told.length).toBe(2);
  });

  test('of many kinds is remembered up to a limit, the newest ones', () => {
    const { told, lines } = setUp();
    for (let at = 0; at <= HOST_LIMITS.repeats; at++) lines.add(`kind ${at}`);
    told.length = 0;
    lines.add(`kind ${HOST_LIMITS.repeats}`);
    lines.add('kind 1');
    expect(told).toEqual([]);
    lines.add('kind 0');
    expect(told).toEqual(['kind 0']);
  });

  test('that has come again is not the first to be forgotten', () => {
    const { told, lines } = setUp();
    for (let at = 0; at < HOST_LIMITS.repeats; at++) lines.add(`kind ${at}`);
    lines.add('kind 0');
    lines.add('one more');
    told.length = 0;
    lines.add('kind 0');
    expect(told).toEqual([]);
  });

  test('shows no control character', () => {
    const { told, lines } = setUp();
    lines.add('a\u001b]0;title\u0007b');
    expect(told[0]).not.toMatch(/\p{Cc}/u);
  });

  test('with a port that isn’t shared says how to share it, other refusals nothing', () => {
    const { told, lines } = setUp();
    lines.refused({ code: 'PORT_NOT_ALLOWED', port: 8080 });
    lines.refused({ code: 'KEY_MISSING', port: 3000 });
    expect(told).toEqual([
      'a page asks for localhost:8080, which is not shared: --also 8080 shares it',
    ]);
  });
});

describe('words', () => {
  test('of a number have their plural, and its digits in groups', () => {
    expect([count(0, 'viewer'), count(1, 'viewer'), count(12_345, 'viewer')]).toEqual([
      ...['0 viewers', '1 viewer', '12,345 viewers'],
    ]);
  });

  test('of times, paths and links', () => {
    expect(clockTime(new Date(2026, 0, 2, 4, 5, 6))).toBe('04:05:06');
    expect((['p2p', 'turn', 'relay', 'ingress'] as const).map(pathName)).toEqual([
      ...['direct', 'by TURN', 'over the relay', 'plain HTTP'],
    ]);
    expect(shortId('abcdefgh')).toBe('abcdef');
  });

  test.each([
    ['a short line', 80, 2, 'a short line'],
    ['one two three', 8, 2, 'one two\n  three'],
    ['one two three', 7, 0, 'one two\nthree'],
    // What is copied stays whole.
    ['see https://a.example/very/long here', 10, 2, 'see\n  https://a.example/very/long\n  here'],
    ['any width', undefined, 2, 'any width'],
    // Colours take no room.
    ['\u001b[31mone\u001b[39m two', 7, 2, '\u001b[31mone\u001b[39m two'],
    ['', 10, 2, ''],
    ['no width is known', 0, 2, 'no width is known'],
  ])('%j in %j columns', (text, columns, indent, wrapped) => {
    expect(wrapWords(text, columns, indent)).toBe(wrapped);
  });
});
