import { expect, test } from '@jest/globals';
import { Program, ROOT } from '../support/program.js';

/** Two strict NATs let each other in; a strict and a symmetric one don't. `npm run lab` has all pairs. */
const CELLS = 'portxport,symmetricxport';
const BULK_KIB = 4 * 1024;
/** Heartbeats of a path that stands by. */
const IDLE_KIB = 64;
/** Each wait in the lab is 20 s at most, or 30 s for a program's start. */
const DEADLINE_MS = 180_000;

/** The cells of one line of the lab's table, by the names in its head. */
function rowsOf(lines: readonly string[]): Record<string, string>[] {
  const [head = [], , ...rows] = lines
    .filter((line) => line.startsWith('|'))
    .map((line) => line.split('|').map((value) => value.trim()));
  return rows.map((values) => Object.fromEntries(head.map((name, n) => [name, values[n] ?? ''])));
}

test(
  'between networks that allow it the app’s bytes go directly, and otherwise by the relay',
  async () => {
    const options = ['--browser', 'chromium', '--only', CELLS];
    const lab = new Program(process.execPath, [`${ROOT}tests/lab/run.mjs`, ...options]);
    const code = await lab.exited;
    const skipped = lab.lines.find((line) => line.startsWith('lab skipped:'));
    if (skipped !== undefined) {
      process.stderr.write(`two-networks.test: ${skipped}\n`);
      return;
    }

    expect({ code, output: code === 0 ? '' : lab.output() }).toEqual({ code: 0, output: '' });
    const rows = rowsOf(lab.lines);
    expect(rows.map(({ viewer, host, reached }) => ({ viewer, host, reached }))).toEqual([
      { viewer: 'port', host: 'port', reached: 'direct' },
      { viewer: 'symmetric', host: 'port', reached: 'none' },
    ]);
    const [direct, relayed] = rows.map((row) => ({
      direct: Number(row['direct KiB']),
      relayed: Number(row['relayed KiB']),
    }));
    expect(direct?.direct).toBeGreaterThan(BULK_KIB);
    expect(direct?.relayed).toBeLessThan(IDLE_KIB);
    expect(relayed?.relayed).toBeGreaterThan(BULK_KIB);
    expect(relayed?.direct).toBe(0);
    // The bytes went by the relay because there was no other way, not before one was looked for.
    expect(Number(rows[1]?.['failed attempts'])).toBeGreaterThan(0);
  },
  DEADLINE_MS,
);
