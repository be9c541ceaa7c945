import { describe, expect, test } from '@jest/globals';
import type { Clock } from '../src/clock.js';
import { LIMITS } from '../src/limits.js';
import type { LaneKind } from '../src/link/lane-evidence.js';
import { Link } from '../src/link/link.js';
import { FakeClock } from './support/fake-clock.js';
import { faultyPair } from './support/faulty-carrier.js';
import { LINK_ID } from './support/linked-pair.js';

const HOUR_MS = 3_600_000;
const HEARTBEATS = HOUR_MS / LIMITS.heartbeatMs;

/** Two ends that have nothing to say; the viewer's timers are counted as they fire. */
async function idleLink(kinds: readonly LaneKind[], delayMs: number) {
  const clock = new FakeClock();
  const fired = { count: 0 };
  const counting: Clock = {
    now: () => clock.now(),
    setTimeout: (callback, milliseconds) =>
      clock.setTimeout(() => {
        fired.count += 1;
        callback();
      }, milliseconds),
  };
  const preference = kinds.length > 1 ? ({ preference: 'auto' } as const) : {};
  const viewer = new Link({ id: LINK_ID, role: 'initiator', clock: counting, ...preference });
  const host = new Link({ id: LINK_ID, role: 'acceptor', clock });
  for (const kind of kinds) {
    const [left, right] = faultyPair({ clock, delayMs });
    viewer.attach(left, kind);
    host.attach(right, kind);
  }
  await clock.advance(5_000);
  fired.count = 0;
  return { clock, fired, viewer, host };
}

describe('an idle link', () => {
  test('of one carrier wakes for its heartbeats and their answers, and for nothing else', async () => {
    const { clock, fired, viewer } = await idleLink(['relay'], 10);
    await clock.advance(HOUR_MS);
    expect(fired.count).toBeGreaterThanOrEqual(HEARTBEATS * 0.95);
    expect(fired.count).toBeLessThanOrEqual(HEARTBEATS * 2);
    expect(viewer.stats()).toMatchObject({ path: 'relay', rttMs: { relay: 20 } });
  });

  test('of two carriers compares them each second besides', async () => {
    const { clock, fired, viewer } = await idleLink(['relay', 'p2p'], 10);
    await clock.advance(HOUR_MS);
    const looks = HOUR_MS / LIMITS.qualityLookMs;
    expect(fired.count).toBeLessThanOrEqual(2 * 2 * HEARTBEATS + looks);
    expect(viewer.stats()).toMatchObject({ path: 'p2p', switches: 1 });
  });

  test('whose thread has stood still for minutes finds nobody dead for that', async () => {
    const { clock, viewer, host } = await idleLink(['relay', 'p2p'], 10);
    for (let round = 0; round < 5; round += 1) {
      clock.jump(120_000);
      await clock.advance(700 + 310 * round);
    }
    for (const { path, quality, switches } of [viewer.stats(), host.stats()]) {
      expect({ path, switches }).toEqual({ path: 'p2p', switches: 1 });
      expect([quality.p2p?.stalls, quality.relay?.stalls]).toEqual([0, 0]);
    }
  });
});
