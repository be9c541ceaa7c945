import { describe, expect, test } from '@jest/globals';
import { Lane } from '../src/link/lane.js';
import type { LaneKind } from '../src/link/lane-evidence.js';
import { LaneRoster } from '../src/link/lane-roster.js';
import { FakeClock } from './support/fake-clock.js';
import { readyLane } from './support/lane-bench.js';
import { RecordingCarrier } from './support/recording-carrier.js';

const clock = new FakeClock();

function rosterOf(...kinds: readonly LaneKind[]): { roster: LaneRoster; lanes: Lane[] } {
  const roster = new LaneRoster();
  const lanes = kinds.map((kind) => readyLane(clock, { id: roster.nextId(), kind }).lane);
  for (const lane of lanes) roster.add(lane);
  return { roster, lanes };
}

/** The peer answers a ping on these lanes. */
function answerOn(...lanes: readonly Lane[]): void {
  for (const lane of lanes) {
    lane.ping();
    lane.pong(1);
  }
}

/** One that has just been attached, ready or not. */
function newcomer(roster: LaneRoster, kind: LaneKind, isReady: boolean, joins = false): Lane {
  const { lane } = readyLane(clock, { id: roster.nextId(), kind, joins });
  // A lane that is dead is one that is not ready.
  if (!isReady) lane.transition('dead');
  roster.add(lane);
  return lane;
}

describe('the lanes of a link', () => {
  test('are found by number, in the order they were attached', () => {
    const { roster, lanes } = rosterOf('relay', 'p2p', 'relay');
    expect(lanes.map(({ id }) => id)).toEqual([0, 1, 2]);
    expect(roster.all).toEqual(lanes);
    expect(roster.size).toBe(3);
    expect(roster.get(1)).toBe(lanes[1]);
    expect([roster.get(9), roster.get(undefined)]).toEqual([undefined, undefined]);
  });

  test('are found by kind: the newest that can be used, else the newest', () => {
    const { roster, lanes } = rosterOf('relay', 'relay', 'p2p');
    expect(roster.of('relay')).toBe(lanes[1]);
    lanes[1]!.transition('dead');
    expect(roster.of('relay')).toBe(lanes[0]);
    lanes[0]!.transition('dead');
    expect(roster.of('relay')).toBe(lanes[1]);
    roster.delete(lanes[2]!);
    expect(roster.of('p2p')).toBeUndefined();
  });

  test('are found by kind: one that answers before those that don’t', () => {
    const { roster, lanes } = rosterOf('p2p', 'p2p');
    answerOn(lanes[0]!);
    // It has just joined: its first answer is still to come.
    expect(roster.of('p2p')).toBe(lanes[0]);
    answerOn(lanes[1]!);
    expect(roster.of('p2p')).toBe(lanes[1]);
    lanes[1]!.transition('suspect');
    expect(roster.of('p2p')).toBe(lanes[0]);
  });

  test('give one value for each kind', () => {
    const { roster } = rosterOf('relay', 'relay');
    const none = { p2p: null, turn: null, relay: null };
    expect(roster.byKind(({ id }) => id)).toEqual({ ...none, relay: 1 });
    expect(rosterOf('p2p').roster.byKind(({ id }) => id)).toEqual({ ...none, p2p: 0 });
    expect(rosterOf('turn').roster.byKind(({ id }) => id)).toEqual({ ...none, turn: 0 });
  });
});

describe('a newcomer', () => {
  test('that is ready replaces all older ones of its kind', () => {
    const { roster, lanes } = rosterOf('relay', 'p2p', 'relay');
    expect(roster.replacedBy(newcomer(roster, 'relay', true))).toEqual([lanes[0], lanes[2]]);
  });

  test('that is not ready leaves those that are', () => {
    const { roster } = rosterOf('relay');
    expect(roster.replacedBy(newcomer(roster, 'relay', false))).toEqual([]);
  });

  test('that is not ready replaces those that are not either', () => {
    const roster = new LaneRoster();
    const attach = (): Lane => {
      const carrier = new RecordingCarrier();
      const lane = new Lane({ id: roster.nextId(), kind: 'p2p', carrier, clock });
      roster.add(lane);
      return lane;
    };
    const older = attach();
    expect(roster.replacedBy(attach())).toEqual([older]);
  });

  test('that joins replaces nobody', () => {
    const { roster } = rosterOf('relay');
    expect(roster.replacedBy(newcomer(roster, 'relay', true, true))).toEqual([]);
  });

  test('is not replaced by an older one', () => {
    const { roster, lanes } = rosterOf('relay', 'relay');
    expect(roster.replacedBy(lanes[0]!)).toEqual([]);
  });
});

