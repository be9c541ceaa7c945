import { expect, test } from '@jest/globals';
import { formatBytes } from '../src/format.js';

const KIB = 1024;

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1023, '1.0 KiB'],
  [1536, '1.5 KiB'],
  [9.94 * KIB, '9.9 KiB'],
  [9.96 * KIB, '10 KiB'],
  [200 * KIB, '200 KiB'],
  [999.4 * KIB, '999 KiB'],
  [999.6 * KIB, '1.0 MiB'],
  [92 * KIB ** 2, '92 MiB'],
  [3.5 * KIB ** 3, '3.5 GiB'],
  [2 * KIB ** 4, '2.0 TiB'],
  [5000 * KIB ** 4, '5000 TiB'],
])('%d bytes are shown as %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});
