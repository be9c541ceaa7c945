import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { Assets } from '../src/web/assets.js';
import { fetchWhole, type Answer } from './support/http.js';

const SCRIPT = 'export const answer = 42;\n'.repeat(100);

let directory: string;
let http: Server | undefined;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wingman-assets-'));
});

afterEach(async () => {
  http?.close();
  http = undefined;
  await rm(directory, { recursive: true });
});

/** Asks for an asset of the directory as it is now; 404 when there is none. */
async function get(
  name: string,
  headers: Record<string, string> = {},
  method = 'GET',
): Promise<Answer> {
  const assets = await Assets.read(directory);
  http = createServer((req, res) => {
    void assets.serve(name, req, res).then((isServed) => {
      if (!isServed) res.writeHead(404).end();
    });
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const { port } = http.address() as AddressInfo;
  return fetchWhole(port, 'localhost', '/', { method, headers });
}

const write = (name: string, content = SCRIPT): Promise<void> =>
  writeFile(join(directory, name), content);

describe('an asset', () => {
  test.each([
    ['a.js', 'text/javascript; charset=utf-8'],
    ['a.css', 'text/css; charset=utf-8'],
    ['a.svg', 'image/svg+xml'],
    ['a.woff2', 'font/woff2'],
    ['a.unheard-of', 'application/octet-stream'],
  ])('%s is of the type %s, and not to be guessed', async (name, type) => {
    await write(name);
    const { headers, status, text } = await get(name);
    expect([status, text]).toEqual([200, SCRIPT]);
    expect(headers['content-type']).toBe(type);
    expect(headers['x-content-type-options']).toBe('nosniff');
  });

  test.each([
    ['br', 'br', brotliDecompressSync],
    ['gzip, deflate', 'gzip', gunzipSync],
    ['gzip;q=0, br;q=0', undefined, (body: Buffer) => body],
  ])('goes out compressed for %s', async (accepted, coding, decode) => {
    await write('a.js');
    const { body, headers } = await get('a.js', { 'accept-encoding': accepted });
    expect(headers['content-encoding']).toBe(coding);
    expect(headers.vary).toBe('Accept-Encoding');
    expect(Number(headers['content-length'])).toBe(body.byteLength);
    expect(decode(body).toString()).toBe(SCRIPT);
  });

  test('is checked by a tag that changes with its content', async () => {
    await write('a.js');
    const { headers } = await get('a.js');
    const tag = String(headers.etag);
    http?.close();
    const same = await get('a.js', { 'if-none-match': tag });
    expect([same.status, same.text]).toEqual([304, '']);
    http?.close();
    await write('a.js', 'changed');
    const changed = await get('a.js', { 'if-none-match': tag });
    expect([changed.status, changed.text]).toEqual([200, 'changed']);
  });

  test.each([
    ['app-1a2b3c4d.js', true],
    ['app-1A2B3C4D.js', true],
    ['app.0123456789abcdef.css', true],
    ['app-1a2b.js', false],
    ['app-12345678', false],
    ['sw.js', false],
  ])('%s may be kept for ever: %s', async (name, isForEver) => {
    await write(name);
    const { headers } = await get(name);
    expect(String(headers['cache-control']).includes('immutable')).toBe(isForEver);
  });

  test('has no body for HEAD, but its length', async () => {
    await write('a.js');
    const { headers, text } = await get('a.js', {}, 'HEAD');
    expect([headers['content-length'], text]).toEqual([String(SCRIPT.length), '']);
  });

  test('that rules the whole origin is the service worker alone', async () => {
    await write('sw.js');
    expect((await get('sw.js')).headers['service-worker-allowed']).toBe('/');
    http?.close();
    await write('other.js');
    expect((await get('other.js')).headers['service-worker-allowed']).toBeUndefined();
  });
});

describe('no asset', () => {
  test.each(['../package.json', 'folder', 'folder/a.js', '', '.', 'link.js', 'toString'])(
    'is %j',
    async (name) => {
      await mkdir(join(directory, 'folder'));
      await writeFile(join(directory, 'folder', 'a.js'), SCRIPT);
      await symlink('/etc/hostname', join(directory, 'link.js'));
      expect((await get(name)).status).toBe(404);
    },
  );

  test('is found in a directory that is missing, which is no error', async () => {
    await expect(Assets.read(join(directory, 'none'))).resolves.toBeInstanceOf(Assets);
  });
});
