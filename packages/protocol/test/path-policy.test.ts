import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { LIMITS } from '../src/limits.js';
import type { LaneEvidence, LaneKind, LaneState } from '../src/link/lane-evidence.js';
import { decidePath, type PathSituation, type Standing } from '../src/link/path-policy.js';
import { evidence as lane } from './support/lane-evidence.js';
import { propertyRuns } from './support/property-runs.js';

const P2P = 1;
const RELAY = 2;

function situation(more: Partial<PathSituation>): PathSituation {
  const lanes = [lane(RELAY, 'relay'), lane(P2P, 'p2p')];
  return {
    row: 'auto',
    lanes,
    active: RELAY,
    chosen: undefined,
    chosenKind: undefined,
    direct: 'trusted',
    ...more,
  };
}

const STILL = LIMITS.suspectAfterMs;

describe('an opener with a preference', () => {
  const bad = { state: 'suspect', silentMs: STILL } as const;
  test.each([
    ['auto', RELAY, {}, {}, 'trusted', P2P],
    ['auto', P2P, {}, {}, 'trusted', P2P],
    ['auto', RELAY, bad, {}, 'trusted', RELAY],
    ['auto', P2P, bad, {}, 'trusted', RELAY],
    ['auto', P2P, {}, {}, 'slow', RELAY],
    ['auto', RELAY, {}, bad, 'slow', P2P],
    ['auto', P2P, {}, {}, 'distrusted', RELAY],
    ['auto', RELAY, { rttMs: null }, {}, 'trusted', RELAY],
    ['auto', P2P, {}, { rttMs: null }, 'distrusted', P2P],
    ['auto', P2P, {}, { rttMs: null }, 'slow', P2P],
    ['auto', RELAY, {}, { rttMs: null }, 'slow', P2P],
    // Only whoever leaves a suspected lane asks what was heard just now.
    ['auto', RELAY, { silentMs: STILL }, {}, 'trusted', P2P],
    ['relay', P2P, {}, {}, 'trusted', RELAY],
    ['relay', RELAY, {}, {}, 'trusted', RELAY],
    // Preferring the relay must not mean being cut off with it.
    ['relay', P2P, {}, bad, 'trusted', P2P],
    ['relay', RELAY, {}, bad, 'trusted', P2P],
    ['relay', RELAY, {}, { rttMs: null }, 'trusted', P2P],
    ['relay', RELAY, {}, { rttMs: null }, 'slow', P2P],
    ['relay', RELAY, {}, { rttMs: null }, 'distrusted', RELAY],
    ['p2p', RELAY, {}, {}, 'trusted', P2P],
    ['p2p', RELAY, {}, {}, 'slow', P2P],
    ['p2p', RELAY, bad, {}, 'trusted', RELAY],
    ['p2p', RELAY, {}, {}, 'distrusted', RELAY],
    ['p2p', P2P, {}, {}, 'distrusted', RELAY],
    // Sparing the relay, a slow direct path is as good as any, and a broken one is not.
    ['spare', RELAY, {}, {}, 'trusted', P2P],
    ['spare', RELAY, {}, {}, 'slow', P2P],
    ['spare', P2P, {}, {}, 'slow', P2P],
    ['spare', P2P, bad, {}, 'slow', RELAY],
    ['spare', P2P, {}, {}, 'distrusted', RELAY],
    ['spare', RELAY, { rttMs: null }, {}, 'trusted', RELAY],
  ] as const)('%s on %i, p2p %j, relay %j, %s: %i', (row, active, p2p, relay, direct, expected) => {
    const lanes = [lane(RELAY, 'relay', relay), lane(P2P, 'p2p', p2p)];
    expect(decidePath(situation({ row, active, lanes, direct })).carry).toBe(expected);
  });

  test('gives a direct lane up that stays suspected while the relay has been good for as long', () => {
    const p2p = lane(P2P, 'p2p', { state: 'suspect', stateMs: LIMITS.p2pHopelessMs });
    const lanes = (relay: Partial<LaneEvidence>) => [lane(RELAY, 'relay', relay), p2p];
    const giveUp = (relay: Partial<LaneEvidence>, row: PathSituation['row'] = 'auto') =>
      decidePath(situation({ row, lanes: lanes(relay) })).giveUp;
    expect(giveUp({})).toEqual([P2P]);
    expect(giveUp({ stateMs: LIMITS.p2pHopelessMs - 1 })).toEqual([]);
    expect(giveUp({ rttMs: null })).toEqual([]);
    expect(giveUp({ state: 'suspect' })).toEqual([]);
    expect(giveUp({}, 'stay')).toEqual([]);
    expect(giveUp({}, 'follow')).toEqual([]);
  });

  test('gives up neither the relay nor a lane that answers', () => {
    const lasting = { stateMs: LIMITS.p2pHopelessMs };
    const lanes = (relay: LaneState) => [
      lane(RELAY, 'relay', { ...lasting, state: relay }),
      lane(P2P, 'p2p', lasting),
    ];
    expect(decidePath(situation({ lanes: lanes('suspect') })).giveUp).toEqual([]);
    expect(decidePath(situation({ lanes: lanes('ready') })).giveUp).toEqual([]);
  });

  test('leaves a lane that has not answered for none that has not either, and a suspected one for its kin', () => {
    const fresh = { rttMs: null };
    const lanes = (p2p: Partial<LaneEvidence>) => [
      lane(RELAY, 'relay', fresh),
      lane(4, 'p2p', fresh),
      lane(P2P, 'p2p', p2p),
    ];
    const chosenKind = 'p2p';
    expect(decidePath(situation({ lanes: lanes(fresh), chosenKind })).carry).toBe(RELAY);
    const suspect = { state: 'suspect', silentMs: STILL } as const;
    const flight = situation({ lanes: lanes(suspect), active: P2P, chosenKind });
    expect(decidePath(flight).carry).toBe(4);
  });
});

