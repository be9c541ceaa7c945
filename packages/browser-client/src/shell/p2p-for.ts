import {
  authenticate,
  deriveAdmissionKey,
  offerPayload,
  requestPayload,
  systemClock,
} from '@wingman/protocol';
import { P2pClient } from './p2p-client.js';
import type { AdmissionProofs, P2pWorld } from './p2p-world.js';
import type { TunnelClient } from './tunnel-client.js';
import { peerFactory } from './webrtc-utils.js';

type Signal = P2pWorld['signal'];

/** The direct path of a tunnel: channels and fingerprints go to its worker. */
export function p2pFor(
  tunnel: TunnelClient,
  key: Uint8Array,
  signal: Signal,
  timeoutMs: number,
): P2pClient {
  return new P2pClient({
    clock: systemClock,
    createPeer: peerFactory(),
    prove: admissionProofs(key),
    signal,
    giveChannel: (attempt, channel) => tunnel.giveChannel(attempt, channel),
    giveFingerprints: (attempt, fingerprints) => tunnel.giveFingerprints(attempt, fingerprints),
    endChannel: (attempt) => tunnel.endChannel(attempt),
    timeoutMs,
  });
}

function admissionProofs(linkKey: Uint8Array): AdmissionProofs {
  const key = deriveAdmissionKey(linkKey);
  return {
    request: async (linkId) => authenticate(await key, requestPayload(linkId)),
    offer: async (claim, nonce) => authenticate(await key, offerPayload(claim, nonce)),
  };
}
