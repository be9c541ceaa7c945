import { LIMITS } from '../limits.js';
import type { LaneEvidence } from './lane-evidence.js';

/**
 * alive: nothing is due, or it came in time. late: half of the patience is over. overdue: all of it.
 * dead: waiting on is of no use.
 */
export type Verdict = 'alive' | 'late' | 'overdue' | 'dead';

/**
 * Looks that must have been without news, beside the time that must have passed. When our own thread has
 * stood still, the time alone proves nothing: what came meanwhile is read before so many looks are over.
 */
const QUIET_LOOKS = { overdue: 4, dead: 30 } as const;
/** Before its first answer a lane may take this long. */
const FIRST_ANSWER_MS = 2_000;
/** The slowest path that is not mistaken for a dead one, in bytes a second. */
const SLOWEST_PER_SECOND = 64 * 1024;
/** What a peer's answer may stand behind: a carrier full to its mark, and an engine's own buffer (libdatachannel: 1 MiB). */
const PEER_QUEUE_BYTES = LIMITS.carrierHighWaterBytes + LIMITS.maxMessageBytes + 1024 * 1024;

/** What the evidence says about a lane's life; `unackedBytes` of the link may delay a proof. */
export function verdictOn(lane: LaneEvidence, unackedBytes: number): Verdict {
  if (isDead(lane, unackedBytes)) return 'dead';
  if (isOverdue(lane, 1, unackedBytes)) return 'overdue';
  return isOverdue(lane, 0.5, unackedBytes) ? 'late' : 'alive';
}

/** How long until the next ping is due, at a heartbeat of `paceMs`; zero or less when it is due now. */
export function pingDueMs(lane: LaneEvidence, paceMs: number): number {
  // A carrier that loses messages may have lost the ping: another one follows after twice the patience.
  const again = 2 * (lane.rttMs === null ? LIMITS.suspectAfterMs : patienceMs(lane));
  return (lane.unansweredMs > 0 ? Math.max(paceMs, again) : paceMs) - lane.pingedMs;
}

/** How long the frames in flight may take when another lane has taken over. */
export function stragglerMs(lane: LaneEvidence): number {
  return Math.max(LIMITS.stragglerMs, 2 * (lane.baseRttMs ?? 0));
}

/**
 * Whether something is due and has not come for this share of the patience. It may be anything at all;
 * or, from a peer that is heard, a proof that it hears us.
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
  const isSilent = isRefuted || lane.silentMs > LIMITS.deadAfterMs;
  if (isSilent && lane.quietLooks >= QUIET_LOOKS.dead) return true;
  return lane.unansweredMs > LIMITS.deafAfterMs && lane.unprovenLooks >= QUIET_LOOKS.dead;
}

/** How long an answer may take. */
function patienceMs({ goodRttMs }: LaneEvidence): number {
  return goodRttMs === null ? FIRST_ANSWER_MS : Math.max(LIMITS.suspectAfterMs, 4 * goodRttMs);
}

/** How long nothing at all may come. On a lane that the peer has left, no queue excuses a late answer. */
function quietMs(lane: LaneEvidence): number {
  if (!lane.isLeft || lane.baseRttMs === null) return patienceMs(lane);
  return Math.max(LIMITS.suspectAfterMs, 4 * lane.baseRttMs);
}

/** What an answer may have to wait behind: a message of ours on its way out, and all that came before it. */
function queueingMs(lane: LaneEvidence, unackedBytes: number): number {
  if (lane.isLeft) return 0;
  const before = lane.bytesSincePing;
  // More has come since than the answer could have been behind: the answer is lost.
  const isLost = before > PEER_QUEUE_BYTES;
  const rate = Math.max(lane.outPerSecond ?? 0, SLOWEST_PER_SECOND);
  const out = Math.min(unackedBytes, LIMITS.maxMessageBytes) / rate;
  return 2_000 * (out + (isLost ? 0 : before / SLOWEST_PER_SECOND));
}
