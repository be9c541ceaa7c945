import { SPEED_TARGET } from '@wingman/protocol';
import type { DiagnosisWorld, Tab } from '../../src/diagnostics/diagnosis.js';
import { NO_LINK, type LinkStatus, type Preference } from '../../src/shared/status.js';

const CANDIDATE = 'candidate:1 1 udp 2122 192.168.1.5 50000 typ host';
const PIECE_BYTES = 1_000;

/** A tab whose link moves at once, in front of a host that answers each request with a thousand bytes. */
export interface FakeTab {
  readonly tab: Tab;
  readonly world: DiagnosisWorld;
  /** Requests, each with the path that has carried it. */
  readonly asked: string[];
  readonly preferred: Preference[];
  readonly draws: unknown[];
  readonly whyNot: (words: string) => void;
  readonly endTunnel: () => void;
  /** The link has no other path. */
  readonly only: (path: 'p2p' | 'relay') => void;
  /** Every second request goes by the other path. */
  readonly wander: () => void;
  readonly refuse: () => void;
}

export function fakeTab(more: Partial<LinkStatus> = {}): FakeTab {
  let status: LinkStatus = {
    ...NO_LINK,
    ...{ mode: 'relay', link: { id: 'link-id', state: 'open' } },
    ...{ directConnected: true, relayConnected: true, ...more },
  };
  let [words, hasTunnel, isRefusing, isWandering, now] = ['', true, false, false, 0];
  let single: 'p2p' | 'relay' | undefined;
  const asked: string[] = [];
  const preferred: Preference[] = [];
  const carry = (path: 'p2p' | 'relay', end: 'in' | 'out'): void => {
    const bytes = { ...status.bytes[path] };
    bytes[end] += PIECE_BYTES;
    status = { ...status, bytes: { ...status.bytes, [path]: bytes } };
  };
  const last = {
    peer: { getStats: async () => [], getConfiguration: () => ({}) },
    seen: { viewer: [CANDIDATE], host: [] },
  };
  return {
    asked,
    preferred,
    draws: [],
    whyNot: (text) => (words = text),
    endTunnel: () => (hasTunnel = false),
    only: (path) => (single = path),
    wander: () => (isWandering = true),
    refuse: () => (isRefusing = true),
    tab: {
      get parts() {
        const tunnel = hasTunnel ? { status: async () => status } : undefined;
        return { tunnel, p2p: { whyNot: words === '' ? undefined : words, last } };
      },
      prefer(preference) {
        preferred.push(preference);
        const path = preference === 'p2p' ? 'p2p' : 'relay';
        if (single === undefined || single === path) status = { ...status, mode: path };
      },
    },
    world: {
      now: () => (now += 10),
      date: () => now,
      pause: async (milliseconds) => void (now += milliseconds),
      async fetch(target, { method }) {
        if (isRefusing) return new Response('Try again in 9 s.\n', { status: 429 });
        if (!target.startsWith(SPEED_TARGET)) throw new Error(`asked for ${target}`);
        const mode = status.mode === 'p2p' ? 'p2p' : 'relay';
        const other = mode === 'p2p' ? 'relay' : 'p2p';
        const path = isWandering && asked.length % 2 === 1 ? other : mode;
        asked.push(`${method} ${path}`);
        carry(path, method === 'GET' ? 'in' : 'out');
        if (method === 'GET') return new Response(new Uint8Array(PIECE_BYTES));
        return Response.json({ bytes: PIECE_BYTES, ms: 10 });
      },
    },
  };
}
