import { describe, expect, test } from '@jest/globals';
import type { z } from 'zod';
import * as schemas from '../src/setting-schemas.js';

/** What a schema makes of a text; undefined when it refuses. */
function read(schema: z.ZodType<unknown, string>, text: string): unknown {
  const result = schema.safeParse(text);
  return result.success ? result.data : undefined;
}

describe('what people write', () => {
  test.each([
    ['true', true],
    ['1', true],
    ['yes', true],
    ['false', false],
    ['0', false],
    ['no', false],
    ['TRUE', undefined],
    ['maybe', undefined],
    ['', undefined],
  ])('the flag %j is %s', (text, value) => {
    expect(read(schemas.flag, text)).toBe(value);
  });

  test.each([
    ['1', 1],
    ['10', 10],
    ['007', 7],
    ['0', undefined],
    ['11', undefined],
    ['-1', undefined],
    ['1.5', undefined],
    ['1e1', undefined],
    ['0x2', undefined],
    [' 2', undefined],
    ['9'.repeat(10), undefined],
  ])('the number %j from 1 to 10 is %s', (text, value) => {
    expect(read(schemas.integer(1, 10), text)).toBe(value);
  });

  test.each([
    ['90s', 90_000],
    ['15m', 900_000],
    ['8h', 28_800_000],
    ['2d', 172_800_000],
    ['0s', undefined],
    ['3d', undefined],
    ['8', undefined],
    ['h', undefined],
    ['1.5h', undefined],
    ['-1s', undefined],
    ['1w', undefined],
    ['1 h', undefined],
  ])('the time %j up to two days is %s ms', (text, value) => {
    expect(read(schemas.duration(1_000, 2 * 86_400_000), text)).toBe(value);
  });

  test('a list has commas, with or without blanks', () => {
    const numbers = schemas.list(schemas.integer(1, 9), 3);
    expect(read(numbers, '1')).toEqual([1]);
    expect(read(numbers, '1, 2 ,3')).toEqual([1, 2, 3]);
    expect(read(numbers, '1,,2')).toBeUndefined();
    expect(read(numbers, '1,x')).toBeUndefined();
    expect(read(numbers, '1,2,3,4')).toBeUndefined();
  });

  test('ICE servers are of the schemes allowed', () => {
    const stun = schemas.iceUrls('stun', 'stuns');
    expect(read(stun, 'stun:a.example, stuns:[::1]:1')).toEqual([
      'stun:a.example',
      'stuns:[::1]:1',
    ]);
    expect(read(stun, 'turn:a.example')).toBeUndefined();
    expect(read(stun, 'stun:a.example,')).toBeUndefined();
  });

  test('a word is one of those allowed', () => {
    const words = schemas.oneOf(['warn', 'info']);
    expect(read(words, 'warn')).toBe('warn');
    expect(read(words, 'loud')).toBeUndefined();
  });

  test.each([
    ['tunnel.example.org', 'tunnel.example.org'],
    ['LocalHost', 'localhost'],
    [' a.example ', 'a.example'],
    ['a-b.c0.d', 'a-b.c0.d'],
    ['', undefined],
    ['no spaces', undefined],
    ['-a.example', undefined],
    ['a-.example', undefined],
    ['a..b', undefined],
    ['a.example.', undefined],
    ['a_b.example', undefined],
    ['a.example:80', undefined],
    [`${'a'.repeat(200)}`, 'a'.repeat(200)],
    [`${'a'.repeat(201)}`, undefined],
  ])('the domain %j is %s', (text, value) => {
    expect(read(schemas.domainName, text)).toBe(value);
  });

  test.each([
    ['https://tunnel.example.org', 'https://tunnel.example.org/'],
    ['http://127.0.0.1:8787/', 'http://127.0.0.1:8787/'],
    ['https://a.example/path', undefined],
    ['https://a.example/?x', undefined],
    ['https://a.example/#x', undefined],
    ['ftp://a.example', undefined],
    ['a.example', undefined],
    ['localhost:8787', undefined],
    ['', undefined],
  ])('the origin %j is %s', (text, href) => {
    expect((read(schemas.httpOrigin, text) as URL | undefined)?.href).toBe(href);
  });

  test.each([
    ['tunnel.example.org', 'https://tunnel.example.org/'],
    ['tunnel.example.org:8443', 'https://tunnel.example.org:8443/'],
    ['http://tunnel.example.org', 'http://tunnel.example.org/'],
    ['localhost:8787', 'http://localhost:8787/'],
    ['a.localhost', 'http://a.localhost/'],
    ['127.0.0.1:8787', 'http://127.0.0.1:8787/'],
    ['[::1]:8787', 'http://[::1]:8787/'],
    ['localhost.example.org', 'https://localhost.example.org/'],
    ['127.example.org', 'https://127.example.org/'],
    ['ftp://a.example', undefined],
    ['a.example/path', undefined],
    ['--json', undefined],
    ['a b', undefined],
    ['', undefined],
  ])('the server %j is %s', (text, href) => {
    expect((read(schemas.serverOrigin, text) as URL | undefined)?.href).toBe(href);
  });
});
