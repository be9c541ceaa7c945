/** Which way a carrier goes: directly from end to end, by a TURN server, or by the relay. An ingress carrier counts as relay. */
export type LaneKind = 'p2p' | 'turn' | 'relay';
/** The ways of a data channel. ICE may change from one way to the other while the channel lives. */
export type ChannelWay = Exclude<LaneKind, 'relay'>;

/**
 * attaching: our ATTACH is sent, and the peer's has not come. The peer's ATTACH decides what is sent here.
 * ready: frames may be sent. suspect: silent for too long. dead: closed, never used again.
 */
export type LaneState = 'attaching' | 'ready' | 'suspect' | 'dead';

/** What other layers may see of a lane. */
export interface Attachment {
  /** The number of the lane. A link counts its lanes in the order in which they were attached. */
  readonly id: number;
  readonly kind: LaneKind;
  readonly state: LaneState;
  /** The usual round trip in milliseconds; null before the first answer. */
  readonly rttMs: number | null;
  /** Whether the peer has answered on this lane and the lane is not suspected. */
  readonly isGood: boolean;
}

/** How well a lane has carried, measured in use. */
export interface LaneQuality {
  /** The usual round trip and the lowest so far, in milliseconds; null before the first answer. */
  readonly rttMs: number | null;
  readonly baseRttMs: number | null;
  /** How long an answer takes now, in milliseconds: the last answer, or the awaited one when that takes longer. */
  readonly waitMs: number;
  /** The highest rate of the last seconds, in bytes a second; null when too little time has passed. */
  readonly inPerSecond: number | null;
  readonly outPerSecond: number | null;
  /** How often the lane has been suspected. */
  readonly stalls: number;
}

/** Everything that is known about a lane now; times in milliseconds. */
export interface LaneEvidence extends LaneQuality {
  readonly id: number;
  readonly kind: LaneKind;
  readonly state: LaneState;
  /** Time since the lane entered that state. */
  readonly stateMs: number;
  /** The round trip that the fastest quarter of the answers kept within; null before the first answer. */
  readonly goodRttMs: number | null;
  /** Time since the last message of any kind, and how often the monitor has looked since then. */
  readonly silentMs: number;
  readonly quietLooks: number;
  /** Time since the last ping, and since the oldest unanswered ping; the latter is 0 when every ping is answered. */
  readonly pingedMs: number;
  readonly unansweredMs: number;
  /** Time between the peer's own questions, as far as it keeps to it; Infinity while it has asked less than twice. */
  readonly rhythmMs: number;
  /** Time since the peer last proved that it hears us on this lane, and how often the monitor has looked since then. */
  readonly unprovenMs: number;
  readonly unprovenLooks: number;
  /** Bytes that have come since the oldest unanswered ping. */
  readonly bytesSincePing: number;
  /** Whether a sign from outside suggests that the carrier is dead, and nothing has come since that sign. */
  readonly isDoubted: boolean;
  /** Whether the peer sends on another lane, perhaps because the peer hears nothing on this one. */
  readonly isLeft: boolean;
}
