import { expect, test } from '@jest/globals';
import { ThreadLoad } from '../../src/worker/thread-load.js';
import { BROWSER_LIMITS } from '../../src/shared/limits.js';
import { FakeClock } from '../support/fake-clock.js';

const LATE = BROWSER_LIMITS.threadBehindMs + 1;

test('a thread whose turns come in time is not behind', async () => {
  const clock = new FakeClock();
  const load = new ThreadLoad(clock);
  for (let times = 0; times < 3; times++) {
    expect(load.isBehind).toBe(false);
    await clock.advance(LATE);
  }
});

test('a thread is behind while a turn is late, and after one that was late, until another comes in time', async () => {
  const clock = new FakeClock();
  const load = new ThreadLoad(clock);
  expect(load.isBehind).toBe(false);
  clock.jump(LATE);
  expect(load.isBehind).toBe(true);
  clock.runDue();
  expect(load.isBehind).toBe(true);
  clock.runDue();
  expect(load.isBehind).toBe(false);
});

test('many questions ask for one turn', async () => {
  const clock = new FakeClock();
  const load = new ThreadLoad(clock);
  for (let times = 0; times < 9; times++) void load.isBehind;
  expect(clock.timers).toBe(1);
  await clock.advance(0);
  expect(clock.timers).toBe(0);
});
