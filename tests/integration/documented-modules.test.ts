import { expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { ROOT } from '../support/processes.js';

const HEADING = '### The modules on that way';
/** What a newcomer can hold in mind. */
const MOST = 40;

test('ARCHITECTURE.md names the modules on the way of a request: few, and each one there', () => {
  const text = readFileSync(`${ROOT}ARCHITECTURE.md`, 'utf8');
  const section = text.split(HEADING)[1]?.split('\n## ')[0] ?? '';
  const named = [...section.matchAll(/`([a-z0-9/-]+\.ts)`/g)].map(([, path]) => path ?? '');
  const sources = readdirSync(`${ROOT}packages`).flatMap((name) =>
    readdirSync(`${ROOT}packages/${name}/src`, { recursive: true }).map(String),
  );
  const missing = named.filter((path) => !sources.includes(path));
  expect(missing).toEqual([]);
  expect(named.length).toBeGreaterThan(10);
  expect(named.length).toBeLessThanOrEqual(MOST);
});
