import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { KeptBytes } from '../../src/inspector/kept-bytes.js';

test('is the beginning of what came, up to its cap, and says what memory it takes', () => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 20 });
  const cap = fc.integer({ min: 0, max: 200 });
  fc.assert(
    fc.property(pieces, cap, (pieces, cap) => {
      const kept = new KeptBytes(cap);
      for (const piece of pieces) kept.add(piece);
      const wanted = Buffer.concat(pieces).subarray(0, cap);
      expect(kept.bytes.equals(wanted)).toBe(true);
      expect(kept.length).toBe(wanted.length);
      expect(kept.size).toBeGreaterThanOrEqual(kept.length);
      expect(kept.size).toBeLessThanOrEqual(cap);
    }),
  );
});

test('bodies that grow by turns don’t get into each other, small or large', () => {
  const all = Array.from({ length: 50 }, (_, n) => ({ kept: new KeptBytes(20_000), n }));
  for (const bytes of [1, 100, 5_000, 9_000]) {
    for (const { kept, n } of all) kept.add(Buffer.alloc(bytes, n));
  }
  for (const { kept, n } of all) expect(kept.bytes.equals(Buffer.alloc(14_101, n))).toBe(true);
});

test('does not see what becomes of a piece', () => {
  const shared = Buffer.from('abcdef');
  const kept = new KeptBytes(100);
  kept.add(shared.subarray(0, 3));
  shared.fill('x');
  expect([kept.bytes.toString(), kept.size]).toEqual(['abc', 3]);
});
