import {
  P2pFailure,
  type ConnectionState,
  type PathFault,
  type TransitionTable,
} from '@wingman/protocol';

/**
 * idle: nothing to do yet. asking: the host has been asked. offering: descriptions and candidates
 * are exchanged. proving: the channel is open, the key not proved. connected: it carries, or is asked
 * for a sign of life. resting: until the next attempt. off: not possible here, or not wanted.
 *
 * A path that is silent gets a successor: the client asks anew and keeps the old path meanwhile. It is `connected`
 * again with the successor, or with the old path when that one has recovered and the successor has failed.
 */
export type P2pState = 'idle' | 'asking' | 'offering' | 'proving' | 'connected' | 'resting' | 'off';

export const P2P_TRANSITIONS: TransitionTable<P2pState> = {
  idle: ['asking', 'off'],
  asking: ['offering', 'connected', 'resting', 'idle', 'off'],
  offering: ['proving', 'connected', 'resting', 'idle'],
  proving: ['connected', 'resting', 'idle'],
  connected: ['asking', 'resting', 'idle'],
  resting: ['asking', 'connected', 'idle', 'off'],
  off: ['idle'],
};

/** How the metrics call what kept an attempt from a direct path. */
export const P2P_FAILURES: Readonly<Record<PathFault, P2pFailure>> = {
  'no-answer': P2pFailure.NO_ANSWER,
  'no-candidates': P2pFailure.NO_CANDIDATES,
  'viewer-udp': P2pFailure.VIEWER_UDP,
  'host-udp': P2pFailure.HOST_UDP,
  udp: P2pFailure.UDP,
  nat: P2pFailure.NAT,
  dtls: P2pFailure.DTLS,
  lan: P2pFailure.LAN,
  turn: P2pFailure.TURN,
};

/** What the server is told beside an event. */
export type ReportDetails = Partial<Pick<ConnectionState, 'setupMs' | 'isTurn' | 'failure'>>;
