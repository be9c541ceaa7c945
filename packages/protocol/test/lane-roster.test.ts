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

/** One that has just been attached, ready or not. */
function newcomer(roster: LaneRoster, kind: LaneKind, isReady: boolean, replacesKind = true): Lane {
  const { lane } = readyLane(clock, { id: roster.nextId(), kind, replacesKind });
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
    expect(roster.replacedBy(newcomer(roster, 'relay', true, false))).toEqual([]);
  });

  test('is not replaced by an older one', () => {
    const { roster, lanes } = rosterOf('relay', 'relay');
    expect(roster.replacedBy(lanes[0]!)).toEqual([]);
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
