import type { LinkStatus } from '../shared/status.js';

/**
 * What the pill can say. offline: what is under way waits. lost: it has ended, for the connection was
 * away for too long. ingress: the way through the server, which can read it.
 */
export type PillKind = 'direct' | 'relayed' | 'offline' | 'lost' | 'ingress';

export const PILL_LABELS: Readonly<Record<PillKind, string>> = {
  direct: 'Direct',
  relayed: 'Relayed',
  offline: 'Offline',
  lost: 'Connection lost',
  ingress: 'Through the server, readable by it',
};

export const PILL_EXPLANATIONS: Readonly<Record<PillKind, string>> = {
  direct: 'Straight to the developer’s machine, encrypted end to end.',
  relayed: 'By way of the server, encrypted end to end: the server can’t read it.',
  offline:
    'No connection to the developer’s machine right now. What is under way waits for it, a minute as a rule.',
  lost: 'The connection was away for too long, or wingman was restarted. What was under way has ended with an error. Trying again…',
  ingress: 'By way of the server, which can read what passes.',
};

export function pillKind(status: LinkStatus, isIngress: boolean): PillKind {
  if (isIngress) return 'ingress';
  if (status.mode === 'p2p') return 'direct';
  if (status.mode === 'relay') return 'relayed';
  return status.hasLost ? 'lost' : 'offline';
}

/** A round trip for people. */
export function formatRtt(milliseconds: number | null): string {
  if (milliseconds === null) return '–';
  return milliseconds < 10 ? `${milliseconds.toFixed(1)} ms` : `${Math.round(milliseconds)} ms`;
}
