import { LIMITS } from '../limits.js';
import type { LaneEvidence } from './lane-evidence.js';

/**
 * alive: no answer is due, or the wait is still short. late: half of the patience is over. overdue: all of it is
 * over. dead: the lane is given up.
 */
export type Verdict = 'alive' | 'late' | 'overdue' | 'dead';

/**
 * How many looks of the monitor must find nothing new before a lane is overdue or dead. Time alone proves nothing
 * when our own thread was blocked: messages that came meanwhile are read only afterwards.
 */
const QUIET_LOOKS = { overdue: 4, dead: 30 } as const;
/** A beat that is late by a quarter of the rhythm is missed. */
const MISSED_BEAT = 1.25;
/** The patience before the first answer of a lane, in milliseconds. */
const FIRST_ANSWER_MS = 2_000;
/** The rate of the slowest path that must not be mistaken for a dead one, in bytes a second. */
const SLOWEST_PER_SECOND = 64 * 1024;
/** How many bytes a peer's answer may have to wait behind: a full carrier and a WebRTC engine's own buffer (libdatachannel: 1 MiB). */
const PEER_QUEUE_BYTES = LIMITS.carrierHighWaterBytes + LIMITS.maxMessageBytes + 1024 * 1024;

/** Judges whether a lane is alive. The link's `unackedBytes` may delay the proof of it. */
export function verdictOn(lane: LaneEvidence, unackedBytes: number): Verdict {
  if (isDead(lane, unackedBytes)) return 'dead';
  if (isOverdue(lane, 1, unackedBytes)) return 'overdue';
  return isOverdue(lane, 0.5, unackedBytes) ? 'late' : 'alive';
}

/** How long until the next ping is due, with a ping every `paceMs`; zero or less when it is due now. */
export function pingDueMs(lane: LaneEvidence, paceMs: number): number {
  // A carrier that loses messages may have lost the ping. Another ping follows after twice the patience.
  const again = 2 * (lane.rttMs === null ? LIMITS.suspectAfterMs : patienceMs(lane));
  return (lane.unansweredMs > 0 ? Math.max(paceMs, again) : paceMs) - lane.pingedMs;
}

/**
 * How long until the next ping is due on a link that has been calm for this long. A lane may be silent for as long as the
 * link had been calm when it was heard last, up to `calmHeartbeatMs`, times the patience: of two ends one never has to
 * ask. A peer that has asked at a rhythm of its own, and now misses a beat, is asked at once.
 */
export function calmPingDueMs(lane: LaneEvidence, calmMs: number, patience = 1): number {
  const { calmHeartbeatMs, heartbeatMs } = LIMITS;
  const missedMs = MISSED_BEAT * lane.rhythmMs;
  const calmPaceMs = patience * Math.min(calmMs - lane.silentMs, calmHeartbeatMs);
  const paceMs = Math.max(heartbeatMs, Math.min(calmPaceMs, missedMs));
  return Math.max(paceMs - lane.silentMs, pingDueMs(lane, lane.unansweredMs > 0 ? heartbeatMs : 0));
}

/** How long frames on their way may take after another lane has taken over. */
export function stragglerMs(lane: LaneEvidence): number {
  return Math.max(LIMITS.stragglerMs, 2 * (lane.baseRttMs ?? 0));
}

/**
 * Whether the wait has taken this share of the patience. A silent lane is waited on for any message. A lane that
 * brings messages is waited on for a proof that the peer hears us.
 */
function isOverdue(lane: LaneEvidence, share: number, unackedBytes: number): boolean {
  const quietLooks = share * QUIET_LOOKS.overdue;
  const silentMs = Math.min(lane.unansweredMs, lane.silentMs);
  if (silentMs > share * quietMs(lane) && lane.quietLooks >= quietLooks) return true;
  const unprovenMs = Math.min(lane.unansweredMs, lane.unprovenMs);
  const patience = patienceMs(lane) + queueingMs(lane, unackedBytes);
  return unprovenMs > share * patience && lane.unprovenLooks >= quietLooks;
}

function isDead(lane: LaneEvidence, unackedBytes: number): boolean {
  const patience = patienceMs(lane) + queueingMs(lane, unackedBytes);
  const isRefuted = lane.isDoubted && lane.unansweredMs > patience;
  // A calm lane may be silent for long. Silence counts once a question has been open for what a heartbeat leaves of the time.
  const isAsked =
    lane.state === 'attaching' || lane.unansweredMs > LIMITS.deadAfterMs - 1.5 * LIMITS.heartbeatMs;
  const isSilent = isRefuted || (isAsked && lane.silentMs > LIMITS.deadAfterMs);
  if (isSilent && lane.quietLooks >= QUIET_LOOKS.dead) return true;
  return lane.unansweredMs > LIMITS.deafAfterMs && lane.unprovenLooks >= QUIET_LOOKS.dead;
}

/** How long an answer may take. */
export function patienceMs({ goodRttMs }: LaneEvidence): number {
  return goodRttMs === null ? FIRST_ANSWER_MS : Math.max(LIMITS.suspectAfterMs, 4 * goodRttMs);
}

/** How long a lane may be silent. On a lane that the peer has left, no queue excuses a late answer. */
function quietMs(lane: LaneEvidence): number {
  if (!lane.isLeft || lane.baseRttMs === null) return patienceMs(lane);
  return Math.max(LIMITS.suspectAfterMs, 4 * lane.baseRttMs);
}

/** How much longer an answer may take because of queues: a message of ours on its way out, and the peer's data before the answer. */
function queueingMs(lane: LaneEvidence, unackedBytes: number): number {
  if (lane.isLeft) return 0;
  const before = lane.bytesSincePing;
  // More bytes have come than the answer could have waited behind: the answer is lost.
  const isLost = before > PEER_QUEUE_BYTES;
  const rate = Math.max(lane.outPerSecond ?? 0, SLOWEST_PER_SECOND);
  const out = Math.min(unackedBytes, LIMITS.maxMessageBytes) / rate;
  return 2_000 * (out + (isLost ? 0 : before / SLOWEST_PER_SECOND));
}
