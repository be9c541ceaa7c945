import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  formatMs,
  formatTime,
  pathName,
  shortId,
  viewerName,
  wholeViewerName,
} from '../src/page/format.js';
import { summaryOf } from './support/page.js';

describe('a time span', () => {
  test.each([
    [null, '–'],
    [undefined, '–'],
    [0, '0.0 ms'],
    [0.04, '0.0 ms'],
    [0.42, '0.4 ms'],
    [9.94, '9.9 ms'],
    [9.97, '10 ms'],
    [10, '10 ms'],
    [12.6, '13 ms'],
    [999.4, '999 ms'],
    [999.6, '1.0 s'],
    [1_000, '1.0 s'],
    [1_234, '1.2 s'],
    [59_940, '59.9 s'],
    [59_960, '1 min'],
    [60_000, '1 min'],
    [150_000, '3 min'],
    [5_400_000, '90 min'],
  ])('of %j ms is %s', (ms, text) => {
    expect(formatMs(ms)).toBe(text);
  });

  test('takes nine characters at most, up to a week', () => {
    const week = 7 * 24 * 3_600_000;
    fc.assert(
      fc.property(fc.double({ min: 0, max: week, noNaN: true }), (ms) => {
        expect(formatMs(ms).length).toBeLessThanOrEqual(9);
      }),
    );
  });
});

test('a moment has all its digits', () => {
  expect(formatTime(new Date(2026, 0, 2, 3, 4, 5, 6).getTime())).toBe('03:04:05.006');
  expect(formatTime(new Date(2026, 11, 22, 23, 59, 59, 999).getTime())).toBe('23:59:59.999');
});

test.each([
  ['p2p', 'direct'],
  ['turn', 'by TURN'],
  ['relay', 'relay'],
  ['offline', 'offline'],
  ['ingress', 'ingress'],
  ['replay', 'replay'],
] as const)('the path %s is called %s', (path, name) => {
  expect(pathName(path)).toBe(name);
});

test('a link’s id is short, and a dash where there is none', () => {
  expect([shortId('abcdefghij'), shortId('')]).toEqual(['abcdef', '–']);
});

test('a viewer is named as in the terminal, by the id where nobody knows whose it is', () => {
  const known = summaryOf({ visitor: { number: 2, browser: 'Chrome 150 on Android' } });
  expect([viewerName(known), wholeViewerName(known)]).toEqual([
    '#2 Chrome 150',
    '#2 Chrome 150 on Android, tab abcdef',
  ]);
  const odd = summaryOf({ visitor: { number: 3, browser: 'curl/8' } });
  expect(viewerName(odd)).toBe('#3 curl/8');
  expect([viewerName(summaryOf()), wholeViewerName(summaryOf({ viewer: '' }))]).toEqual([
    'abcdef',
    '–',
  ]);
});
