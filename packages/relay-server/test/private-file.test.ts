import { describe, expect, test } from '@jest/globals';
import { chmodSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readPrivateFile, writePrivateFile } from '../src/private-file.js';
import { scratchFolder } from './support/scratch.js';

const WORDS = { holds: 'the keys', deleting: 'to start anew' };
const MAX_BYTES = 100;
const read = (path: string): string | undefined => readPrivateFile(path, MAX_BYTES, WORDS);
const unsafe = (words: RegExp): unknown =>
  expect.objectContaining({ code: 'KEY_UNSAFE', message: expect.stringMatching(words) });

describe('a private file', () => {
  test('is there for its owner alone, and so is the folder that was made for it', () => {
    const path = join(scratchFolder(), 'new', 'file');
    writePrivateFile(path, 'text');
    expect(read(path)).toBe('text');
    expect([statSync(path).mode & 0o777, statSync(dirname(path)).mode & 0o777]).toEqual([
      0o600, 0o700,
    ]);
  });

  test('is replaced whole, with nothing left beside it', () => {
    const path = join(scratchFolder(), 'file');
    writePrivateFile(path, 'a longer text');
    writePrivateFile(path, 'short');
    expect([read(path), readdirSync(dirname(path))]).toEqual(['short', ['file']]);
  });

  test('that can’t be written leaves nothing either', () => {
    const path = join(scratchFolder(), 'file');
    mkdirSync(path);
    expect(() => writePrivateFile(path, 'text')).toThrow();
    expect(readdirSync(dirname(path))).toEqual(['file']);
  });

  test('that is not there is none', () => {
    expect(read(join(scratchFolder(), 'none'))).toBeUndefined();
  });

  test.each([0o640, 0o604, 0o620, 0o602, 0o610, 0o601])('with mode %o is refused', (mode) => {
    const path = join(scratchFolder(), 'file');
    writeFileSync(path, 'text');
    chmodSync(path, mode);
    expect(() => read(path)).toThrow(unsafe(/the keys.*chmod 600 .*else delete it to start anew/));
  });

  test('that is larger than it may be, or no file, is refused', () => {
    const folder = scratchFolder();
    const large = join(folder, 'large');
    writePrivateFile(large, 'x'.repeat(MAX_BYTES + 1));
    mkdirSync(join(folder, 'folder'));
    for (const path of [large, join(folder, 'folder')])
      expect(() => read(path)).toThrow(unsafe(/Delete it to start anew$/));
  });

  test('is judged by the file that a link leads to', () => {
    const folder = scratchFolder();
    writeFileSync(join(folder, 'open'), 'text');
    chmodSync(join(folder, 'open'), 0o644);
    symlinkSync(join(folder, 'open'), join(folder, 'link'));
    expect(() => read(join(folder, 'link'))).toThrow(
      expect.objectContaining({ code: 'KEY_UNSAFE' }),
    );
  });
});
