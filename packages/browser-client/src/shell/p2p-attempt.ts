import {
  IceCandidate,
  Offer,
  P2pFailure,
  create,
  deferred,
  fingerprintOf,
  pathFault,
  type Answer,
  type ChannelWay,
  type ConnectionAccept,
  type PathFault,
  type Timer,
} from '@wingman/protocol';
import { BROWSER_LIMITS } from '../shared/limits.js';
import type { CandidatePair } from '../shared/status.js';
import type { P2pWorld } from './p2p-world.js';
import { pairOf, wayOf } from './webrtc-utils.js';

export interface P2pAttemptOptions {
  readonly linkId: string;
  /** Counts the tab's attempts. */
  readonly number: number;
  readonly peer: RTCPeerConnection;
  readonly world: P2pWorld;
  /** The attempt has failed, or what it had made is lost. */
  readonly failed: (failure: P2pFailure) => void;
  /** ICE hears nothing for now. */
  readonly silent: () => void;
}

/** One attempt at a direct path, from its first candidate to its end. It may begin before the host has accepted. */
export class P2pAttempt {
  readonly number: number;
  readonly #options: P2pAttemptOptions;
  /** When it began, and when the host had accepted it. */
  readonly startedAt: number;
  #acceptedAt = 0;
  #deadline: Timer | undefined;
  /** Candidates that came before the answer. */
  readonly #early: RTCIceCandidateInit[] = [];
  #hasAnswer = false;
  /** Candidates of both ends, for the case that none of them meet. */
  readonly seen: Record<'viewer' | 'host', string[]> = { viewer: [], host: [] };
  #way: ChannelWay | undefined;
  #lookedAt = -Infinity;
  /** What is offered. */
  #description: Promise<string> = Promise.resolve('');
  /** Settled when the offer has gone out. No candidate may go out before the offer. */
  readonly #offered = deferred<void>();
  #isClosed = false;

  constructor(options: P2pAttemptOptions) {
    this.#options = options;
    this.number = options.number;
    this.startedAt = options.world.clock.now();
  }

  get peer(): RTCPeerConnection {
    return this.#options.peer;
  }

  /** Makes the channel and the description, and gathers candidates. */
  start(): void {
    const { failed, number, peer, silent, world } = this.#options;
    peer.onicecandidate = ({ candidate }) => void this.#sendCandidate(candidate);
    peer.onconnectionstatechange = () => {
      const { connectionState: state } = peer;
      if (state === 'disconnected') silent();
      if (state === 'failed' || state === 'closed') failed(P2pFailure.ICE);
    };
    world.giveChannel(number, peer.createDataChannel('wingman', { ordered: true }));
    this.#description = this.#describe();
    this.#description.catch(() => failed(P2pFailure.ICE));
  }

