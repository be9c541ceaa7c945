import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { KeptBytes } from '../../src/inspector/kept-bytes.js';

test('is the beginning of what came, up to its cap, and says what memory it takes', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 20 }),
      fc.integer({ min: 0, max: 200 }),
      (pieces, cap) => {
        const kept = new KeptBytes(cap);
        let grown = 0;
        for (const piece of pieces) grown += kept.add(piece);
        expect(kept.bytes.equals(Buffer.concat(pieces).subarray(0, cap))).toBe(true);
        expect(kept.size).toBe(grown);
        expect(kept.size).toBeLessThanOrEqual(cap);
        expect(kept.clear()).toBe(grown);
        expect([kept.length, kept.size]).toEqual([0, 0]);
      },
    ),
  );
});

test('does not hold the buffer that a piece is a part of, nor see what becomes of it', () => {
  const shared = Buffer.from('abcdef');
  const kept = new KeptBytes(100);
  kept.add(shared.subarray(0, 3));
  shared.fill('x');
  expect(kept.bytes.toString()).toBe('abc');
  expect(kept.size).toBe(3);
});
