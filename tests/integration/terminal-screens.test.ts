import { expect, jest, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { terminalScenes } from '../../scripts/lib/terminal-scenes.mjs';
import { ROOT } from '../support/processes.js';

// Some twenty sessions one after the other; each wait has a deadline of its own.
jest.setTimeout(300_000);

test('every screen of the terminal says what its picture shows', async () => {
  const pictured = JSON.parse(
    readFileSync(join(ROOT, 'scripts/lib/pictured-terminals.json'), 'utf8'),
  ) as Record<string, string[]>;
  const said: Record<string, string[]> = {};
  for await (const { name, words } of terminalScenes()) said[name] = words;
  expect(said).toEqual(pictured);
});