describe('a way by TURN', () => {
  const TURN = 3;
  const gainMs = (50 - LIMITS.turnGainMs) / LIMITS.clearlyBetter;
  test.each([
    ['auto', RELAY, gainMs - 1, 'trusted', TURN],
    ['auto', RELAY, gainMs, 'trusted', RELAY],
    ['auto', TURN, gainMs, 'trusted', RELAY],
    ['auto', RELAY, 1, 'slow', RELAY],
    ['auto', RELAY, 1, 'distrusted', RELAY],
    ['p2p', RELAY, 1, 'trusted', TURN],
    ['p2p', RELAY, 60, 'trusted', TURN],
    ['relay', TURN, 1, 'trusted', RELAY],
    ['spare', RELAY, gainMs - 1, 'trusted', TURN],
    ['spare', TURN, gainMs, 'trusted', RELAY],
    ['spare', TURN, 1, 'slow', RELAY],
  ] as const)('%s on %i, %d ms against 50, %s: %i', (row, active, baseRttMs, direct, expected) => {
    const lanes = [lane(RELAY, 'relay'), lane(TURN, 'turn', { baseRttMs })];
    expect(decidePath(situation({ row, active, lanes, direct })).carry).toBe(expected);
  });

  test.each(['auto', 'relay'] as const)(
    'carries while the relay has not answered, slow or not (%s)',
    (row) => {
      const silent = lane(RELAY, 'relay', { rttMs: null, baseRttMs: null });
      const lanes = [silent, lane(TURN, 'turn')];
      for (const direct of ['trusted', 'slow'] as const) {
        expect(decidePath(situation({ row, lanes, direct })).carry).toBe(TURN);
      }
    },
  );

  test.each([
    ['auto', 'slow', TURN],
    ['auto', 'distrusted', RELAY],
    ['spare', 'slow', TURN],
    ['relay', 'slow', TURN],
  ] as const)(
    '%s, %s, beside a relay that has not answered lately: %i',
    (row, direct, expected) => {
      const lanes = [lane(RELAY, 'relay', { rttMs: null }), lane(TURN, 'turn', { baseRttMs: 60 })];
      expect(decidePath(situation({ row, lanes, direct })).carry).toBe(expected);
    },
  );

  test('has to be shorter than each relay that has answered', () => {
    const carry = (other: Partial<LaneEvidence>) => {
      const relays = [lane(RELAY, 'relay'), lane(4, 'relay', other)];
      const lanes = [...relays, lane(TURN, 'turn', { baseRttMs: gainMs - 1 })];
      return decidePath(situation({ lanes })).carry;
    };
    expect(carry({ rttMs: null, baseRttMs: null })).toBe(TURN);
    expect(carry({ baseRttMs: gainMs - 1 })).toBe(RELAY);
  });

  test('is below a path between both ends alone, and above nothing at all', () => {
    const turn = lane(TURN, 'turn', { baseRttMs: 1 });
    const both = situation({ active: TURN, lanes: [turn, lane(P2P, 'p2p')] });
    expect(decidePath(both).carry).toBe(P2P);
    const silent = lane(RELAY, 'relay', { state: 'suspect' });
    const longer = lane(TURN, 'turn', { baseRttMs: 400 });
    expect(decidePath(situation({ lanes: [silent, longer] })).carry).toBe(TURN);
  });

  test('is given up for a fresh one like any data channel', () => {
    const turn = lane(TURN, 'turn', { state: 'suspect', stateMs: LIMITS.p2pHopelessMs });
    expect(decidePath(situation({ lanes: [lane(RELAY, 'relay'), turn] })).giveUp).toEqual([TURN]);
  });
});

