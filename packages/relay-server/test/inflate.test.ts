import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Readable } from 'node:stream';
import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { Inflater, startOfDeflate, startOfGzip } from '../src/exchange/inflate.js';
import { HOST_LIMITS } from '../src/limits.js';

const TEXT = Buffer.from('what an app has said '.repeat(50));

/** A gzip header with the optional fields that the flags name (RFC 1952 section 2.3). */
function gzipHeader(flags: number, { extra = 'xx', name = 'n', comment = 'c' } = {}): Buffer {
  const parts = [Buffer.from([0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 3])];
  if (flags & 4)
    parts.push(Buffer.from([extra.length & 0xff, extra.length >> 8]), Buffer.from(extra));
  if (flags & 8) parts.push(Buffer.from(`${name}\0`));
  if (flags & 16) parts.push(Buffer.from(`${comment}\0`));
  if (flags & 2) parts.push(Buffer.from([0, 0]));
  return Buffer.concat(parts);
}

async function inflated(start: typeof startOfGzip, pieces: readonly Buffer[]): Promise<string> {
  const out: Buffer[] = [];
  const source = Readable.from(pieces, { objectMode: false });
  for await (const chunk of source.pipe(new Inflater(start))) out.push(chunk as Buffer);
  return Buffer.concat(out).toString();
}

const bytewise = (bytes: Buffer): Buffer[] => [...bytes].map((byte) => Buffer.from([byte]));

describe('the end of a gzip header', () => {
  test('is found with every set of optional fields, and with not one byte fewer', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 15 }),
        fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 300 }),
        (bits, text) => {
          const header = gzipHeader(bits << 1, { extra: text, name: text, comment: text });
          expect(startOfGzip(header)).toEqual({ at: header.length, isZlib: false });
          expect(startOfGzip(header.subarray(0, -1))).toBeUndefined();
        },
      ),
    );
  });

  test('is waited for, byte by byte', () => {
    const header = gzipHeader(4 | 8 | 16 | 2);
    for (let length = 0; length < header.length; length++)
      expect(startOfGzip(header.subarray(0, length))).toBeUndefined();
  });

  test('is not waited for without an end', () => {
    const endless = Buffer.concat([gzipHeader(0), Buffer.alloc(HOST_LIMITS.gzipHeaderBytes, 0x61)]);
    endless.writeUInt8(8, 3);
    expect(startOfGzip(endless.subarray(0, HOST_LIMITS.gzipHeaderBytes))).toBeUndefined();
    expect(() => startOfGzip(endless)).toThrow('has no end');
  });

  test.each([['<html>'], ['\u001f<'], ['\u001f\u008b\u0007']])('%j is no gzip', (text) => {
    expect(() => startOfGzip(Buffer.from(text, 'latin1'))).toThrow('said to be gzip');
  });
});

describe('a body in the coding deflate', () => {
  test.each([
    [deflateSync(TEXT)],
    [deflateSync(TEXT, { level: 9 })],
    [deflateSync(TEXT, { level: 1 })],
  ])('is in the zlib format', (bytes) => {
    expect(startOfDeflate(bytes)).toEqual({ at: 0, isZlib: true });
  });

  test('may be raw, as some servers have it', () => {
    expect(startOfDeflate(deflateRawSync(TEXT))).toEqual({ at: 0, isZlib: false });
  });

  test('says nothing by its first byte', () => {
    expect([startOfDeflate(Buffer.alloc(0)), startOfDeflate(Buffer.from([0x78]))]).toEqual([
      undefined,
      undefined,
    ]);
  });
});

describe('a body is undone', () => {
  test.each([
    ['gzip', startOfGzip, gzipSync(TEXT)],
    ['zlib', startOfDeflate, deflateSync(TEXT)],
    ['raw deflate', startOfDeflate, deflateRawSync(TEXT)],
  ])('%s, whole or byte by byte', async (_, start, bytes) => {
    expect(await inflated(start, [bytes])).toBe(TEXT.toString());
    expect(await inflated(start, bytewise(bytes))).toBe(TEXT.toString());
  });

  test('as far as it has come, when it was cut off', async () => {
    const bytes = gzipSync(TEXT);
    const text = await inflated(startOfGzip, [bytes.subarray(0, bytes.length - 12)]);
    expect(text.length).toBeGreaterThan(0);
    expect(TEXT.toString().startsWith(text)).toBe(true);
  });

  test('without what follows the compressed data', async () => {
    const bytes = Buffer.concat([gzipSync(TEXT), Buffer.from('garbage'.repeat(100))]);
    expect(await inflated(startOfGzip, [bytes])).toBe(TEXT.toString());
    expect(await inflated(startOfGzip, bytewise(bytes).slice(0, bytes.length))).toBe(
      TEXT.toString(),
    );
  });

  test('to nothing, when nothing or only a header came', async () => {
    expect(await inflated(startOfGzip, [])).toBe('');
    expect(await inflated(startOfGzip, [gzipHeader(0)])).toBe('');
  });

  test('never, when it is broken: its reader is told', async () => {
    const broken = Buffer.concat([gzipHeader(0), Buffer.from([0xff, 0xff, 0xff, 0xff])]);
    await expect(inflated(startOfGzip, [broken])).rejects.toThrow('invalid');
    await expect(inflated(startOfGzip, [Buffer.from('<html>')])).rejects.toThrow('said to be gzip');
  });
});
