import { afterEach, beforeEach, jest } from '@jest/globals';

/**
 * Stops the time of this file's, or this group's, tests, though not their sockets and promises: no deadline passes
 * because the machine has something else to do. `jest.advanceTimersByTime` moves it.
 */
export function stopTime(): void {
  beforeEach(() => {
    jest.useFakeTimers({
      doNotFake: [
        ...(['hrtime', 'nextTick', 'performance', 'queueMicrotask'] as const),
        ...(['setImmediate', 'clearImmediate'] as const),
      ],
    });
  });
  afterEach(() => {
    jest.useRealTimers();
  });
}
