import type { Clock, OfferClaim } from '@wingman/protocol';
import type { Fingerprints } from '../shared/worker-messages.js';
import type { OutgoingMessage } from './signaling.js';

/** What the direct path's client needs of the world around it. */
export interface P2pWorld {
  clock: Clock;
  random?: () => number;
  /** Undefined where the browser has no WebRTC. */
  createPeer: ((configuration: RTCConfiguration) => RTCPeerConnection) | undefined;
  /** Shows the host that this tab has the link key. */
  prove: AdmissionProofs;
  /** False when not connected. */
  signal: (message: OutgoingMessage) => boolean;
  /** Hands the channel to the worker, in the task that has created it. */
  giveChannel: (attempt: number, channel: RTCDataChannel) => void;
  giveFingerprints: (attempt: number, fingerprints: Fingerprints) => void;
  endChannel: (attempt: number) => void;
  /** The server's default for p2pTimeoutMs. */
  timeoutMs: number;
}

/** Proofs of the link key (SPEC section 4.5). */
export interface AdmissionProofs {
  request(linkId: string): Promise<Uint8Array>;
  offer(claim: OfferClaim, nonce: Uint8Array): Promise<Uint8Array>;
}
