import { describe, expect, test } from '@jest/globals';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { TARGETS } from '../fuzz/targets.js';
import { ROOT } from '../support/program.js';

// What the fuzzer has kept: inputs that reach each part of a target, and those that once broke it.

const FOLDER = `${ROOT}tests/fuzz`;

function inputsOf(
  kind: 'corpus' | 'findings',
  target: string,
): [name: string, input: Uint8Array][] {
  const folder = `${FOLDER}/${kind}/${target}`;
  if (!existsSync(folder)) return [];
  return readdirSync(folder).map((name) => [
    `${kind}/${target}/${name}`,
    Uint8Array.from(readFileSync(`${folder}/${name}`)),
  ]);
}

describe.each(TARGETS)('$name', (target) => {
  test('holds for every input that was kept', () => {
    const inputs = [...inputsOf('corpus', target.name), ...inputsOf('findings', target.name)];
    expect(inputs.length).toBeGreaterThan(1);
    for (const [name, input] of inputs) {
      expect([name, failureOf(() => target.run(input))]).toEqual([name, undefined]);
    }
  });
});

function failureOf(run: () => void): unknown {
  try {
    run();
    return undefined;
  } catch (error) {
    return error;
  }
}
