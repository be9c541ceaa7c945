import {
  authenticate,
  deriveAdmissionKey,
  offerPayload,
  requestPayload,
  systemClock,
  type ChannelWay,
  type Clock,
  type LinkKey,
  type OfferClaim,
} from '@wingman/protocol';
import type { Fingerprints } from '../shared/worker-messages.js';
import type { OutgoingMessage } from './signaling.js';
import type { TunnelClient } from './tunnel-client.js';
import { peerFactory } from './webrtc-utils.js';

/** What the direct path's client needs of the world around it. */
export interface P2pWorld {
  clock: Clock;
  random?: () => number;
  /** Undefined where the browser has no WebRTC. */
  createPeer: ((configuration: RTCConfiguration) => RTCPeerConnection) | undefined;
  /** Shows the host that this tab has the link key. */
  prove: AdmissionProofs;
  /** Sends by signaling; the result is false when signaling is not connected. */
  signal: (message: OutgoingMessage) => boolean;
  /** Hands the channel to the worker, in the task that has created it. */
  giveChannel: (attempt: number, channel: RTCDataChannel) => void;
  giveFingerprints: (attempt: number, fingerprints: Fingerprints) => void;
  /** Says which way the channel goes; the worker waits for it before it uses the channel. */
  giveWay: (attempt: number, way: ChannelWay) => void;
  endChannel: (attempt: number) => void;
  /** Says whether the relay is to be spared on this tab's present link. */
  spareRelay: (isSpared: boolean) => void;
  /** The server's default for p2pTimeoutMs. */
  timeoutMs: number;
}

/** Proofs of the link key (SPEC section 4.5). */
interface AdmissionProofs {
  request(linkId: string): Promise<Uint8Array>;
  offer(claim: OfferClaim, nonce: Uint8Array): Promise<Uint8Array>;
}

/** The direct path of a tunnel: channels and fingerprints go to its worker. */
export function p2pWorld(
  tunnel: TunnelClient,
  key: LinkKey,
  signal: P2pWorld['signal'],
  timeoutMs: number,
): P2pWorld {
  return {
    clock: systemClock,
    createPeer: peerFactory(),
    prove: admissionProofs(key),
    signal,
    giveChannel: (attempt, channel) => tunnel.giveChannel(attempt, channel),
    giveFingerprints: (attempt, fingerprints) => tunnel.giveFingerprints(attempt, fingerprints),
    giveWay: (attempt, way) => tunnel.giveWay(attempt, way),
    endChannel: (attempt) => tunnel.endChannel(attempt),
    spareRelay: (isSpared) => tunnel.spareRelay(isSpared),
    timeoutMs,
  };
}

function admissionProofs(linkKey: LinkKey): AdmissionProofs {
  const key = deriveAdmissionKey(linkKey);
  return {
    request: async (linkId) => authenticate(await key, requestPayload(linkId)),
    offer: async (claim, nonce) => authenticate(await key, offerPayload(claim, nonce)),
  };
}
