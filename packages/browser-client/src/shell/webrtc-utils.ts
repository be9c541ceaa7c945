import { LIMITS, within, type ChannelWay, type IceServer } from '@wingman/protocol';
import { BROWSER_LIMITS } from '../shared/limits.js';
import type { PumpToShell, PumpToWorker } from '../shared/worker-messages.js';
import type { CandidatePair } from '../shared/status.js';

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

/** Both ends of the pair in use; null when no pair is in use, or when the browser does not tell it. */
export async function pairOf(
  peer: Pick<RTCPeerConnection, 'getStats'>,
): Promise<CandidatePair | null> {
  // Firefox never answers when the connection is closed while it is asked.
  const report = await within(peer.getStats(), BROWSER_LIMITS.statusAnswerMs);
  return report === undefined
    ? null
    : selectedPair((report as unknown as Map<string, never>).values());
}

/** Whether a pair goes by a TURN server, at either end. */
export function wayOf({ local, remote }: CandidatePair): ChannelWay {
  return [local, remote].some((end) => end.startsWith('relay ')) ? 'turn' : 'p2p';
}

/** Both ends of the pair in use, by the entries of `getStats()`. */
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

/** Carries a data channel's messages to and from a port, where the engine can't transfer the channel itself. */
export function pumpChannel(channel: RTCDataChannel): MessagePort {
  const { port1, port2 } = new MessageChannel();
  const post = (message: PumpToWorker, transfer: Transferable[] = []): void =>
    port1.postMessage(message, transfer);
  let unreported = 0;
  const report = (): void => {
    if (unreported > 0) post({ kind: 'sent', bytes: unreported });
    unreported = 0;
  };
  channel.binaryType = 'arraybuffer';
  channel.bufferedAmountLowThreshold = LIMITS.carrierLowWaterBytes;
  channel.onopen = () => post({ kind: 'open' });
  channel.onclose = () => post({ kind: 'closed' });
  channel.onbufferedamountlow = report;
  channel.onmessage = ({ data }: MessageEvent<unknown>) => {
    if (data instanceof ArrayBuffer) post({ kind: 'message', bytes: data }, [data]);
  };
  port1.onmessage = ({ data }: MessageEvent<PumpToShell>) => {
    if (data.kind === 'close') return channel.close();
    if (!trySend(channel, data.bytes)) return channel.close();
    unreported += data.bytes.byteLength;
    if (channel.bufferedAmount <= LIMITS.carrierLowWaterBytes) report();
  };
  return port2;
}

function trySend(channel: RTCDataChannel, bytes: Uint8Array): boolean {
  try {
    channel.send(bytes as Uint8Array<ArrayBuffer>);
    return true;
  } catch {
    return false;
  }
}
