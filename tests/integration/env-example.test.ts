import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { hostVariables } from '@wingman/relay-server';
import { tunnelServerVariables } from '@wingman/tunnel-server';
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
