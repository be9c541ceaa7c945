import {
  countStunServers,
  natKind,
  readCandidate,
  within,
  type NatKind,
  type OfferedAddress,
} from '@wingman/protocol';
import type { Diagnosed, DiagnosedAttempt } from '../shared/diagnosed.js';
import { DIAGNOSTICS_LIMITS } from './limits.js';

/** The two ends of a link: this browser, and the developer's machine. */
type End = 'viewer' | 'host';

/** What ICE knows, of the newest attempt at a direct path. */
export interface Sights {
  readonly whyNot: string | undefined;
  readonly candidates: readonly (OfferedAddress & { readonly end: End })[];
  readonly nat: Readonly<Record<End, NatKind>>;
  /** ICE's own questions on the pair in use, and how many were answered; null where the browser doesn't tell. */
  readonly checks: { readonly asked: number; readonly answered: number } | null;
}

/** Before there has been any attempt. */
export const NO_SIGHTS: Sights = {
  whyNot: undefined,
  candidates: [],
  nat: { viewer: 'unknown', host: 'unknown' },
  checks: null,
};

/** The fields of the statistics that are read; see the WebRTC statistics standard. */
interface StatsEntry {
  readonly id: string;
  readonly type: string;
  readonly nominated?: boolean;
  readonly state?: string;
  readonly localCandidateId?: string;
  readonly remoteCandidateId?: string;
  readonly candidateType?: string;
  readonly address?: string;
  readonly port?: number;
  readonly requestsSent?: number;
  readonly responsesReceived?: number;
}

/** Looks at the newest attempt at a direct path. */
export async function look({ p2p }: Diagnosed): Promise<Sights> {
  const { last } = p2p ?? {};
  if (p2p === undefined || last === undefined) return { ...NO_SIGHTS, whyNot: p2p?.whyNot };
  const entries = await entriesOf(last);
  const pair = entries.find(isInUse);
  const asked = (last.peer.getConfiguration().iceServers ?? []).flatMap(({ urls }) => urls);
  const stunServers = countStunServers(asked);
  const natOf = (end: End, id: string | undefined): NatKind =>
    natKind(last.seen[end], { stunServers, seenAt: seenAt(entries, id) });
  return {
    whyNot: p2p.whyNot,
    candidates: [...offered(last, 'viewer'), ...offered(last, 'host')],
    nat: {
      viewer: natOf('viewer', pair?.localCandidateId),
      host: natOf('host', pair?.remoteCandidateId),
    },
    checks: checksOf(pair),
  };
}

async function entriesOf({ peer }: DiagnosedAttempt): Promise<StatsEntry[]> {
  const entries: StatsEntry[] = [];
  const report = await within(peer.getStats(), DIAGNOSTICS_LIMITS.statsMs).catch(() => undefined);
  // The standard has each entry an RTCStats with these fields.
  report?.forEach((entry) => entries.push(entry as StatsEntry));
  return entries;
}

function isInUse({ type, nominated, state }: StatsEntry): boolean {
  return type === 'candidate-pair' && nominated === true && state === 'succeeded';
}

function offered({ seen }: DiagnosedAttempt, end: End): (OfferedAddress & { end: End })[] {
  return seen[end].flatMap((line) => {
    const read = readCandidate(line);
    return read === undefined ? [] : [{ ...read, end }];
  });
}

/** Where the other end sees this one, if no server has seen it there. */
function seenAt(entries: readonly StatsEntry[], id: string | undefined): string | undefined {
  const used = entries.find((entry) => entry.id === id);
  if (used?.candidateType !== 'prflx' || used.address === undefined) return undefined;
  return `${used.address}:${used.port ?? 0}`;
}

function checksOf(pair: StatsEntry | undefined): Sights['checks'] {
  const { requestsSent: asked, responsesReceived: answered } = pair ?? {};
  return asked === undefined || answered === undefined || asked === 0 ? null : { asked, answered };
}
