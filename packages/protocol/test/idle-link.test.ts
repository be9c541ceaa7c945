import { describe, expect, test } from '@jest/globals';
import type { Carrier } from '../src/carrier/carrier.js';
import type { Clock } from '../src/clock.js';
import { LIMITS } from '../src/limits.js';
import type { LaneKind } from '../src/link/lane-evidence.js';
import { Link } from '../src/link/link.js';
import { Mux } from '../src/mux/mux.js';
import { FakeClock } from './support/fake-clock.js';
import { faultyPair } from './support/faulty-carrier.js';
import { LINK_ID } from './support/linked-pair.js';

const HOUR_MS = 3_600_000;
const HEARTBEATS = HOUR_MS / LIMITS.heartbeatMs;

/** Two ends that have nothing to say; the viewer's timers are counted as they fire. */
async function idleLink(kinds: readonly LaneKind[], delayMs: number, isWatched = true) {
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
  const viewer = new Link({
    id: LINK_ID,
    role: 'initiator',
    clock: counting,
    isWatched,
    ...preference,
  });
  const host = new Link({ id: LINK_ID, role: 'acceptor', clock, isWatched: false });
  const sent = { host: 0, viewer: 0 };
  const cut = { isCut: false };
  for (const kind of kinds) {
    const [left, right] = faultyPair({ clock, delayMs });
    counted(left, () => (sent.viewer += 1), cut);
    counted(right, () => (sent.host += 1), cut);
    viewer.attach(left, kind);
    host.attach(right, kind);
  }
  await clock.advance(5_000);
  fired.count = 0;
  sent.host = sent.viewer = 0;
  return { clock, fired, viewer, host, sent, cut };
}

/** Counts what is sent, and drops it without a word while the path is cut. */
function counted(carrier: Carrier, count: () => void, cut: { readonly isCut: boolean }): void {
  const send = carrier.send.bind(carrier);
  carrier.send = (message) => {
    count();
    if (!cut.isCut) send(message);
  };
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

describe('an idle link that nobody watches', () => {
  const CALM_BEATS = HOUR_MS / LIMITS.calmHeartbeatMs;

  test.each([[['relay']], [['relay', 'p2p']]] as const)(
    'over %j hardly says anything, and its ends find each other alive',
    async (kinds) => {
      const { clock, fired, sent, viewer, host } = await idleLink(kinds, 10, false);
      await clock.advance(HOUR_MS);
      // A question of one end is a sign of life for the other: a question and an answer for each carrier and beat.
      expect(sent.viewer + sent.host).toBeLessThanOrEqual(kinds.length * (2 * CALM_BEATS + 20));
      expect(sent.viewer + sent.host).toBeGreaterThanOrEqual(kinds.length * CALM_BEATS);
      expect(fired.count).toBeLessThanOrEqual(kinds.length * (3 * CALM_BEATS + 30));
      expect([viewer.state, host.state]).toEqual(['open', 'open']);
    },
  );

  test('at one end only answers the other’s heartbeats, and asks as soon as they stop', async () => {
    const { clock, sent, host, cut } = await idleLink(['relay'], 10);
    await clock.advance(HOUR_MS);
    expect(sent.host).toBeLessThanOrEqual(HEARTBEATS + 5);
    cut.isCut = true;
    await clock.advance(1.25 * LIMITS.heartbeatMs + 2_000);
    expect(host.attachment('relay')?.state).toBe('suspect');
    await clock.advance(LIMITS.deadAfterMs - 4_000);
    expect(host.state).toBe('waiting');
  });

  test('finds its peer dead as fast as any as soon as somebody wants something of it', async () => {
    const { clock, viewer, cut } = await idleLink(['relay'], 10, false);
    await clock.advance(HOUR_MS);
    cut.isCut = true;
    viewer.send([Uint8Array.of(1)]);
    await clock.advance(LIMITS.suspectAfterMs + 300);
    expect(viewer.attachment('relay')?.state).toBe('suspect');
    await clock.advance(LIMITS.deadAfterMs);
    expect(viewer.state).toBe('waiting');
  });

  test('is asked at once when somebody looks at it again', async () => {
    const { clock, viewer, cut } = await idleLink(['relay'], 10, false);
    await clock.advance(HOUR_MS);
    cut.isCut = true;
    viewer.watched(true);
    await clock.advance(LIMITS.heartbeatMs + LIMITS.suspectAfterMs + 300);
    expect(viewer.attachment('relay')?.state).toBe('suspect');
  });

  test('counts as wanted while a stream is open', async () => {
    const { clock, sent, host, viewer } = await idleLink(['relay'], 10, false);
    const hostMux = new Mux(host, { onStream: () => undefined });
    const stream = new Mux(viewer).open(Uint8Array.of(1));
    await clock.advance(60_000);
    expect(hostMux.streamCount).toBe(1);
    sent.host = sent.viewer = 0;
    await clock.advance(60_000);
    expect(sent.viewer).toBeGreaterThanOrEqual(60_000 / LIMITS.heartbeatMs - 2);
    stream.reset('CANCELLED');
    await clock.advance(HOUR_MS);
    sent.host = sent.viewer = 0;
    await clock.advance(HOUR_MS);
    expect(sent.viewer + sent.host).toBeLessThanOrEqual(2 * CALM_BEATS + 20);
  });
});
