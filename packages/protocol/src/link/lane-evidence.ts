/** Which way a carrier goes; an ingress carrier counts as relay. */
export type LaneKind = 'p2p' | 'relay';

/**
 * attaching: our ATTACH is sent, the peer's has not come, and what it says decides what is sent here.
 * ready: frames may be sent. suspect: silent for too long. dead: closed, never used again.
 */
export type LaneState = 'attaching' | 'ready' | 'suspect' | 'dead';

/** What an outsider may see of a lane. */
export interface Attachment {
  /** Its number among the lanes of its link, in the order in which they were attached. */
  readonly id: number;
  readonly kind: LaneKind;
  readonly state: LaneState;
  /** The usual round trip in milliseconds; null before the first answer. */
  readonly rttMs: number | null;
  /** The peer has answered on it, and it is not suspected. */
  readonly isGood: boolean;
}

/** How well a lane has carried, measured in use. */
export interface LaneQuality {
  /** The usual round trip and the lowest so far, in milliseconds; null before the first answer. */
  readonly rttMs: number | null;
  readonly baseRttMs: number | null;
  /** What an answer takes now, in milliseconds: the last one, or the one still awaited when that is longer. */
  readonly waitMs: number;
  /** The best of the last seconds, in bytes a second; null when too little has passed. */
  readonly inPerSecond: number | null;
  readonly outPerSecond: number | null;
  /** How often it has been suspected. */
  readonly stalls: number;
}

/** Everything a lane shows about itself, up to now; times in milliseconds. */
export interface LaneEvidence extends LaneQuality {
  readonly id: number;
  readonly kind: LaneKind;
  readonly state: LaneState;
  /** Since it entered that state. */
  readonly stateMs: number;
  /** A quarter of the answers took no longer; null before the first answer. */
  readonly goodRttMs: number | null;
  /** Since the last message of any kind, and the looks since then. */
  readonly silentMs: number;
  readonly quietLooks: number;
  /** Since the last ping, and since the oldest ping without an answer; the latter is 0 when none is out. */
  readonly pingedMs: number;
  readonly unansweredMs: number;
  /** Since the peer last showed that it gets what is sent here, and the looks since then. */
  readonly unprovenMs: number;
  readonly unprovenLooks: number;
  /** Bytes that have come since the oldest ping without an answer. */
  readonly bytesSincePing: number;
  /** Something outside suggests that the carrier is dead, and nothing has come since. */
  readonly isDoubted: boolean;
  /** The peer sends on another lane, perhaps because it hears nothing here. */
  readonly isLeft: boolean;
}
