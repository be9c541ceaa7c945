import {
  Backoff,
  ConnectionRequest,
  ConnectionState,
  IceCandidate,
  Offer,
  P2pEvent,
  P2pFailure,
  StateMachine,
  create,
  fingerprintOf,
  type Answer,
  type ConnectionAccept,
  type Timer,
} from '@wingman/protocol';
import { BROWSER_LIMITS } from '../shared/limits.js';
import type { CandidatePair } from '../shared/status.js';
import type { P2pWorkerEvent } from '../shared/worker-messages.js';
import { P2P_TRANSITIONS, type P2pState } from './p2p-state.js';
import type { P2pWorld } from './p2p-world.js';
import type { ServerMessage } from './signaling.js';
import { pairOf, toRtcIceServers } from './webrtc-utils.js';

/** One attempt at a direct path, from the host's accept to its end. */
interface Attempt {
  number: number;
  peer: RTCPeerConnection;
  startedAt: number;
  deadline: Timer;
  /** Candidates that came before the answer. */
  early: RTCIceCandidateInit[];
  hasAnswer: boolean;
  /** The host's nonce, which the proof of the offer covers. */
  nonce: Uint8Array;
  /** Settled when the offer has gone out. No candidate may go out before the offer. */
  offered: Promise<void>;
}

/** Makes and keeps a direct path beside the relay. Nobody waits for this path, and nothing depends on it. */
export class P2pClient {
  readonly #world: P2pWorld;
  readonly #backoff: Backoff;
  readonly #machine = new StateMachine(P2P_TRANSITIONS, 'idle', () => this.#timer?.cancel());
  #linkId: string | undefined;
  #requestProof: Uint8Array | undefined;
  #attempt: Attempt | undefined;
  #attempts = 0;
  #timer: Timer | undefined;

  constructor(world: P2pWorld) {
    this.#world = world;
    const { p2pRetryMinMs, p2pRetryMaxMs } = BROWSER_LIMITS;
    this.#backoff = new Backoff(p2pRetryMinMs, p2pRetryMaxMs, world.random);
  }

  get state(): P2pState {
    return this.#machine.state;
  }

  /** Live peer connections: one or none. */
  get connectionCount(): number {
    return this.#attempt === undefined ? 0 : 1;
  }

