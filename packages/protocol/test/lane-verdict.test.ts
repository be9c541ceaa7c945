import { describe, expect, test } from '@jest/globals';
import { LIMITS } from '../src/limits.js';
import type { LaneEvidence } from '../src/link/lane-evidence.js';
import { calmPingDueMs, pingDueMs, stragglerMs, verdictOn } from '../src/link/lane-verdict.js';
import { evidence } from './support/lane-evidence.js';

const PATIENCE = LIMITS.suspectAfterMs;
const MIB = 1024 * 1024;

const lane = (more: Partial<LaneEvidence>): LaneEvidence => evidence(0, 'p2p', more);

/** A lane that has been silent since its last ping, and looked at often enough. */
const silent = (milliseconds: number, more: Partial<LaneEvidence> = {}): LaneEvidence =>
  lane({
    ...{ unansweredMs: milliseconds, silentMs: milliseconds, unprovenMs: milliseconds },
    ...{ quietLooks: 100, unprovenLooks: 100, ...more },
  });

/** A lane that brings messages, and has not shown for so long that it gets ours. */
const unproven = (milliseconds: number, more: Partial<LaneEvidence> = {}): LaneEvidence =>
  silent(milliseconds, { silentMs: 0, quietLooks: 0, ...more });

describe('a silent lane', () => {
  test.each([
    [0, 'alive'],
    [PATIENCE / 2, 'alive'],
    [PATIENCE / 2 + 1, 'late'],
    [PATIENCE, 'late'],
    [PATIENCE + 1, 'overdue'],
    [LIMITS.deadAfterMs, 'overdue'],
    [LIMITS.deadAfterMs + 1, 'dead'],
  ])('for %i ms is %s', (milliseconds, verdict) => {
    expect(verdictOn(silent(milliseconds), 0)).toBe(verdict);
  });

  test.each([
    [1, 'alive'],
    [2, 'late'],
    [3, 'late'],
    [4, 'overdue'],
  ])('that was looked at %i times is %s: our own thread may have stood still', (looks, verdict) => {
    const late = silent(PATIENCE + 1, { quietLooks: looks, unprovenLooks: looks });
    expect(verdictOn(late, 0)).toBe(verdict);
  });

  test('is dead only after many looks', () => {
    const gone = (quietLooks: number) => silent(LIMITS.deadAfterMs + 1, { quietLooks });
    expect([verdictOn(gone(29), 0), verdictOn(gone(30), 0)]).toEqual(['overdue', 'dead']);
  });

  test('is dead only when it was asked, and had as long for its answer as a heartbeat leaves', () => {
    const gone = (unansweredMs: number) => silent(3_600_000, { unansweredMs });
    const least = LIMITS.deadAfterMs - 1.5 * LIMITS.heartbeatMs;
    expect(verdictOn(gone(0), 0)).toBe('alive');
    expect([verdictOn(gone(least), 0), verdictOn(gone(least + 1), 0)]).toEqual(['overdue', 'dead']);
    const attaching = { state: 'attaching', unansweredMs: 0 } as const;
    expect(verdictOn(silent(LIMITS.deadAfterMs + 1, attaching), 0)).toBe('dead');
  });

  test('that owes no answer is alive', () => {
    expect(verdictOn(silent(5_000, { unansweredMs: 0 }), 0)).toBe('alive');
  });

  test('is given four round trips, those of the faster quarter', () => {
    const slow = (milliseconds: number) =>
      verdictOn(silent(milliseconds, { goodRttMs: 200, rttMs: 900, baseRttMs: 10 }), 0);
    expect([slow(800), slow(801)]).toEqual(['late', 'overdue']);
  });

  test('is given two seconds for its first answer', () => {
    const first = (milliseconds: number) =>
      verdictOn(silent(milliseconds, { goodRttMs: null, rttMs: null, baseRttMs: null }), 0);
    expect([first(2_000), first(2_001)]).toEqual(['late', 'overdue']);
  });

  test('that the peer has left is given four of its lowest round trips', () => {
    const left = (milliseconds: number, more: Partial<LaneEvidence>) =>
      verdictOn(silent(milliseconds, { goodRttMs: 2_000, isLeft: true, ...more }), 0);
    expect(left(601, { baseRttMs: 150 })).toBe('overdue');
    expect(left(600, { baseRttMs: 150 })).toBe('late');
    expect(left(PATIENCE + 1, { baseRttMs: 1 })).toBe('overdue');
    expect(left(PATIENCE, { baseRttMs: 1 })).toBe('late');
    expect(left(4_001, { baseRttMs: null })).toBe('late');
    expect(verdictOn(silent(601, { goodRttMs: 2_000, baseRttMs: 150 }), 0)).toBe('alive');
  });
});

