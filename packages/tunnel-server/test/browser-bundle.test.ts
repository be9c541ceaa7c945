import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BOOT_MARK, bootScript, readBrowserBundle, servedHash } from '../src/web/browser-bundle.js';

const SHELL = `<!doctype html>${BOOT_MARK}<script>shell()</script>`;
let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'wingman-bundle-'));
  writeFileSync(join(directory, 'sw.js'), 'serve()');
  writeFileSync(join(directory, 'shell.html'), SHELL);
});

afterAll(() => rmSync(directory, { recursive: true }));

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const served = (page: string): string => servedHash('shell.html', Buffer.from(page));

test('a bundle has a hash for each file and one for all', async () => {
  const { files, hash } = await readBrowserBundle(directory);
  expect([...files]).toEqual([
    ['shell.html', sha256(SHELL)],
    ['sw.js', sha256('serve()')],
  ]);
  expect(hash).toMatch(/^[0-9a-f]{64}$/);
  writeFileSync(join(directory, 'sw.js'), 'other()');
  expect((await readBrowserBundle(directory)).hash).not.toBe(hash);
});

test('a bundle that is not built has no files', async () => {
  expect((await readBrowserBundle(join(directory, 'nowhere'))).files.size).toBe(0);
});

test('the boot data of a session does not count, and all else does', () => {
  const withBoot = SHELL.replace(BOOT_MARK, bootScript('{"session":"s-1"}'));
  expect(served(withBoot)).toBe(sha256(SHELL));
  expect(served(withBoot.replace('shell()', 'evil()'))).not.toBe(sha256(SHELL));
  const twice = withBoot + bootScript('{}');
  expect(served(twice)).not.toBe(sha256(SHELL));
});

test('what stands between the tags of the boot data can be no element', () => {
  const hidden = SHELL.replace(BOOT_MARK, bootScript('{}</script><script>evil()'));
  expect(served(hidden)).not.toBe(sha256(SHELL));
});
