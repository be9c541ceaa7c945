import { afterEach } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folders: string[] = [];

afterEach(() => folders.splice(0).forEach((folder) => rmSync(folder, { recursive: true })));

/** The path of a list of the operator's, which is there until the test is over. */
export function listFile(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'wingman-list-'));
  folders.push(folder);
  const path = join(folder, 'list.txt');
  writeFileSync(path, text);
  return path;
}
