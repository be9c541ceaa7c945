import type { Clock } from '../clock.js';
import type { WingmanError } from '../errors.js';
import type { LaneKind, LaneQuality } from './lane-evidence.js';
import type { PathHistory } from './path-history.js';
import type { Choice } from './path-policy.js';

/** waiting: no usable carrier. open: at least one. closed: for good. */
export type LinkState = 'waiting' | 'open' | 'closed';

/** What carries the link now. */
export type Path = LaneKind | 'offline';

/** look: the monitor has looked at all lanes. It looks again and again while something is under way. */
export type LinkEvent = 'state' | 'path' | 'attachment' | 'look';

export interface LinkOptions {
  /** 32 lower-case hex characters, chosen by the opener. */
  id: string;
  role: 'initiator' | 'acceptor';
  clock?: Clock;
  /** How long the link waits for a carrier, in milliseconds. */
  graceMs?: number;
  /** Which path the opener prefers. Without a preference the link stays where `use` has put it. */
  preference?: Choice;
  /**
   * Whether somebody wants to know at any time whether the peer is there: yes when it isn't said. A link that nobody
   * watches and that has nothing to do asks the peer the more rarely the longer this lasts.
   */
  isWatched?: boolean;
  /** What earlier links of the same tab have learnt about the direct path. */
  history?: PathHistory;
}

export interface AttachOptions {
  /** Whether the carrier joins the others of its kind. Otherwise the carrier replaces them once it is ready. */
  joins?: boolean;
  /** Whether frames from here leave out the others of its kind, as long as a carrier like this is good. */
  isPreferred?: boolean;
}

/** How a numbered frame goes out. */
export interface SendOptions {
  /** Whether the frame may leave before the peer's first ATTACH. */
  isEarly?: boolean;
  /** The number of the frame that this one has to follow, FOLLOWS_NONE if none; without it all that were sent before. */
  follows?: number | undefined;
}

/** The callbacks of the layer above a link. */
export interface LinkHandlers {
  /**
   * Takes the next frame: each once, and in order but for unordered ones that overtake others. An error that is thrown here
   * closes the link.
   */
  frame(payload: Uint8Array, isOvertaking: boolean): void;
  writable(): void;
  closed(error: WingmanError): void;
  /** Whether something is owed to this layer, so that the end of the peer should be noticed soon. */
  isNeeded?(): boolean;
}

export interface ByteCount {
  in: number;
  out: number;
}

export interface LinkStats {
  id: string;
  state: LinkState;
  path: Path;
  /** How often the path has changed from one carrier to another. */
  switches: number;
  bytes: Record<LaneKind, ByteCount>;
  rttMs: Record<LaneKind, number | null>;
  /** How many lanes of each kind are good. */
  lanes: Record<LaneKind, number>;
  /** Null for a kind that is not attached. */
  quality: Record<LaneKind, LaneQuality | null>;
  unackedBytes: number;
  unackedFrames: number;
  heldBytes: number;
  duplicates: number;
}
