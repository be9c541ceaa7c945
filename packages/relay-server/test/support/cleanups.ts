import { afterEach } from '@jest/globals';

/** Closes what a test has opened; runs when the test is over, the last first. */
export const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});
