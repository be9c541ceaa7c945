import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { WingmanError } from '../src/errors.js';
import { MAX_VARINT, readVarint, varintLength, writeVarint } from '../src/wire/varint.js';
import { toHex } from '../src/wire/bytes.js';

const number = fc.oneof(fc.nat(70), fc.nat(20_000), fc.nat(), fc.maxSafeNat());

/** The same encoding with big integers and no cleverness. */
function naive(value: number): string {
  const length = value < 64 ? 1 : value < 16384 ? 2 : value < 2 ** 30 ? 4 : 8;
  const prefix = BigInt(Math.log2(length)) << BigInt(length * 8 - 2);
  return (BigInt(value) | prefix).toString(16).padStart(length * 2, '0');
}

describe('varint', () => {
  test('reads back what it wrote, like its naive twin', () => {
    fc.assert(
      fc.property(number, fc.nat(5), (value, offset) => {
        const bytes = new Uint8Array(offset + 8);
        const end = writeVarint(bytes, offset, value);
        expect(end - offset).toBe(varintLength(value));
        expect(toHex(bytes.subarray(offset, end))).toBe(naive(value));
        expect(readVarint(bytes, offset)).toEqual({ value, next: end });
      }),
    );
  });

  test.each([
    ['25', 37],
    ['7bbd', 15293],
    ['9d7f3e7d', 494878333],
  ])('agrees with the examples of RFC 9000 A.1: %s', (hex, value) => {
    expect(readVarint(Buffer.from(hex, 'hex'), 0).value).toBe(value);
  });

  test.each([
    '',
    '40',
    '4025',
    '80000001',
    'c000000000000001',
    'ffffffffffffffff',
    'c020000000000000',
  ])('refuses %s: cut short, longer than needed, or too large', (hex) => {
    expect(() => readVarint(Buffer.from(hex, 'hex'), 0)).toThrow(WingmanError);
  });

  test.each([-1, 0.5, NaN, MAX_VARINT + 1])('does not write %d', (value) => {
    expect(() => writeVarint(new Uint8Array(8), 0, value)).toThrow(WingmanError);
  });
});
