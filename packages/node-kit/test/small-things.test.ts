import { describe, expect, test } from '@jest/globals';
import { createServer } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { readFileSync } from 'node:fs';
import { packageVersion } from '../src/package-version.js';
import { messageOf, systemCode } from '../src/system-error.js';
import { bytesOf } from '../src/ws-messages.js';

describe('errors of the system', () => {
  test('have a code', async () => {
    const first = createServer().listen(0, '127.0.0.1');
    await once(first, 'listening');
    const { port } = first.address() as AddressInfo;
    const second = createServer().listen(port, '127.0.0.1');
    const [error] = (await once(second, 'error')) as [Error];
    first.close();
    expect(systemCode(error)).toBe('EADDRINUSE');
  });

  test.each([undefined, null, 'ENOENT', 1, new Error('x'), { code: 7 }])(
    'others have none: %p',
    (error) => expect(systemCode(error)).toBe(''),
  );

  test('say what they are, also when they wrap others and have no message', () => {
    const wrapped = Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' });
    expect(messageOf(wrapped)).toBe('nothing listens there (ECONNREFUSED)');
    expect(messageOf(new Error('a reason'))).toBe('a reason');
    expect(messageOf(new TypeError())).toBe('TypeError');
  });
});

describe('the version of a package', () => {
  const manifest = new URL('../package.json', import.meta.url);

  test('is what its package.json says', () => {
    const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
    expect(packageVersion(manifest)).toBe(version);
  });

  test('that is missing is an error, not "undefined"', () => {
    expect(() => packageVersion(new URL('../tsconfig.json', import.meta.url))).toThrow('version');
  });
});

describe('the bytes of a message', () => {
  test('are not copied', () => {
    const data = Buffer.from('abc');
    expect(bytesOf(data)).toBe(data);
  });

  test('are put together from fragments, or taken from an ArrayBuffer', () => {
    expect(bytesOf([Buffer.from('ab'), Buffer.from('c')]).toString()).toBe('abc');
    expect(bytesOf(Uint8Array.of(97, 98).buffer).toString()).toBe('ab');
  });
});
