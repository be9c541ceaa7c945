import type { Preference } from '@wingman/protocol';

export type { Preference };

/** Bytes of one path, as seen by this tab. */
interface ByteCount {
  in: number;
  out: number;
}

/** turn: the data channel goes by a TURN server. */
type PathMode = 'p2p' | 'turn' | 'relay' | 'offline';

/** What `window.wingman.status()` resolves to. */
export interface WingmanStatus {
  mode: PathMode;
  /** The usual round trip of the path in use: the median of the last answers, in milliseconds. */
  rttMs: number | null;
  link: { id: string; state: string };
  bytes: { p2p: ByteCount; turn: ByteCount; relay: ByteCount };
  candidatePair: CandidatePair | null;
  /** How often the path has changed. */
  switches: number;
  relayConnected: boolean;
  /** Whether the data channel could carry at once, in use or not, directly or by TURN. */
  directConnected: boolean;
  /** Live RTCPeerConnections of this tab. */
  webrtcConnections: number;
}

/** Addresses and types of both ends of the direct path, e.g. `host 192.0.2.7:50123 udp`. */
export interface CandidatePair {
  local: string;
  remote: string;
}

/** What the tunnel worker knows of the status. */
export type LinkStatus = Pick<
  WingmanStatus,
  'mode' | 'rttMs' | 'link' | 'bytes' | 'switches' | 'relayConnected' | 'directConnected'
> & {
  rtt: { p2p: number | null; turn: number | null; relay: number | null };
  preference: Preference;
  /** The relay carries only what no direct path can: nobody can prefer it. */
  sparesRelay: boolean;
  /** A link has ended with what was under way on it, and its successor has not been up yet. */
  hasLost: boolean;
  /** Requests that have no answer yet. */
  unanswered: number;
};

/** The status before the tunnel worker has said anything. */
export const NO_LINK: LinkStatus = {
  mode: 'offline',
  rttMs: null,
  link: { id: '', state: 'waiting' },
  bytes: { p2p: { in: 0, out: 0 }, turn: { in: 0, out: 0 }, relay: { in: 0, out: 0 } },
  switches: 0,
  relayConnected: false,
  directConnected: false,
  rtt: { p2p: null, turn: null, relay: null },
  preference: 'auto',
  sparesRelay: false,
  hasLost: false,
  unanswered: 0,
};
