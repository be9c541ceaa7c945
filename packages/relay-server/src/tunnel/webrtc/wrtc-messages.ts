import type { Candidate, IceServerAddress } from './engine.js';

/** What is asked of a peer and answered; each returns a description, a way, or nothing. */
export type PeerCall = 'createOffer' | 'acceptOffer' | 'acceptAnswer' | 'way';

/** From the host to its engine's process, about the peer of that number. */
export type PeerRequest = { readonly peer: number } & (
  | { readonly type: 'create'; readonly iceServers: readonly IceServerAddress[] }
  | {
      readonly type: 'call';
      readonly call: number;
      readonly method: PeerCall;
      readonly sdp: string;
    }
  | { readonly type: 'candidate'; readonly candidate: Candidate }
  | { readonly type: 'data'; readonly data: Uint8Array }
  | { readonly type: 'close' }
);

export type ToEngine = PeerRequest | { readonly type: 'ping' };

/** What becomes of a peer, as its engine's process tells it. */
export type PeerNews =
  | { readonly type: 'answered'; readonly call: number; readonly value: string }
  | { readonly type: 'refused'; readonly call: number; readonly reason: string }
  | { readonly type: 'candidate'; readonly candidate: Candidate }
  | { readonly type: 'connected'; readonly isConnected: boolean }
  | { readonly type: 'open' }
  | { readonly type: 'data'; readonly data: Uint8Array }
  /** So many bytes more have found room in the data channel. */
  | { readonly type: 'taken'; readonly bytes: number }
  | { readonly type: 'closed'; readonly reason: string };

/** From the engine's process to the host. */
export type FromEngine =
  | { readonly type: 'loaded' }
  | { readonly type: 'pong' }
  | { readonly type: 'failed'; readonly reason: string }
  | ({ readonly peer: number } & PeerNews);
