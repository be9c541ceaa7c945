import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { mistaken } from '../src/cli/source/mistaken.js';
import { scratchFolder } from './support/scratch.js';

const COMMANDS = ['share', 'run', 'doctor'];

test.each([
  ['https://localhost:3000', 'https'],
  ['HTTPS://127.0.0.1:3000/x', 'https'],
  ['http://shop.example:3000/', 'shop.example is another machine'],
  ['https://[fd00::1]/', '[fd00::1] is another machine'],
  ['doctro', 'Is doctor meant?'],
  ['./none', 'there is no folder ./none here. Build it'],
  ['~none/dist', 'there is no folder ~none/dist'],
])('%s is named with what is wrong', (typed, said) => {
  expect(mistaken(typed, COMMANDS)).toContain(said);
});

test('a file is told from a folder that is missing', () => {
  const path = join(scratchFolder(), 'index.html');
  writeFileSync(path, '');
  expect(mistaken(path, COMMANDS)).toContain('is a file');
});

test.each(['80000', 'http://localhost:80000', 'shop'])('of %s no more can be told', (typed) => {
  expect(mistaken(typed, COMMANDS)).toBeUndefined();
});
