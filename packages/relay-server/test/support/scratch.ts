import { afterAll } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folders: string[] = [];

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A new, empty folder that is gone after this file's tests. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'wingman-unit-'));
  folders.push(folder);
  return folder;
}
