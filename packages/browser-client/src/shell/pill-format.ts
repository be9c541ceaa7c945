import type { LinkStatus } from '../shared/status.js';

/** The four things the pill can say; `ingress` is the way through the server, which can read it. */
export type PillKind = 'direct' | 'relayed' | 'offline' | 'ingress';

export const PILL_LABELS: Readonly<Record<PillKind, string>> = {
  direct: 'Direct',
  relayed: 'Relayed',
  offline: 'Offline',
  ingress: 'Through the server, readable by it',
};

export const PILL_EXPLANATIONS: Readonly<Record<PillKind, string>> = {
  direct: 'Straight to the developer’s machine, encrypted end to end.',
  relayed: 'By way of the server, encrypted end to end: the server can’t read it.',
  offline: 'No connection to the developer’s machine right now. Trying again…',
  ingress: 'By way of the server, which can read what passes.',
};

export function pillKind(status: LinkStatus, isIngress: boolean): PillKind {
  if (isIngress) return 'ingress';
  if (status.mode === 'p2p') return 'direct';
  return status.mode === 'relay' ? 'relayed' : 'offline';
}

/** A round trip for people. */
export function formatRtt(milliseconds: number | null): string {
  if (milliseconds === null) return '–';
  return milliseconds < 10 ? `${milliseconds.toFixed(1)} ms` : `${Math.round(milliseconds)} ms`;
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** A byte count for people. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1;
  return `${value.toFixed(digits)} ${UNITS[unit] ?? ''}`;
}
