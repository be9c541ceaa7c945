import { LIMITS } from '../limits.js';
import type { LaneEvidence, LaneKind } from './lane-evidence.js';

/** Which path a person wants. Only `auto` leaves a path because it is slow. */
export type Preference = 'auto' | Exclude<LaneKind, 'turn'>;

/** What an opener chooses by: what a person wants, or `spare` where the relay is to carry only what no direct path can. */
export type Choice = Preference | 'spare';

/**
 * The row of the policy table. An opener with a choice has the row of that name. An opener without one stays where it
 * was put, and the acceptor follows the opener.
 */
export type PolicyRow = Choice | 'stay' | 'follow';

/** What the history says about the direct path: nothing bad, that it failed lately, or that the relay does better. */
export type Standing = 'trusted' | 'distrusted' | 'slow';

/** Everything that a decision depends on. Lanes are given by their ids. */
export interface PathSituation {
  readonly row: PolicyRow;
  readonly lanes: readonly LaneEvidence[];
  /** The lane that carries, or the one that has just been asked for. */
  readonly active: number | undefined;
  /** The lane that the opener has chosen last, and the kind of that lane, which may be gone. */
  readonly chosen: number | undefined;
  readonly chosenKind: LaneKind | undefined;
  readonly direct: Standing;
}

export interface PathDecision {
  /** The lane that carries from now on; undefined when no lane can. */
  readonly carry: number | undefined;
  /** Whether the peer is asked to use the same lane. */
  readonly isTold: boolean;
  /** Lanes to be closed because they are of no more use. */
  readonly giveUp: readonly number[];
}

/**
 * good: ready, has answered, and has a trusted standing. slow: the same, but the relay does better. A way by TURN
 * is good only if its round trip is clearly shorter than the relay's, because TURN carries bulk no faster.
 * ready: frames may be sent. suspect: silent for too long.
 */
type Grade = 'good' | 'slow' | 'ready' | 'suspect';
/** kin: a lane of the same kind as the chosen one. */
type Who = LaneKind | 'chosen' | 'kin' | 'active' | 'any';

/** The end of every row: the link stays where it is, or leaves a suspected lane for a ready one. Ready lanes of the same kind come first. */
const OTHERWISE: readonly (readonly [Who, Grade])[] = [
  ['active', 'ready'],
  ['kin', 'ready'],
  ['any', 'ready'],
  ['active', 'suspect'],
];

/**
 * Which lane carries: the first entry of the row that a lane fits. Among direct ways ICE itself takes the shortest:
 * the same machine or LAN before an address seen from outside (RFC 8445 section 5.1.2).
 */
const TABLE: Readonly<Record<PolicyRow, readonly (readonly [Who, Grade])[]>> = {
  auto: [
    ['p2p', 'good'],
    ['turn', 'good'],
    ['relay', 'good'],
    ['p2p', 'slow'],
    ['turn', 'slow'],
    ...OTHERWISE,
  ],
  p2p: [
    ['p2p', 'good'],
    ['p2p', 'slow'],
    ['turn', 'good'],
    ['turn', 'slow'],
    ['relay', 'good'],
    ...OTHERWISE,
  ],
  // A TURN server costs its operator as much as the relay does, so a way by TURN has the place that it has in `auto`.
  spare: [
    ['p2p', 'good'],
    ['p2p', 'slow'],
    ['turn', 'good'],
    ['relay', 'good'],
    ['turn', 'slow'],
    ...OTHERWISE,
  ],
  relay: [
    ['relay', 'good'],
    ['p2p', 'good'],
    ['turn', 'good'],
    ['p2p', 'slow'],
    ['turn', 'slow'],
    ...OTHERWISE,
  ],
  stay: OTHERWISE,
  follow: [['chosen', 'ready'], ['kin', 'ready'], ...OTHERWISE],
};

/** Decides which lane carries. The decision depends on the situation alone. */
export function decidePath(situation: PathSituation): PathDecision {
  const carry = laneToCarry(situation)?.id;
  const { active, lanes, row } = situation;
  const isOpener = row !== 'follow';
  // The first lane of a link carries at both ends, so the peer need not be told.
  const isChoice = active !== undefined || lanes.length > 1;
  return { carry, isTold: isOpener && isChoice, giveUp: hopeless(situation) };
}

function laneToCarry(situation: PathSituation): LaneEvidence | undefined {
  const candidates = candidatesIn(situation);
  for (const [who, grade] of TABLE[situation.row]) {
    const found = candidates.find(
      (lane) => isCalled(lane, who, situation) && hasGrade(lane, grade, situation),
    );
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * The lanes that may carry, the active one first, so that equal lanes don't take turns. When the active lane is
 * suspected, another lane is a candidate only if it was heard just now. While all lanes are silent, the peer is
 * busy or everything is cut, and a move gains nothing.
 */
function candidatesIn({ lanes, active }: PathSituation): readonly LaneEvidence[] {
  const [current] = lanes.filter((lane) => lane.id === active);
  if (current === undefined) return lanes;
  const isRefuge = (lane: LaneEvidence): boolean =>
    current.state !== 'suspect' || lane.silentMs < LIMITS.suspectAfterMs / 2;
  return [current, ...lanes.filter((lane) => lane !== current && isRefuge(lane))];
}

function isCalled(
  lane: LaneEvidence,
  who: Who,
  { active, chosen, chosenKind }: PathSituation,
): boolean {
  if (who === 'any') return true;
  if (who === 'kin') return lane.kind === chosenKind;
  if (who === 'active') return lane.id === active;
  return who === 'chosen' ? lane.id === chosen : lane.kind === who;
}

function hasGrade(lane: LaneEvidence, grade: Grade, situation: PathSituation): boolean {
  if (grade === 'ready' || grade === 'suspect') return lane.state === grade;
  if (lane.state !== 'ready' || lane.rttMs === null) return false;
  return standingOf(lane, situation) === (grade === 'good' ? 'trusted' : 'slow');
}

function standingOf(lane: LaneEvidence, { direct, lanes }: PathSituation): Standing {
  if (lane.kind === 'relay') return 'trusted';
  const isOutdone = lane.kind === 'turn' && direct === 'trusted' && !isShorter(lane, lanes);
  return isOutdone ? 'slow' : direct;
}

/** Whether a lane's round trip is clearly shorter than the relay's. The lowest round trips count, because they hardly change. */
function isShorter({ baseRttMs }: LaneEvidence, lanes: readonly LaneEvidence[]): boolean {
  const relays = lanes.flatMap((lane) => (lane.kind === 'relay' ? (lane.baseRttMs ?? []) : []));
  return relays.every(
    (relayMs) => (baseRttMs ?? Infinity) * LIMITS.clearlyBetter + LIMITS.turnGainMs < relayMs,
  );
}

/** Direct lanes that stay suspected while another lane answers. They are closed to make way for a fresh one. */
function hopeless({ row, lanes }: PathSituation): readonly number[] {
  if (row === 'follow' || row === 'stay') return [];
  const hasLasted = (lane: LaneEvidence): boolean => lane.stateMs >= LIMITS.p2pHopelessMs;
  const isAnswering = lanes.some(
    (lane) => lane.state === 'ready' && lane.rttMs !== null && hasLasted(lane),
  );
  const isHopeless = (lane: LaneEvidence): boolean =>
    lane.kind !== 'relay' && lane.state === 'suspect' && hasLasted(lane);
  return isAnswering ? lanes.filter(isHopeless).map((lane) => lane.id) : [];
}
