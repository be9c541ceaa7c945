import { WingmanError } from '../errors.js';

/** The largest number that a variable-length integer may have here: JavaScript's largest safe integer. */
export const MAX_VARINT = Number.MAX_SAFE_INTEGER;

const LENGTH_BITS = [0x00, 0x40, 0x80, 0xc0] as const;

/** How many bytes the integer takes: 1, 2, 4 or 8. */
export function varintLength(value: number): 1 | 2 | 4 | 8 {
  if (value < 0x40) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x40000000) return 4;
  return 8;
}

/** Writes a variable-length integer (RFC 9000 section 16) and returns the offset behind it. */
export function writeVarint(target: Uint8Array, offset: number, value: number): number {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new WingmanError('PROTOCOL_ERROR', `not a variable-length integer: ${value}`);
  }
  const length = varintLength(value);
  let rest = value;
  for (let index = offset + length - 1; index >= offset; index -= 1) {
    target[index] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  target[offset] = (target[offset] ?? 0) | (LENGTH_BITS[Math.log2(length)] ?? 0);
  return offset + length;
}

/** An integer and the offset behind it. */
export interface Varint {
  value: number;
  next: number;
}

/** Reads a variable-length integer in its shortest form; PROTOCOL_ERROR when cut short, longer than needed or too large. */
export function readVarint(source: Uint8Array, offset: number): Varint {
  const first = source[offset];
  if (first === undefined) throw new WingmanError('PROTOCOL_ERROR', 'integer is cut short');
  const length = 1 << (first >> 6);
  if (offset + length > source.byteLength) {
    throw new WingmanError('PROTOCOL_ERROR', 'integer is cut short');
  }
  const value = readBigEndian(source, offset, length, first & 0x3f);
  if (value > MAX_VARINT || varintLength(value) !== length) {
    throw new WingmanError('PROTOCOL_ERROR', 'integer is not in its shortest form');
  }
  return { value, next: offset + length };
}

function readBigEndian(source: Uint8Array, offset: number, length: number, first: number): number {
  let value = first;
  for (let index = 1; index < length; index += 1) {
    value = value * 256 + (source[offset + index] ?? 0);
  }
  return value;
}
