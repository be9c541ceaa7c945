import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { NoSmallFile, readSmallFile } from '../src/small-file.js';

const MAX_BYTES = 100;
let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wingman-'));
  path = join(folder, 'file');
});

afterEach(() => rmSync(folder, { recursive: true }));

test.each(['', 'é', 'x'.repeat(MAX_BYTES)])('reads %j', (text) => {
  writeFileSync(path, text, { mode: 0o600 });
  const file = readSmallFile(path, MAX_BYTES);
  expect(file?.text).toBe(text);
  expect((file?.stats.mode ?? 0) & 0o777).toBe(0o600);
});

test('a file that is not there is none', () => {
  expect(readSmallFile(path, MAX_BYTES)).toBeUndefined();
});

test.each<[string, () => void]>([
  ['a FIFO, which nobody writes to', () => void execFileSync('mkfifo', [path])],
  ['a device without an end', () => symlinkSync('/dev/zero', path)],
  ['a folder', () => symlinkSync(folder, path)],
  ['a larger file', () => writeFileSync(path, 'x'.repeat(MAX_BYTES + 1))],
])('%s is refused at once', (_name, make) => {
  make();
  expect(() => readSmallFile(path, MAX_BYTES)).toThrow(NoSmallFile);
});
