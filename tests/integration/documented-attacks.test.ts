import { describe, expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { documentedAttacks } from '../support/attacks.js';
import { ROOT } from '../support/program.js';

const ATTACKS = 'tests/integration/attacks';
const FEWEST = 90;
const SOURCE =
  /\b(?:CVE-\d{4}-\d{4,}|GHSA-[\w-]+|CWE-\d+|RFC \d{4}|SPEC section \d|W3C \w+|SP 800-\w+)/;

const rows = documentedAttacks();

describe('docs/security.md', () => {
  test('lists many attacks, each once', () => {
    const names = rows.map(({ attack }) => attack);
    expect(names.length).toBeGreaterThanOrEqual(FEWEST);
    expect(new Set(names).size).toBe(names.length);
  });

  test.each(rows)('$attack: its source is named, and its file tests it', (row) => {
    expect(row.source).toMatch(SOURCE);
    expect(row.outcome).not.toBe('');
    const text = readFileSync(ROOT + row.file, 'utf8').replaceAll("\\'", "'");
    const quoted = ["'", '"', '`'].map((quote) => quote + row.attack + quote);
    expect(quoted.some((literal) => text.includes(literal))).toBe(true);
  });

  test('names every file of attacks', () => {
    const named = new Set(rows.map(({ file }) => file));
    const files = readdirSync(ROOT + ATTACKS).map((name) => `${ATTACKS}/${name}`);
    expect(files.filter((file) => !named.has(file))).toEqual([]);
  });
});
