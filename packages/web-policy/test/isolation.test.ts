import { describe, expect, test } from '@jest/globals';
import { header } from '@wingman/protocol';
import {
  asksForIsolation,
  EMBEDDER_POLICY,
  forbidsEmbedding,
  ISOLATING,
  restrictsEmbedding,
} from '../src/isolation.js';

const OPENER = 'cross-origin-opener-policy';
const asks = (opener: string[], embedder: string[]): boolean =>
  asksForIsolation([
    ...opener.map((value) => header(OPENER, value)),
    ...embedder.map((value) => header(EMBEDDER_POLICY, value)),
  ]);

describe('a page is isolated', () => {
  test.each([
    ['same-origin', 'require-corp'],
    ['same-origin; report-to="x"', 'credentialless'],
    ['same-origin;report-to="x"', 'require-corp;report-to="y";a'],
  ])('%s, %s', (opener, embedder) => {
    expect(asks([opener], [embedder])).toBe(true);
  });

  test.each([
    ['same-origin-allow-popups', 'require-corp'],
    ['noopener-allow-popups', 'require-corp'],
    ['unsafe-none', 'require-corp'],
    ['same-origin', 'unsafe-none'],
    ['Same-Origin', 'require-corp'],
    ['"same-origin"', 'require-corp'],
    ['same-origin', 'require-corp, credentialless'],
    ['same-origin', 'require-corp; report-to="x", require-corp; report-to="x"'],
    ['', ''],
  ])('not by %s, %s', (opener, embedder) => {
    expect(asks([opener], [embedder])).toBe(false);
  });

  test('not by one of the two', () => {
    expect(asks(['same-origin'], [])).toBe(false);
    expect(asks([], ['require-corp'])).toBe(false);
  });

  test('not by two lines, which are a list', () => {
    expect(asks(['same-origin', 'same-origin'], ['require-corp'])).toBe(false);
    expect(asks(['same-origin'], ['require-corp', 'require-corp'])).toBe(false);
  });

  test('by what the shell is given', () => {
    const headers = Object.entries(ISOLATING).map(([name, value]) => header(name, value));
    expect(asksForIsolation(headers)).toBe(true);
  });
});

test.each([
  ['require-corp', true],
  ['credentialless; report-to="x"', true],
  ['unsafe-none', false],
  ['require-corporate', false],
  ['', false],
])('an isolated page may have a frame with %j: %s', (policy, may) => {
  expect(restrictsEmbedding(policy)).toBe(may);
});

test.each([
  [null, false, false],
  ['same-origin', true, true],
  ['same-origin', false, true],
  ['same-site', true, false],
  ['same-site', false, true],
  ['cross-origin', false, false],
  ['Same-Origin', false, false],
])('a resource policy %j, of the same site %s, forbids: %s', (policy, isSameSite, forbids) => {
  expect(forbidsEmbedding(policy, isSameSite)).toBe(forbids);
});
