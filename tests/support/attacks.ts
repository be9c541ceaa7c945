import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { ROOT } from './program.js';
import type { UnderAttack } from './under-attack.js';

/** A row of the tables in docs/security.md. */
export interface AttackRow {
  /** The part of Wingman that is attacked: the heading of the table. */
  readonly component: string;
  readonly attack: string;
  /** The advisory, CVE, CWE or section of a standard that describes the attack. */
  readonly source: string;
  readonly outcome: string;
  /** The test's file, from the root of the repository. */
  readonly file: string;
}

/** All attacks that docs/security.md lists. */
export function documentedAttacks(): AttackRow[] {
  const sections = readFileSync(`${ROOT}docs/security.md`, 'utf8').split(/^### /m).slice(1);
  return sections.flatMap((section) => {
    const [component = '', ...lines] = section.split('\n');
    const rows = lines.filter((line) => line.startsWith('| ')).slice(2);
    return rows.map((row) => {
      const cells = row.split(/(?<!\\)\|/).slice(1, -1);
      const [attack = '', source = '', outcome = '', file = ''] = cells.map((cell) => cell.trim());
      return { component, attack, source, outcome, file: file.replaceAll('`', '') };
    });
  });
}

/**
 * Defines the test of an attack that docs/security.md lists. While it runs the neighbour is visited, and after it
 * every process has to live and both sessions to answer.
 */
export function attacksOn(scene: () => UnderAttack) {
  const rows = new Map(documentedAttacks().map((row) => [row.attack, row]));
  return (attack: string, run: () => Promise<void>, milliseconds?: number): void => {
    const row = rows.get(attack);
    if (row === undefined) throw new Error(`docs/security.md does not list “${attack}”`);
    const runIt = async (): Promise<void> => {
      await scene().run(run);
      expect(await scene().isAlive()).toBe(true);
    };
    test(`${attack} (${row.source})`, runIt, milliseconds);
  };
}
