import type { Binding, Carrier, ChannelWay } from '@wingman/protocol';

/** The engines this host can use, in order of preference. */
export const ENGINE_NAMES = ['node-datachannel', 'wrtc'] as const;
export type EngineName = (typeof ENGINE_NAMES)[number];

/** Where to ask for one's public address, or to be relayed (RFC 8489, RFC 8656). */
export interface IceServerAddress {
  readonly urls: readonly string[];
  readonly username: string;
  readonly credential: string;
}

/** One trickled candidate (RFC 8839 section 5.1), without the `a=` of an SDP line. */
export interface Candidate {
  readonly candidate: string;
  readonly mid: string;
}

/** What a peer tells its owner. */
export interface PeerHandlers {
  candidate(candidate: Candidate): void;
  /** The data channel is open. The peer lives exactly as long as this carrier. */
  channel(carrier: Carrier): void;
  /** The peer has ended: ICE failed, or its channel was closed, by the other side or here. Told once. */
  closed(reason: string): void;
}

/** One peer connection with one ordered, reliable data channel. */
export interface Peer {
  /** Makes the data channel and an offer for it. Fails with HANDSHAKE_FAILED. */
  createOffer(): Promise<string>;
  /** Takes an offer and returns the answer. Fails with HANDSHAKE_FAILED. */
  acceptOffer(sdp: string): Promise<string>;
  /** Takes the answer to our offer. Fails with HANDSHAKE_FAILED. */
  acceptAnswer(sdp: string): Promise<void>;
  /** Adds a candidate of the other side; one that comes before its description is kept. Never throws. */
  addCandidate(candidate: Candidate): void;
  /** Both DTLS fingerprints, known once both descriptions are. Fails with HANDSHAKE_FAILED before. */
  binding(): Binding;
  /** Whether ICE has found a pair of addresses between which packets pass. */
  isConnected(): boolean;
  /** Which way ICE has found, or has found now; p2p while none is known. Never fails. */
  way(): Promise<ChannelWay>;
  /** Idempotent; `closed` isn't told, as the owner knows. */
  close(): void;
}

/** A WebRTC implementation. */
export interface PeerEngine {
  readonly name: EngineName;
  createPeer(iceServers: readonly IceServerAddress[], handlers: PeerHandlers): Peer;
}

/** The data channel's label, the same in the browser. */
export const CHANNEL_LABEL = 'wingman';
