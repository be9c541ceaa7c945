import type { IceServer } from '@wingman/protocol';
import { BROWSER_LIMITS } from '../shared/limits.js';
import type { CandidatePair } from '../shared/status.js';
import { within } from '@wingman/protocol';

/** The server's ICE servers in the browser's form. */
export function toRtcIceServers(servers: readonly IceServer[]): RTCIceServer[] {
  return servers
    .filter(({ urls }) => urls.length > 0)
    .map(({ urls, username, credential }) =>
      username === '' ? { urls: [...urls] } : { urls: [...urls], username, credential },
    );
}

/** The fields of the statistics that are read; see the WebRTC statistics standard. */
interface StatsEntry {
  id: string;
  type: string;
  selectedCandidatePairId?: string;
  localCandidateId?: string;
  remoteCandidateId?: string;
  nominated?: boolean;
  state?: string;
  candidateType?: string;
  address?: string;
  ip?: string;
  port?: number;
  protocol?: string;
}

/** Both ends of the pair in use; null when none is, or the browser keeps it to itself. */
export async function pairOf(
  peer: Pick<RTCPeerConnection, 'getStats'>,
): Promise<CandidatePair | null> {
  // Firefox never answers when the connection is closed meanwhile.
  const report = await within(peer.getStats(), BROWSER_LIMITS.statusAnswerMs);
  return report === undefined
    ? null
    : selectedPair((report as unknown as Map<string, never>).values());
}

/** The same from what `getStats()` has said. */
export function selectedPair(report: Iterable<StatsEntry>): CandidatePair | null {
  const entries = new Map([...report].map((entry) => [entry.id, entry]));
  const pair = findPair([...entries.values()], entries);
  const local = entries.get(pair?.localCandidateId ?? '');
  const remote = entries.get(pair?.remoteCandidateId ?? '');
  if (local === undefined || remote === undefined) return null;
  return { local: describe(local), remote: describe(remote) };
}

function findPair(
  all: readonly StatsEntry[],
  entries: ReadonlyMap<string, StatsEntry>,
): StatsEntry | undefined {
  const transport = all.find(
    ({ selectedCandidatePairId }) => selectedCandidatePairId !== undefined,
  );
  if (transport !== undefined) return entries.get(transport.selectedCandidatePairId ?? '');
  // Firefox names no selected pair on the transport.
  return all.find(
    ({ type, nominated, state }) =>
      type === 'candidate-pair' && nominated === true && state === 'succeeded',
  );
}

function describe({ candidateType, address, ip, port, protocol }: StatsEntry): string {
  // Browsers hide the address of candidates that pages must not learn.
  const host = address ?? ip ?? '';
  const place = host === '' ? 'hidden' : host.includes(':') ? `[${host}]` : host;
  return [
    candidateType ?? 'unknown',
    port === undefined ? place : `${place}:${port}`,
    protocol ?? '',
  ]
    .join(' ')
    .trim();
}

/** Makes peer connections; undefined where the browser has no WebRTC. */
export function peerFactory():
  ((configuration: RTCConfiguration) => RTCPeerConnection) | undefined {
  if (typeof RTCPeerConnection === 'undefined') return undefined;
  return (configuration) => new RTCPeerConnection(configuration);
}