describe('a suspected lane in use', () => {
  const suspect = lane(P2P, 'p2p', { state: 'suspect' });
  test.each(['auto', 'p2p', 'relay', 'spare', 'stay', 'follow'] as const)(
    'is left only for one that has just been heard (%s)',
    (row) => {
      const carry = (silentMs: number) =>
        decidePath(
          situation({ row, active: P2P, lanes: [suspect, lane(RELAY, 'relay', { silentMs })] }),
        ).carry;
      expect(carry(STILL / 2 - 1)).toBe(RELAY);
      expect(carry(STILL / 2)).toBe(P2P);
    },
  );
});

describe('whoever has no preference', () => {
  test('stays, whatever there is', () => {
    expect(decidePath(situation({ row: 'stay' })).carry).toBe(RELAY);
    expect(decidePath(situation({ row: 'stay', active: P2P })).carry).toBe(P2P);
  });

  test('takes any lane that is ready rather than none', () => {
    const fresh = lane(7, 'p2p', { rttMs: null });
    const lanes = [lane(3, 'relay', { state: 'attaching' }), fresh];
    expect(decidePath(situation({ row: 'stay', active: undefined, lanes })).carry).toBe(7);
  });
});

describe('the acceptor', () => {
  test('goes back to what the opener has chosen once that is ready', () => {
    const at = (state: LaneState) =>
      decidePath(
        situation({
          ...{ row: 'follow', active: RELAY, chosen: P2P },
          lanes: [lane(RELAY, 'relay'), lane(P2P, 'p2p', { state })],
        }),
      );
    expect(at('suspect')).toMatchObject({ carry: RELAY, isTold: false });
    expect(at('ready')).toMatchObject({ carry: P2P, isTold: false });
  });
});

describe('the acceptor whose chosen lane is gone', () => {
  const follow = (p2p: Partial<LaneEvidence>) => {
    const lanes = [lane(RELAY, 'relay'), lane(P2P, 'p2p', p2p)];
    return decidePath(situation({ row: 'follow', lanes, chosen: 9, chosenKind: 'p2p' })).carry;
  };

  test('takes one of its kind that is ready', () => {
    expect(follow({})).toBe(P2P);
    expect(follow({ state: 'attaching' })).toBe(RELAY);
    expect(follow({ state: 'suspect' })).toBe(RELAY);
  });
});

