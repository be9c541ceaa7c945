import { NO_LINK, type WingmanStatus } from '../shared/status.js';
import type { P2pClient } from './p2p-client.js';
import type { TunnelClient } from './tunnel-client.js';

/** What `window.wingman.status()` resolves to. */
export async function statusOf(
  tunnel: TunnelClient | undefined,
  p2p: P2pClient | undefined,
): Promise<WingmanStatus> {
  const status = (await tunnel?.status()) ?? NO_LINK;
  const { mode, rttMs, link, bytes, switches, relayConnected, directConnected } = status;
  const candidatePair = (await p2p?.candidatePair()) ?? null;
  const webrtcConnections = p2p?.connectionCount ?? 0;
  return {
    ...{ mode, rttMs, link, bytes, candidatePair, switches },
    ...{ relayConnected, directConnected, webrtcConnections },
  };
}