describe('the lanes of one kind', () => {
  test('are found by any of them; no lane has none', () => {
    const { roster, lanes } = rosterOf('p2p', 'relay', 'p2p');
    expect(roster.kin(lanes[2])).toEqual([lanes[0], lanes[2]]);
    expect(roster.kin(lanes[1])).toEqual([lanes[1]]);
    expect(roster.kin(undefined)).toEqual([]);
  });

  test.each(['p2p', 'turn'] as const)(
    'a %s lane is the last without a good one beside it',
    (kind) => {
      const { roster, lanes } = rosterOf(kind, kind, 'relay');
      const [first, second, relay] = lanes as [Lane, Lane, Lane];
      answerOn(first, relay);
      expect([roster.isLastDirect(first), roster.isLastDirect(second)]).toEqual([true, false]);
      answerOn(second);
      expect([roster.isLastDirect(first), roster.isLastDirect(second)]).toEqual([false, false]);
      second.transition('suspect');
      expect(roster.isLastDirect(first)).toBe(true);
    },
  );

  test('of the relay are no direct path', () => {
    const { roster, lanes } = rosterOf('relay');
    expect(roster.isLastDirect(lanes[0]!)).toBe(false);
  });

  test('are counted while they are good', () => {
    const { roster, lanes } = rosterOf('p2p', 'p2p', 'p2p', 'turn', 'relay', 'relay');
    expect(roster.stats().lanes).toEqual({ p2p: 0, turn: 0, relay: 0 });
    answerOn(...lanes);
    expect(roster.stats().lanes).toEqual({ p2p: 3, turn: 1, relay: 2 });
    lanes[0]!.transition('suspect');
    expect(roster.stats().lanes).toEqual({ p2p: 2, turn: 1, relay: 2 });
  });

  test('have the rates of all of them together, and the other measurements of the newest', () => {
    const { roster, lanes } = rosterOf('p2p', 'p2p', 'relay');
    const halfASecond = (bytes: number, ...busy: readonly Lane[]): void => {
      for (const lane of busy) {
        lane.heard(bytes);
        lane.delivered(2 * bytes);
      }
      clock.jump(500);
    };
    const rates = () => {
      const { inPerSecond, outPerSecond } = roster.qualities().p2p!;
      return [inPerSecond, outPerSecond];
    };
    expect(rates()).toEqual([null, null]);
    halfASecond(1_000, lanes[0]!);
    halfASecond(3_000, lanes[0]!, lanes[1]!);
    expect(rates()).toEqual([2_000, 4_000]);
    halfASecond(0, ...lanes);
    expect(rates()).toEqual([12_000, 24_000]);
    lanes[1]!.transition('suspect');
    expect(roster.qualities()).toMatchObject({ p2p: { stalls: 1 }, turn: null });
    expect(roster.qualities().relay).toMatchObject({ stalls: 0, inPerSecond: null });
  });
});

test('bytes are counted by kind, those of lanes that are gone included', () => {
  const { roster, lanes } = rosterOf('relay', 'relay', 'p2p');
  for (const lane of lanes) {
    lane.heard(5);
    lane.send(new Uint8Array(7));
  }
  const before = roster.stats().bytes;
  expect(before).toEqual({
    ...{ relay: { in: 10, out: 14 }, p2p: { in: 5, out: 7 }, turn: { in: 0, out: 0 } },
  });
  roster.delete(lanes[0]!);
  roster.delete(lanes[0]!);
  expect(roster.stats().bytes).toEqual(before);
  roster.delete(lanes[2]!);
  expect(roster.stats()).toMatchObject({ bytes: before, rttMs: { relay: null, p2p: null } });
  expect(roster.stats().quality).toMatchObject({ relay: { stalls: 0 }, p2p: null });
});

test('what data channels have carried is told beside what the relay has, both ways', () => {
  const { roster, lanes } = rosterOf('p2p', 'turn', 'relay');
  lanes.forEach((lane, n) => {
    lane.heard(10 ** (2 * n));
    lane.send(new Uint8Array(2 * 10 ** (2 * n)));
  });
  expect(roster.carried).toEqual({ p2p: 303, relay: 30_000 });
});
