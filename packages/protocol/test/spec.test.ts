import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { LIMITS } from '../src/limits.js';
import { httpExchange, packedExchange, webSocketExchange } from './support/worked-exchanges.js';

const spec = readFileSync(new URL('../SPEC.md', import.meta.url), 'utf8');

/** The frames of a worked example: lines that start with an arrow, spaces in the hex dropped. */
function framesBelow(heading: string): string[] {
  const section = spec.slice(spec.indexOf(heading)).split('\n#')[0] ?? '';
  return section
    .split('\n')
    .filter((line) => /^[<>] /.test(line))
    .map((line) => `${line[0]} ${(line.slice(2).split('—')[0] ?? '').replaceAll(' ', '')}`);
}

test('the HTTP exchange in SPEC.md is what goes over the wire', async () => {
  expect(framesBelow('### An HTTP exchange')).toEqual(await httpExchange());
});

test('the WebSocket exchange in SPEC.md is what goes over the wire', async () => {
  expect(framesBelow('### A WebSocket')).toEqual(await webSocketExchange());
});

test('the packed heads in SPEC.md are what goes over the wire', async () => {
  expect(framesBelow('### Packed heads')).toEqual(await packedExchange());
});

test('the limits in SPEC.md are the limits in the code', () => {
  const stated = [...spec.matchAll(/^\| `(\w+)`\s*\| ([\d,]+)/gm)].map(([, name, value]) => [
    name,
    Number(value?.replaceAll(',', '')),
  ]);
  expect(stated.length).toBeGreaterThan(15);
  for (const [name, value] of stated)
    expect([name, Object.entries(LIMITS).find(([key]) => key === name)?.[1]]).toEqual([
      name,
      value,
    ]);
});
