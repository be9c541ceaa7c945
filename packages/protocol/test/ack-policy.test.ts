import { describe, expect, test } from '@jest/globals';
import { LIMITS } from '../src/limits.js';
import { AckPolicy } from '../src/link/ack-policy.js';
import type { Lane } from '../src/link/lane.js';
import { FakeClock } from './support/fake-clock.js';
import { readyLane } from './support/lane-bench.js';

function bench() {
  const clock = new FakeClock();
  const sent: (Lane | undefined)[] = [];
  const policy = new AckPolicy(clock, (heard) => sent.push(heard));
  const { lane } = readyLane(clock);
  const { lane: other } = readyLane(clock, { id: 1 });
  return { clock, sent, policy, lane, other };
}

describe('acknowledging', () => {
  test('waits for the delay after the first frame, and not for longer', async () => {
    const { clock, sent, policy, lane } = bench();
    policy.arrived(lane, 10);
    await clock.advance(LIMITS.ackDelayMs - 1);
    policy.arrived(lane, 10);
    expect(sent).toEqual([]);
    await clock.advance(1);
    expect(sent).toEqual([lane]);
    await clock.advance(1_000);
    expect(sent).toHaveLength(1);
    expect(clock.timers).toBe(0);
  });

  test('comes at once after so many frames, and the timer is gone', () => {
    const { clock, sent, policy, lane } = bench();
    for (let n = 1; n < LIMITS.ackEveryFrames; n += 1) policy.arrived(lane, 1);
    expect(sent).toEqual([]);
    policy.arrived(lane, 1);
    expect(sent).toEqual([lane]);
    expect(clock.timers).toBe(0);
  });

  test('counts frames from the last acknowledgement', () => {
    const { sent, policy, lane } = bench();
    for (let n = 0; n < 2 * LIMITS.ackEveryFrames; n += 1) policy.arrived(lane, 1);
    expect(sent).toHaveLength(2);
  });

  test('comes at once after so many bytes, counted from the last', () => {
    const { sent, policy, lane } = bench();
    policy.arrived(lane, LIMITS.ackEveryBytes - 1);
    expect(sent).toHaveLength(0);
    policy.arrived(lane, 1);
    expect(sent).toHaveLength(1);
    policy.arrived(lane, LIMITS.ackEveryBytes - 1);
    expect(sent).toHaveLength(1);
  });

  test('names the lane that brought the last frame', () => {
    const { sent, policy, lane, other } = bench();
    policy.acknowledge();
    policy.arrived(lane, 1);
    policy.arrived(other, 1);
    policy.acknowledge();
    expect(sent).toEqual([undefined, other]);
  });

  test('is not wanted any more once it is settled', async () => {
    const { clock, sent, policy, lane } = bench();
    policy.arrived(lane, 1);
    policy.settled();
    await clock.advance(1_000);
    expect(sent).toEqual([]);
  });
});

describe('a lane that is expected to bring more', () => {
  test('has brought the last frame within a second', async () => {
    const { clock, policy, lane, other } = bench();
    expect(policy.isRecentOn(lane)).toBe(false);
    policy.arrived(lane, 1);
    expect([policy.isRecentOn(lane), policy.isRecentOn(other)]).toEqual([true, false]);
    await clock.advance(999);
    expect(policy.isRecentOn(lane)).toBe(true);
    await clock.advance(1);
    expect(policy.isRecentOn(lane)).toBe(false);
  });
});
