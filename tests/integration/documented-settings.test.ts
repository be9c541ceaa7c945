import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { hostVariables, shareOptions } from '@wingman/relay-server';
import { tunnelServerOptions, tunnelServerVariables } from '@wingman/tunnel-server';
import { ROOT } from '../support/processes.js';

const text = readFileSync(`${ROOT}.env.example`, 'utf8');

/** Each variable with the comment line before it. */
const written = new Map(
  [...text.matchAll(/^# (.+)\n#?([A-Z0-9_]+)=(.*)$/gm)].map(([, meaning, name, value]) => [
    name ?? '',
    { meaning: meaning ?? '', default: value ?? '' },
  ]),
);

test('.env.example names every variable the code reads, with its default and meaning, and no other', () => {
  const read = new Map(
    [...tunnelServerVariables, ...hostVariables].map(({ name, ...rest }) => [name, rest]),
  );
  expect([...written.keys()].sort()).toEqual([...read.keys()].sort());
  for (const [name, { default: value }] of read)
    expect([name, written.get(name)?.default]).toEqual([name, value]);
  for (const [name, { meaning }] of written)
    expect([name, meaning.length > 10]).toEqual([name, true]);
});

test('a variable that both packages read has the same default in both', () => {
  for (const variable of hostVariables) {
    const other = tunnelServerVariables.find(({ name }) => name === variable.name);
    if (other !== undefined)
      expect([variable.name, other.default]).toEqual([variable.name, variable.default]);
  }
});

/** The rows of a page's table of options: option, meaning, default and variable, without backquotes. */
function optionRows(page: string, heading: string): string[][] {
  const text = readFileSync(`${ROOT}docs/${page}`, 'utf8');
  const section = text.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('| `--'));
  return rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('`', '')),
  );
}

test.each([
  ['usage.md', 'Sharing a port', shareOptions],
  ['server.md', 'Settings', tunnelServerOptions],
])('docs/%s, %s, names every option, its variable and its default', (page, heading, options) => {
  const rows = new Map(optionRows(page, heading).map(([option, , ...rest]) => [option, rest]));
  // It says how this one command speaks, and is no setting.
  rows.delete('--json');
  expect([...rows.keys()].sort()).toEqual(options.map(({ option }) => option).sort());
  for (const { option, variable, default: value } of options) {
    const [shown, named] = rows.get(option) ?? [];
    expect([option, named]).toEqual([option, variable]);
    expect([option, shown]).toEqual([option, expect.stringContaining(value)]);
  }
});
