import { afterAll } from '@jest/globals';
import { closeBrowsers } from './browser.js';
import { running } from './program.js';

export { Program, ROOT, eventually, within } from './program.js';
export { CLI, Share, startServer } from './share.js';

// A failed test must not keep the runner waiting for its browser and programs.
afterAll(async () => {
  await closeBrowsers();
  for (const program of running) program.signal('SIGKILL');
});
