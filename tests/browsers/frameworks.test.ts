import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { socketIo } from '../frameworks/rows/socket-io.js';
import { viteVue } from '../frameworks/rows/vite-vue.js';
import { runRow } from '../frameworks/run-row.js';
import '../support/processes.js';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'wingman-frameworks-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
});

// The fastest rows of the matrix; `npm run test:frameworks` runs them all.
test.each([viteVue, socketIo])(
  '$title, made afresh, behaves as on localhost, on the direct path and over the relay',
  async (framework) => {
    const place = { folder, isFresh: true };
    const outcomes = await runRow(framework, ['chromium'], place, () => undefined);
    expect(outcomes.flatMap(({ faults }) => faults)).toEqual([]);
    expect(outcomes.map(({ line }) => line)).toMatchObject([
      { browser: 'chromium', renders: 'yes', path: 'p2p, relay' },
    ]);
  },
  280_000,
);
