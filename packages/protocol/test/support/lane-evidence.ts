import type { LaneEvidence, LaneKind } from '../../src/link/lane-evidence.js';

/** The evidence of a lane that has answered within 50 ms for a minute, and has been heard just now. */
export function evidence(
  id: number,
  kind: LaneKind,
  more: Partial<LaneEvidence> = {},
): LaneEvidence {
  return {
    ...{ id, kind, state: 'ready', stateMs: 60_000, stalls: 0 },
    ...{ rttMs: 50, baseRttMs: 50, goodRttMs: 50, waitMs: 50, inPerSecond: null },
    ...{
      outPerSecond: null,
      silentMs: 0,
      quietLooks: 0,
      pingedMs: 0,
      unansweredMs: 0,
      rhythmMs: Infinity,
    },
    ...{ unprovenMs: 0, unprovenLooks: 0, bytesSincePing: 0, isDoubted: false, isLeft: false },
    ...more,
  };
}
