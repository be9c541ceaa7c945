import { describe, expect, test } from '@jest/globals';
import { Heartbeat } from '../../src/shell/heartbeat.js';
import { FakeClock } from '../support/fake-clock.js';

const RHYTHM = { questionMs: 100, maxUnanswered: 3 };

function setUp() {
  const clock = new FakeClock();
  const counts = { asked: 0, silences: 0 };
  const heartbeat = new Heartbeat(
    () => (counts.asked += 1),
    () => (counts.silences += 1),
    RHYTHM,
    clock,
  );
  return { clock, counts, heartbeat };
}

describe('Heartbeat', () => {
  test('asks in its rhythm, and tells of silence once, when the last answer is overdue', async () => {
    const { clock, counts, heartbeat } = setUp();
    heartbeat.start();
    await clock.advance(300);
    expect(counts).toEqual({ asked: 3, silences: 0 });
    await clock.advance(99);
    expect(counts.silences).toBe(0);
    await clock.advance(1);
    expect(counts).toEqual({ asked: 3, silences: 1 });
    await clock.advance(10_000);
    expect(counts).toEqual({ asked: 3, silences: 1 });
    expect(clock.timers).toBe(0);
  });

  test('counts anew from each answer, the last possible one too', async () => {
    const { clock, counts, heartbeat } = setUp();
    heartbeat.start();
    for (let round = 0; round < 10; round += 1) {
      await clock.advance(300);
      heartbeat.heard();
    }
    expect(counts.silences).toBe(0);
    await clock.advance(400);
    expect(counts.silences).toBe(1);
  });

  test('takes one long sleep for one question, however long it was', async () => {
    const { counts, heartbeat } = setUp();
    let wake: () => void = () => undefined;
    const sleeping = new Heartbeat(
      () => (counts.asked += 1),
      () => (counts.silences += 1),
      RHYTHM,
      { now: () => 0, setTimeout: (callback) => ((wake = callback), { cancel: () => undefined }) },
    );
    heartbeat.stop();
    sleeping.start();
    // A timer that is late runs once, not as often as it would have.
    for (let wakes = 0; wakes < RHYTHM.maxUnanswered; wakes += 1) wake();
    expect(counts.silences).toBe(0);
    wake();
    expect(counts.silences).toBe(1);
  });

  test('asks nobody before it was started and after it was stopped', async () => {
    const { clock, counts, heartbeat } = setUp();
    await clock.advance(1_000);
    expect(counts.asked).toBe(0);
    heartbeat.start();
    await clock.advance(100);
    heartbeat.stop();
    await clock.advance(1_000);
    expect(counts).toEqual({ asked: 1, silences: 0 });
    expect(clock.timers).toBe(0);
  });

  test('begins anew after a silence, with all of its patience', async () => {
    const { clock, counts, heartbeat } = setUp();
    heartbeat.start();
    await clock.advance(400);
    heartbeat.start();
    heartbeat.start();
    expect(clock.timers).toBe(1);
    await clock.advance(399);
    expect(counts.silences).toBe(1);
    await clock.advance(1);
    expect(counts).toEqual({ asked: 6, silences: 2 });
  });
});
