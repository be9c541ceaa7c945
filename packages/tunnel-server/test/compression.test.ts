import { describe, expect, test } from '@jest/globals';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { SERVER_LIMITS } from '../src/limits.js';
import { acceptedCoding, CompressedPages } from '../src/web/compression.js';

describe('compressed pages', () => {
  const page = (): Buffer => Buffer.from('the page '.repeat(1_000));

  test('are compressed once for each content and coding', async () => {
    const pages = new CompressedPages();
    const first = pages.get('a', 'br', page);
    expect(pages.get('a', 'br', page)).toBe(first);
    expect(pages.get('b', 'br', page)).not.toBe(first);
    expect(gunzipSync((await pages.get('a', 'gzip', page)) ?? '')).toEqual(page());
  });

  test('wait for each other up to a cap, past which there is none', async () => {
    const pages = new CompressedPages();
    const ask = (content: string) => pages.get(content, 'br', page);
    const waiting = Array.from({ length: SERVER_LIMITS.pendingCompressions }, (_, index) =>
      ask(`${index}`),
    );
    expect(ask('one too many')).toBeUndefined();
    expect(ask('0')).toBe(waiting[0]);
    await waiting.at(-1);
    expect(brotliDecompressSync((await ask('one too many')) ?? '')).toEqual(page());
  });

  test('are forgotten when others have been asked for since', async () => {
    const pages = new CompressedPages();
    const oldest = pages.get('oldest', 'br', page);
    const kept = pages.get('kept', 'br', page);
    await kept;
    for (let index = 1; index < SERVER_LIMITS.compressedPages; index += 1) {
      await pages.get(`${index}`, 'br', page);
      expect(pages.get('kept', 'br', page)).toBe(kept);
    }
    expect(pages.get('oldest', 'br', page)).not.toBe(oldest);
  });

  test('that could not be made are made again', async () => {
    const pages = new CompressedPages();
    const broken = (): Buffer => {
      throw new Error('broken');
    };
    await expect(pages.get('a', 'br', broken)).rejects.toThrow('broken');
    expect(brotliDecompressSync((await pages.get('a', 'br', page)) ?? '')).toEqual(page());
  });
});

test.each([
  ['br;q=1.0, gzip;q=0.5', 'br'],
  ['br;q=0, gzip', 'gzip'],
  ['deflate', undefined],
  [undefined, undefined],
])('Accept-Encoding %s takes %s', (accepted, coding) => {
  expect(acceptedCoding(accepted)).toBe(coding);
});
