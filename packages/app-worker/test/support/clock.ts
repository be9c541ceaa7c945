import { afterEach, beforeEach, jest } from '@jest/globals';
import { World } from './world.js';

const worlds: World[] = [];

/** A world of its own for each test; closed after it. */
export function makeWorld(): World {
  const world = new World();
  worlds.push(world);
  return world;
}

/** Stops the clock for all tests of a file: `world.pass` moves it. Turns of the event loop go on. */
export function stopClock(): void {
  beforeEach(
    () => void jest.useFakeTimers({ doNotFake: ['setImmediate', 'queueMicrotask', 'nextTick'] }),
  );
  afterEach(() => {
    worlds.splice(0).forEach((world) => world.close());
    jest.clearAllTimers();
    jest.useRealTimers();
    jest.restoreAllMocks();
  });
}