  /** A new link has begun. The attempt that belonged to the old link ends. */
  setLink(linkId: string): void {
    this.#linkId = linkId;
    this.#requestProof = undefined;
    this.#dropAttempt();
    this.#machine.transition('idle');
    this.#backoff.reset();
    void this.#world.prove.request(linkId).then((proof) => {
      // Another link may have begun meanwhile.
      if (this.#linkId !== linkId) return;
      this.#requestProof = proof;
      this.signalingOpened();
    });
  }

  /** Signaling is connected: the server has to hear of this link, and the host may have been away. */
  signalingOpened(): void {
    if (this.#machine.state === 'connected') this.#request();
    else if (this.#attempt === undefined) this.retryNow();
  }

  /** Ends a rest: the network has changed, or somebody looks at the tab again. */
  retryNow(): void {
    if (this.#machine.state === 'resting' || this.#machine.state === 'asking')
      this.#machine.transition('idle');
    if (this.#machine.state === 'idle') this.#ask();
  }

  /** The host has come back. It may allow now what it refused before. */
  hostReturned(): void {
    if (this.#machine.state === 'off') this.#machine.transition('idle');
    this.#backoff.reset();
    this.retryNow();
  }

  handle(message: ServerMessage): void {
    switch (message?.$case) {
      case 'connectionAccept':
        if (message.value.linkId === this.#linkId) this.#accepted(message.value);
        return;
      case 'connectionReject':
        if (message.value.linkId === this.#linkId && this.#machine.state === 'asking') this.#rest();
        return;
      case 'answer':
        return this.#answered(message.value);
      case 'iceCandidate':
        return this.#candidate(message.value);
      default:
        return;
    }
  }

  /** What the worker says of the channel. */
  workerSays(number: number, event: P2pWorkerEvent, isHandshake: boolean): void {
    const attempt = this.#attempt;
    if (attempt?.number !== number) return;
    if (event === 'open') this.#machine.transition('proving');
    else if (event === 'ready') this.#connected(attempt);
    else this.#fail(attempt, isHandshake ? P2pFailure.HANDSHAKE : P2pFailure.ICE);
  }

  /** The addresses in use; null when there is no direct path. */
  async candidatePair(): Promise<CandidatePair | null> {
    if (this.#attempt === undefined || this.#machine.state !== 'connected') return null;
    return pairOf(this.#attempt.peer);
  }

  /** The tab is going away. If it comes back, `retryNow` begins anew. */
  close(): void {
    this.#dropAttempt();
    this.#timer?.cancel();
    this.#machine.transition('idle');
  }

  #ask(): void {
    if (this.#world.createPeer === undefined) {
      if (this.#machine.transition('off'))
        this.#report(P2pEvent.FAILED, { failure: P2pFailure.UNSUPPORTED });
      return;
    }
    if (!this.#request() || !this.#machine.transition('asking')) return;
    this.#after(BROWSER_LIMITS.connectionAnswerMs, () => this.#rest());
  }

  #request(): boolean {
    const [linkId, proof] = [this.#linkId, this.#requestProof];
    if (linkId === undefined || proof === undefined) return false;
    const value = create(ConnectionRequest, { linkId, proof });
    return this.#world.signal({ $case: 'connectionRequest', value });
  }

  #accepted(accept: ConnectionAccept): void {
    if (this.#machine.state !== 'asking') return;
    if (!accept.p2p) return void this.#machine.transition('off');
    const configuration = { iceServers: toRtcIceServers(accept.iceServers) };
    const peer = this.#world.createPeer?.(configuration);
    if (peer === undefined || !this.#machine.transition('offering')) return;
    this.#timer?.cancel();
    this.#attempts += 1;
    const timeoutMs = accept.p2pTimeoutMs > 0 ? accept.p2pTimeoutMs : this.#world.timeoutMs;
    const attempt: Attempt = {
      number: this.#attempts,
      peer,
      startedAt: this.#world.clock.now(),
      deadline: this.#world.clock.setTimeout(
        () => this.#fail(attempt, P2pFailure.TIMEOUT),
        timeoutMs,
      ),
      early: [],
      hasAnswer: false,
      nonce: accept.nonce,
      offered: Promise.resolve(),
    };
    this.#attempt = attempt;
    this.#report(P2pEvent.ATTEMPT);
    this.#start(attempt);
  }

  #start(attempt: Attempt): void {
    const { peer, number } = attempt;
    peer.onicecandidate = ({ candidate }) => void this.#sendCandidate(attempt, candidate);
    peer.onconnectionstatechange = () => {
      const isOver = peer.connectionState === 'failed' || peer.connectionState === 'closed';
      if (isOver) this.#fail(attempt, P2pFailure.ICE);
    };
    this.#world.giveChannel(number, peer.createDataChannel('wingman', { ordered: true }));
    attempt.offered = this.#offer(attempt).catch(() => this.#fail(attempt, P2pFailure.ICE));
  }

  async #offer(attempt: Attempt): Promise<void> {
    const { peer, number } = attempt;
    const offer = await peer.createOffer();
    await peer.setLocalDescription(offer);
    const sdp = peer.localDescription?.sdp ?? offer.sdp ?? '';
    const claim = { linkId: this.#linkId ?? '', attempt: number, sdp };
    const proof = await this.#world.prove.offer(claim, attempt.nonce);
    if (attempt !== this.#attempt) return;
    this.#world.signal({ $case: 'offer', value: create(Offer, { ...claim, proof }) });
  }

  async #sendCandidate(attempt: Attempt, candidate: RTCIceCandidate | null): Promise<void> {
    await attempt.offered;
    if (attempt !== this.#attempt) return;
    const value = create(IceCandidate, {
      linkId: this.#linkId ?? '',
      attempt: attempt.number,
      candidate: candidate?.candidate ?? '',
      sdpMid: candidate?.sdpMid ?? '',
    });
    this.#world.signal({ $case: 'iceCandidate', value });
  }

  #answered(answer: Answer): void {
    const attempt = this.#current(answer);
    if (attempt === undefined || attempt.hasAnswer) return;
    attempt.hasAnswer = true;
    const { peer } = attempt;
    const local = fingerprintOf(peer.localDescription?.sdp ?? '');
    const remote = fingerprintOf(answer.sdp);
    if (local === undefined || remote === undefined) {
      return this.#fail(attempt, P2pFailure.HANDSHAKE);
    }
    // The fingerprints come before the description, because the channel may open as soon as the description is set.
    this.#world.giveFingerprints(attempt.number, { local, remote });
    peer
      .setRemoteDescription({ type: 'answer', sdp: answer.sdp })
      .then(() => Promise.all(attempt.early.splice(0).map((early) => addCandidate(peer, early))))
      .catch(() => this.#fail(attempt, P2pFailure.ICE));
  }

  #candidate(message: IceCandidate): void {
    const attempt = this.#current(message);
    if (attempt === undefined || message.candidate === '') return;
    const candidate = { candidate: message.candidate, sdpMid: message.sdpMid || '0' };
    if (attempt.peer.remoteDescription !== null) void addCandidate(attempt.peer, candidate);
    else if (attempt.early.length < BROWSER_LIMITS.maxCandidates) attempt.early.push(candidate);
  }

  #current(message: { linkId: string; attempt: number }): Attempt | undefined {
    const isCurrent = message.linkId === this.#linkId && message.attempt === this.#attempt?.number;
    return isCurrent ? this.#attempt : undefined;
  }

  #connected(attempt: Attempt): void {
    if (!this.#machine.transition('connected')) return;
    attempt.deadline.cancel();
    this.#backoff.reset();
    const setupMs = Math.max(0, Math.round(this.#world.clock.now() - attempt.startedAt));
    this.#report(P2pEvent.CONNECTED, { setupMs });
  }

  #fail(attempt: Attempt, failure: P2pFailure): void {
    if (attempt !== this.#attempt) return;
    if (this.#machine.state === 'connected') this.#report(P2pEvent.FALLBACK);
    else this.#report(P2pEvent.FAILED, { failure });
    this.#dropAttempt();
    this.#rest();
  }

  #rest(): void {
    if (this.#machine.transition('resting'))
      this.#after(this.#backoff.next(), () => this.retryNow());
  }

  #dropAttempt(): void {
    const attempt = this.#attempt;
    if (attempt === undefined) return;
    this.#attempt = undefined;
    attempt.deadline.cancel();
    attempt.peer.onconnectionstatechange = null;
    attempt.peer.onicecandidate = null;
    this.#world.endChannel(attempt.number);
    attempt.peer.close();
  }

  #report(event: P2pEvent, details: { setupMs?: number; failure?: P2pFailure } = {}): void {
    const linkId = this.#linkId ?? '';
    const value = create(ConnectionState, { linkId, event, ...details });
    this.#world.signal({ $case: 'connectionState', value });
  }

  #after(milliseconds: number, action: () => void): void {
    this.#timer?.cancel();
    this.#timer = this.#world.clock.setTimeout(action, milliseconds);
  }
}

/** Adds a candidate. A candidate that the engine does not understand is skipped. */
function addCandidate(peer: RTCPeerConnection, candidate: RTCIceCandidateInit): Promise<void> {
  return peer.addIceCandidate(candidate).catch(() => undefined);
}
