import type { IceServer } from '@wingman/protocol';
import { BROWSER_LIMITS } from '../shared/limits.js';
import type { LaneToShell } from '../shared/worker-messages.js';
import type { TunnelClient } from './tunnel-client.js';
import { peerFactory, toRtcIceServers } from './webrtc-utils.js';

/** A peer connection of a further lane, and the candidates that came before its answer. */
interface LanePeer {
  readonly peer: RTCPeerConnection;
  readonly early: RTCIceCandidateInit[];
}

/**
 * The peer connections of further lanes. The tunnel worker decides how many there are and negotiates them, but only a
 * page can make one.
 */
export class LanePeers {
  readonly #peers = new Map<number, LanePeer>();
  #iceServers: readonly IceServer[] = [];

  constructor(
    private readonly tunnel: Pick<TunnelClient, 'giveLane' | 'tellLane'>,
    private readonly create = peerFactory(),
  ) {}

  /** Live peer connections. */
  get count(): number {
    return this.#peers.size;
  }

  /** The STUN servers of the first lane serve all. By TURN a further lane would only share the server's path. */
  use(iceServers: readonly IceServer[]): void {
    this.#iceServers = iceServers.filter(({ urls }) => urls.every((url) => url.startsWith('stun')));
  }

  /** Does what the worker asks for. */
  handle(lane: number, step: LaneToShell): void {
    switch (step.type) {
      case 'open':
        return this.#open(lane);
      case 'answer':
        return void this.#answered(lane, step.sdp);
      case 'candidate':
        return this.#candidate(lane, { candidate: step.candidate, sdpMid: step.mid || '0' });
      case 'close':
        return this.#close(lane);
    }
  }

  /** The tab is going away, or its worker has ended. */
  close(): void {
    for (const lane of [...this.#peers.keys()]) this.#close(lane);
  }

  #open(lane: number): void {
    const peer = this.create?.({ iceServers: toRtcIceServers(this.#iceServers) });
    if (peer === undefined) return this.tunnel.tellLane(lane, { type: 'failed' });
    this.#peers.set(lane, { peer, early: [] });
    peer.onconnectionstatechange = () => {
      if (peer.connectionState === 'failed' || peer.connectionState === 'closed') this.#fail(lane);
    };
    this.tunnel.giveLane(lane, peer.createDataChannel('wingman', { ordered: true }));
    this.#offer(lane, peer).catch(() => this.#fail(lane));
  }

  async #offer(lane: number, peer: RTCPeerConnection): Promise<void> {
    const offer = await peer.createOffer();
    peer.onicecandidate = ({ candidate }) => {
      const { candidate: line = '', sdpMid } = candidate ?? {};
      this.tunnel.tellLane(lane, { type: 'candidate', candidate: line, mid: sdpMid ?? '' });
    };
    // The worker has the offer before the first candidate, which is gathered only from here on.
    this.tunnel.tellLane(lane, { type: 'offer', sdp: offer.sdp ?? '' });
    await peer.setLocalDescription(offer);
  }

  async #answered(lane: number, sdp: string): Promise<void> {
    const known = this.#peers.get(lane);
    if (known === undefined) return;
    const { peer, early } = known;
    try {
      await peer.setRemoteDescription({ type: 'answer', sdp });
    } catch {
      return this.#fail(lane);
    }
    for (const candidate of early.splice(0)) void addCandidate(peer, candidate);
  }

  #candidate(lane: number, candidate: RTCIceCandidateInit): void {
    const { peer, early } = this.#peers.get(lane) ?? {};
    if (candidate.candidate === '' || peer === undefined) return;
    if (peer.remoteDescription !== null) void addCandidate(peer, candidate);
    else if (early !== undefined && early.length < BROWSER_LIMITS.maxCandidates)
      early.push(candidate);
  }

  #fail(lane: number): void {
    if (!this.#peers.has(lane)) return;
    this.#close(lane);
    this.tunnel.tellLane(lane, { type: 'failed' });
  }

  #close(lane: number): void {
    const known = this.#peers.get(lane);
    if (known === undefined) return;
    this.#peers.delete(lane);
    known.peer.onconnectionstatechange = null;
    known.peer.onicecandidate = null;
    known.peer.close();
  }
}

/** A candidate that the engine does not understand is skipped. */
function addCandidate(peer: RTCPeerConnection, candidate: RTCIceCandidateInit): Promise<void> {
  return peer.addIceCandidate(candidate).catch(() => undefined);
}