  /** The host has accepted: the offer goes out, and what was gathered behind it. */
  accepted(accept: ConnectionAccept): void {
    const { failed, world } = this.#options;
    this.#acceptedAt = world.clock.now();
    const timeoutMs = accept.p2pTimeoutMs > 0 ? accept.p2pTimeoutMs : world.timeoutMs;
    this.#deadline = world.clock.setTimeout(() => failed(P2pFailure.TIMEOUT), timeoutMs);
    this.#offer(accept.nonce).then(
      () => this.#offered.resolve(),
      () => failed(P2pFailure.ICE),
    );
  }

  answered(answer: Answer): void {
    if (!this.#isOf(answer) || this.#hasAnswer) return;
    this.#hasAnswer = true;
    const { failed, number, peer, world } = this.#options;
    const local = fingerprintOf(peer.localDescription?.sdp ?? '');
    const remote = fingerprintOf(answer.sdp);
    if (local === undefined || remote === undefined) return failed(P2pFailure.HANDSHAKE);
    // The fingerprints come before the description, because the channel may open as soon as the description is set.
    world.giveFingerprints(number, { local, remote });
    peer
      .setRemoteDescription({ type: 'answer', sdp: answer.sdp })
      .then(() => Promise.all(this.#early.splice(0).map((early) => addCandidate(peer, early))))
      .catch(() => failed(P2pFailure.ICE));
  }

  candidate(message: IceCandidate): void {
    if (!this.#isOf(message) || message.candidate === '') return;
    this.#see('host', message.candidate);
    const { peer } = this.#options;
    const candidate = { candidate: message.candidate, sdpMid: message.sdpMid || '0' };
    if (peer.remoteDescription !== null) void addCandidate(peer, candidate);
    else if (this.#early.length < BROWSER_LIMITS.maxCandidates) this.#early.push(candidate);
  }

  /** The host has answered on the channel; tells how long that took since it accepted, in milliseconds. */
  connected(): number {
    this.#deadline?.cancel();
    return Math.max(0, Math.round(this.#options.world.clock.now() - this.#acceptedAt));
  }

  /** The addresses in use; null when the browser doesn't tell them. */
  pair(): Promise<CandidatePair | null> {
    return pairOf(this.#options.peer);
  }

  /** Tells the worker which way ICE has found, and again when it has found another one: looked for now and then. */
  async tellWay(): Promise<void> {
    const { number, world } = this.#options;
    const now = world.clock.now();
    if (now - this.#lookedAt < BROWSER_LIMITS.wayLookMs) return;
    this.#lookedAt = now;
    const pair = await this.pair();
    // A browser that doesn't tell the pair in use has a direct path, for all we know.
    const way = pair === null ? (this.#way ?? 'p2p') : wayOf(pair);
    if (way === this.#way || this.#isClosed) return;
    this.#way = way;
    world.giveWay(number, way);
  }

  /** Why the attempt has led nowhere, as far as the candidates of both ends tell. */
  get fault(): PathFault {
    const { peer } = this.#options;
    const isConnected = ['connected', 'completed'].includes(peer.iceConnectionState);
    const isStun = (url: string): boolean => /^(stun|turn)s?:/.test(url);
    const { iceServers = [] } = peer.getConfiguration();
    const hasStun = iceServers.some(({ urls }) => [urls].flat().some(isStun));
    return pathFault({ ...this.seen, isAnswered: this.#hasAnswer, isConnected, hasStun });
  }

  /** Whether the path goes by a TURN server, as far as is known. */
  get isTurn(): boolean {
    return this.#way === 'turn';
  }

  close(): void {
    const { number, peer, world } = this.#options;
    this.#isClosed = true;
    this.#deadline?.cancel();
    peer.onconnectionstatechange = null;
    peer.onicecandidate = null;
    world.endChannel(number);
    peer.close();
  }

  async #describe(): Promise<string> {
    const { peer } = this.#options;
    const offer = await peer.createOffer();
    await peer.setLocalDescription(offer);
    // Candidates that are there already follow one by one, as all do: both ends and the server count them.
    return offer.sdp ?? '';
  }

  async #offer(nonce: Uint8Array): Promise<void> {
    const { linkId, number, world } = this.#options;
    const claim = { linkId, attempt: number, sdp: await this.#description };
    const proof = await world.prove.offer(claim, nonce);
    if (this.#isClosed) return;
    world.signal({ $case: 'offer', value: create(Offer, { ...claim, proof }) });
  }

  async #sendCandidate(candidate: RTCIceCandidate | null): Promise<void> {
    await this.#offered.promise;
    if (this.#isClosed) return;
    const { linkId, number: attempt, world } = this.#options;
    const [line, sdpMid] = [candidate?.candidate ?? '', candidate?.sdpMid ?? ''];
    this.#see('viewer', line);
    const value = create(IceCandidate, { linkId, attempt, candidate: line, sdpMid });
    world.signal({ $case: 'iceCandidate', value });
  }

  #see(end: 'viewer' | 'host', candidate: string): void {
    const isKept = candidate !== '' && this.seen[end].length < BROWSER_LIMITS.maxCandidates;
    if (isKept) this.seen[end].push(candidate);
  }

  #isOf(message: { linkId: string; attempt: number }): boolean {
    return message.linkId === this.#options.linkId && message.attempt === this.number;
  }
}

/** Adds a candidate. A candidate that the engine does not understand is skipped. */
function addCandidate(peer: RTCPeerConnection, candidate: RTCIceCandidateInit): Promise<void> {
  return peer.addIceCandidate(candidate).catch(() => undefined);
}
