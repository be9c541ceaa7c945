import { expect, test } from '@jest/globals';
import { isLinkId, newLinkId } from '../src/link/link-id.js';

test('a fresh id has the form of one, and none comes twice', () => {
  const ids = Array.from({ length: 100 }, newLinkId);
  expect(ids.filter(isLinkId)).toHaveLength(100);
  expect(new Set(ids).size).toBe(100);
});

test.each([
  ['too short', '0'.repeat(31)],
  ['too long', '0'.repeat(33)],
  ['in capitals', 'A'.repeat(32)],
  ['no hex', 'g'.repeat(32)],
  ['with a line after it', `${'0'.repeat(32)}\n`],
  ['empty', ''],
])('what is %s is no id', (_what, text) => {
  expect(isLinkId(text)).toBe(false);
});
