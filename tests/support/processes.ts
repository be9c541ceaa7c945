import { afterAll, jest } from '@jest/globals';
import { tellOnFailure } from '../../packages/node-kit/test/support/tell-on-failure.js';
import { closeBrowsers } from './browser.js';
import { running } from './program.js';

export { Program, ROOT, eventually, within } from './program.js';
export { CLI, Share, SLOW_TIME, startServer } from './share.js';

const LINES_TOLD = 12;
/** Programs may take half a minute to start on a busy machine: whoever waits for one must be late before the test is. */
const TEST_MS = 90_000;

jest.setTimeout(TEST_MS);

tellOnFailure(() =>
  [...running]
    .map((program) => `program ${program.pid}:\n${program.output(LINES_TOLD)}`)
    .join('\n'),
);

// A failed test must not keep the runner waiting for its browser and programs.
afterAll(async () => {
  await closeBrowsers();
  for (const program of running) program.signal('SIGKILL');
});
