import { Readable } from 'node:stream';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { decode } from '../src/exchange/decode.js';
import { HOST_LIMITS } from '../src/limits.js';
import { textOf } from './support/tunnel.js';

const TEXT = 'as it was '.repeat(50);
const TRAILING = Buffer.from('\x1f\x8b more than there should be', 'latin1');

/** A body in pieces of so many bytes. */
async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += size)
    yield await Promise.resolve(bytes.subarray(at, at + size));
}

const decoded = (coding: string, bytes: Uint8Array, size = 1024): Promise<string> =>
  textOf(decode(inPieces(bytes, size), [coding]));

/** A gzip header with fields that a packer rarely writes (RFC 1952 section 2.3), before a body. */
function gzipWith(flags: number, ...fields: string[]): Buffer {
  const [whole, empty] = [gzipSync(TEXT), Buffer.from(fields.join(''), 'latin1')];
  const fixed = Buffer.from(whole.subarray(0, 10));
  fixed[3] = flags;
  return Buffer.concat([fixed, empty, whole.subarray(10)]);
}

const BODIES: [coding: string, name: string, bytes: Buffer][] = [
  ['gzip', 'gzip', gzipSync(TEXT)],
  ['deflate', 'the zlib format', deflateSync(TEXT)],
  ['deflate', 'raw deflate', deflateRawSync(TEXT)],
];

describe.each(BODIES)('%s, %s:', (coding, _name, bytes) => {
  test.each([1, 2, 3, 1024])('is undone in pieces of %i', async (size) => {
    expect(await decoded(coding, bytes, size)).toBe(TEXT);
  });

  test.each([1, 7, 1024])(
    'what follows it in pieces of %i is ignored',
    async (size) => {
      const long = Buffer.concat([bytes, TRAILING, Buffer.alloc(20_000, 7)]);
      expect(await decoded(coding, long, size)).toBe(TEXT);
    },
    20_000,
  );

  test('one that was cut off gives what has come', async () => {
    expect(TEXT.startsWith(await decoded(coding, bytes.subarray(0, bytes.length - 12)))).toBe(true);
    expect(await decoded(coding, bytes.subarray(0, 1))).toBe('');
  });

  test('a reader that leaves ends its source', async () => {
    const source = Readable.from(inPieces(Buffer.concat([bytes, Buffer.alloc(1_000_000)]), 1024));
    const left = new Promise<void>((resolve) => source.once('error', () => resolve()));
    for await (const piece of decode(source, [coding])) if (piece.byteLength > 0) break;
    await left;
  });
});

test('far more than fits into memory comes out piece by piece', async () => {
  const bomb = gzipSync(Buffer.alloc(32 * 1024 * 1024));
  let [bytes, largest] = [0, 0];
  for await (const chunk of decode(inPieces(bomb, 1024), ['gzip'])) {
    bytes += chunk.byteLength;
    largest = Math.max(largest, chunk.byteLength);
  }
  expect([bytes, largest]).toEqual([32 * 1024 * 1024, 16 * 1024]);
});

test('trailing bytes after brotli are ignored too', async () => {
  const bytes = Buffer.concat([brotliCompressSync(TEXT), TRAILING]);
  expect(await decoded('br', bytes)).toBe(TEXT);
});

describe('a gzip header', () => {
  test.each([
    ['extra bytes', gzipWith(4, '\x03\x00abc')],
    ['a name', gzipWith(8, 'name\0')],
    ['a comment', gzipWith(16, 'comment\0')],
    ['a checksum of its own', gzipWith(2, 'xx')],
    ['all of them', gzipWith(30, '\x03\x00a\0c', 'name\0', '\0', 'xx')],
  ])('may have %s', async (_name, bytes) => {
    for (const size of [1, 5, 1024]) expect(await decoded('gzip', bytes, size)).toBe(TEXT);
  });

  test.each([
    ['is none', Buffer.from('plain text')],
    ['has another method', Buffer.from('\x1f\x8b\x07\0\0\0\0\0\0\0', 'latin1')],
    ['never ends', gzipWith(8, 'n'.repeat(2 * HOST_LIMITS.gzipHeaderBytes))],
  ])('that %s is an error of the body', async (_name, bytes) => {
    await expect(decoded('gzip', bytes)).rejects.toThrow('gzip');
  });
});

test('data that can’t be inflated is an error of the body', async () => {
  const bytes = gzipSync(TEXT);
  // A block of a type that there is not (RFC 1951 section 3.2.3).
  bytes[10] = 0x07;
  await expect(decoded('gzip', bytes)).rejects.toMatchObject({ code: 'Z_DATA_ERROR' });
});
