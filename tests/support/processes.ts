import { afterAll } from '@jest/globals';
import { closeBrowsers } from './browser.js';
import { running, tellOnFailure } from './program.js';

export { Program, ROOT, eventually, within } from './program.js';
export { CLI, Share, startServer } from './share.js';

const LINES_TOLD = 12;

tellOnFailure(() => {
  const told = [...running].map(
    (program) => `program ${program.pid}:\n${program.output(LINES_TOLD)}`,
  );
  return Promise.resolve(told.join('\n'));
});

// A failed test must not keep the runner waiting for its browser and programs.
afterAll(async () => {
  await closeBrowsers();
  for (const program of running) program.signal('SIGKILL');
});