describe('a lane that is heard', () => {
  test.each([
    [PATIENCE, 'late'],
    [PATIENCE + 1, 'overdue'],
    [LIMITS.deafAfterMs, 'overdue'],
    [LIMITS.deafAfterMs + 1, 'dead'],
  ])('and has not answered for %i ms is %s', (milliseconds, verdict) => {
    expect(verdictOn(unproven(milliseconds), 0)).toBe(verdict);
  });

  test('is dead for its deafness only after many looks', () => {
    const deaf = (unprovenLooks: number) => unproven(LIMITS.deafAfterMs + 1, { unprovenLooks });
    expect([verdictOn(deaf(29), 0), verdictOn(deaf(30), 0)]).toEqual(['overdue', 'dead']);
  });

  test('that has acknowledged since the ping is alive', () => {
    expect(verdictOn(unproven(5_000, { unprovenMs: 100 }), 0)).toBe('alive');
  });

  test('is given time for what its answer stands behind', () => {
    // A megabyte at the slowest rate, twice: 32 s; half of that is late.
    const behind = (milliseconds: number) =>
      verdictOn(unproven(milliseconds, { bytesSincePing: MIB }), 0);
    expect([behind(16_000), behind(16_300)]).toEqual(['alive', 'late']);
  });

  test('is given none once more has come than the answer could be behind', () => {
    const tooMuch = 2 * MIB;
    expect(verdictOn(unproven(PATIENCE + 1, { bytesSincePing: tooMuch }), 0)).toBe('overdue');
  });

  test('is given time for a message of ours on its way out, at its own rate', () => {
    // 64 KiB at 64 KiB a second, twice: 2 s more than the patience.
    const out = (milliseconds: number, outPerSecond: number | null, unacked = 100 * MIB) =>
      verdictOn(unproven(milliseconds, { outPerSecond }), unacked);
    expect([out(PATIENCE + 2_000, null), out(PATIENCE + 2_001, null)]).toEqual(['late', 'overdue']);
    expect(out(PATIENCE + 1_001, 128 * 1024)).toBe('overdue');
    expect(out(PATIENCE + 1_000, 128 * 1024)).toBe('late');
    expect(out(PATIENCE + 1_001, 10)).toBe('late');
    expect(out(PATIENCE + 1_001, null, 32 * 1024)).toBe('overdue');
    expect(out(PATIENCE + 1_000, null, 32 * 1024)).toBe('late');
  });

  test('and that the peer has left is given no time for queues', () => {
    const left = unproven(PATIENCE + 1, { isLeft: true, bytesSincePing: MIB });
    expect(verdictOn(left, 100 * MIB)).toBe('overdue');
  });
});

describe('a doubted lane', () => {
  test('is dead once its patience is over without a word', () => {
    const doubted = (milliseconds: number, quietLooks = 30) =>
      verdictOn(silent(milliseconds, { isDoubted: true, quietLooks }), 0);
    expect([doubted(PATIENCE), doubted(PATIENCE + 1)]).toEqual(['late', 'dead']);
    expect(doubted(PATIENCE + 1, 29)).toBe('overdue');
  });

  test('is given the time that queues take', () => {
    const behind = silent(PATIENCE + 1, { isDoubted: true, bytesSincePing: MIB });
    expect(verdictOn(behind, 0)).toBe('overdue');
  });
});

describe('the next ping', () => {
  test('is due one pace after the last', () => {
    expect(pingDueMs(lane({ pingedMs: 30 }), 150)).toBe(120);
    expect(pingDueMs(lane({ pingedMs: 200 }), 150)).toBe(-50);
  });

  test('is due after twice the patience while the last is unanswered', () => {
    const asked = { pingedMs: 100, unansweredMs: 100 };
    expect(pingDueMs(lane(asked), 150)).toBe(2 * PATIENCE - 100);
    expect(pingDueMs(lane({ ...asked, goodRttMs: 300 }), 150)).toBe(2 * 1_200 - 100);
    expect(pingDueMs(lane({ ...asked, rttMs: null, goodRttMs: null }), 150)).toBe(
      2 * PATIENCE - 100,
    );
    expect(pingDueMs(lane(asked), 5_000)).toBe(4_900);
  });
});

test('frames on another lane are stragglers after two of its lowest round trips, or a fixed time', () => {
  expect(stragglerMs(lane({ baseRttMs: null }))).toBe(LIMITS.stragglerMs);
  expect(stragglerMs(lane({ baseRttMs: 50, rttMs: 900 }))).toBe(LIMITS.stragglerMs);
  expect(stragglerMs(lane({ baseRttMs: 300 }))).toBe(600);
});

describe('a calm lane', () => {
  const { calmHeartbeatMs: most, heartbeatMs } = LIMITS;
  test('is asked later by the end that has more patience', () => {
    const calm = lane({ pingedMs: most });
    expect(calmPingDueMs(calm, 10_000, LIMITS.acceptorPatience)).toBe(12_500);
    expect(calmPingDueMs(calm, 3_600_000, LIMITS.acceptorPatience)).toBeLessThan(60_000);
  });

  test.each([
    ['at the usual pace at first', 100, {}, heartbeatMs],
    ['after as long again as it has been calm', 7_000, {}, 7_000],
    ['at the latest before a proxy cuts it', 3_600_000, {}, most],
    ['the sooner the longer it has been silent', 13_000, { silentMs: 6_000 }, 1_000],
    ['when the peer misses a beat of its own', 3_600_000, { rhythmMs: 4_000 }, 5_000],
    ['no more often than at the usual pace', 3_600_000, { rhythmMs: 100 }, heartbeatMs],
    [
      'again only after a heartbeat',
      most,
      { silentMs: most, pingedMs: 10, unansweredMs: 10 },
      heartbeatMs - 10,
    ],
  ])('is asked %s', (_, calmMs, more, expected) => {
    expect(calmPingDueMs(lane({ pingedMs: most, ...more }), calmMs)).toBe(expected);
  });
});