describe('the peer', () => {
  test('is not asked to come along to the only lane a link has had', () => {
    const only = { lanes: [lane(RELAY, 'relay')], active: undefined };
    expect(decidePath(situation(only)).isTold).toBe(false);
    expect(decidePath(situation({ active: undefined })).isTold).toBe(true);
  });

  test('is asked to come along when the lane in use has died', () => {
    const left = { lanes: [lane(RELAY, 'relay')], active: P2P };
    expect(decidePath(situation(left))).toMatchObject({ carry: RELAY, isTold: true });
  });
});

const anyLane = fc.record({
  kind: fc.constantFrom<LaneKind>('p2p', 'relay'),
  state: fc.constantFrom<LaneState>('attaching', 'ready', 'suspect'),
  rttMs: fc.constantFrom(null, 40),
  silentMs: fc.constantFrom(0, STILL / 2 - 1, STILL / 2, 5_000),
  stateMs: fc.constantFrom(0, 60_000),
});
const anySituation: fc.Arbitrary<PathSituation> = fc
  .record({
    row: fc.constantFrom<PathSituation['row']>('auto', 'p2p', 'relay', 'stay', 'follow'),
    // Several of a kind are as good as one.
    lanes: fc
      .array(anyLane, { maxLength: 6 })
      .map((lanes) => lanes.map((more, id) => lane(id, more.kind, more))),
    active: fc.option(fc.nat(6), { nil: undefined }),
    chosenKind: fc.constantFrom('p2p' as const, 'relay' as const, undefined),
    chosen: fc.option(fc.nat(6), { nil: undefined }),
    direct: fc.constantFrom<Standing>('trusted', 'distrusted', 'slow'),
  })
  .filter(({ lanes, active }) => lanes.find(({ id }) => id === active)?.state !== 'attaching');

describe('in any situation', () => {
  const holds = (check: (situation: PathSituation, carry: LaneEvidence | undefined) => void) =>
    fc.assert(
      fc.property(anySituation, (now) => {
        const { carry } = decidePath(now);
        check(
          now,
          now.lanes.find(({ id }) => id === carry),
        );
      }),
      { numRuns: propertyRuns(2_000) },
    );

  test('what carries is ready, or it is the suspected lane that carried before', () => {
    holds((now, carry) => {
      if (carry === undefined || carry.state === 'ready') return;
      expect([carry.id, carry.state]).toEqual([now.active, 'suspect']);
    });
  });

  test('nothing carries only while no lane is ready', () => {
    holds((now, carry) => {
      if (carry === undefined) expect(now.lanes.some(({ state }) => state === 'ready')).toBe(false);
    });
  });

  test('the decision stands once it is carried out, and no lanes take turns', () => {
    const again = (now: PathSituation): PathSituation => ({
      ...now,
      active: decidePath(now).carry,
    });
    holds((now, carry) => {
      // Whoever has fled to a lane that was heard may find a better one from there.
      const isFlight = now.lanes.find(({ id }) => id === now.active)?.state === 'suspect';
      const settled = isFlight ? again(again(now)) : again(now);
      if (!isFlight) expect(settled.active).toBe(carry?.id);
      expect(decidePath(settled).carry).toBe(settled.active);
    });
  });

  test('a ready lane is left for another of its kind only by the acceptor', () => {
    holds((now, carry) => {
      const from = now.lanes.find(({ id }) => id === now.active);
      if (from?.state !== 'ready' || from.rttMs === null || now.row === 'follow') return;
      if (carry?.kind === from.kind) expect(carry.id).toBe(from.id);
    });
  });

  test('a suspected lane is left only for one that has just been heard', () => {
    holds((now, carry) => {
      const from = now.lanes.find(({ id }) => id === now.active);
      if (from?.state !== 'suspect' || carry === from) return;
      expect(carry?.silentMs).toBeLessThan(STILL / 2);
    });
  });

  test('what is remembered against the direct path moves nobody without a preference', () => {
    holds((now, carry) => {
      if (now.row !== 'stay' && now.row !== 'follow') return;
      for (const direct of ['trusted', 'distrusted', 'slow'] as const) {
        expect(decidePath({ ...now, direct }).carry).toBe(carry?.id);
      }
    });
  });
});
