import {
  Backoff,
  ConnectionRequest,
  ConnectionState,
  P2pEvent,
  P2pFailure,
  PATH_FAULT_WORDS,
  StateMachine,
  create,
  type ConnectionAccept,
  type PathFault,
  type Timer,
} from '@wingman/protocol';
import { BROWSER_LIMITS } from '../shared/limits.js';
import type { CandidatePair } from '../shared/status.js';
import type { P2pWorkerEvent } from '../shared/worker-messages.js';
import { AttemptAhead } from './p2p-ahead.js';
import { P2pAttempt } from './p2p-attempt.js';
import { P2P_FAILURES, P2P_TRANSITIONS, type P2pState, type ReportDetails } from './p2p-state.js';
import type { P2pWorld } from './p2p-world.js';
import type { ServerMessage } from './signaling.js';
import { toRtcIceServers } from './webrtc-utils.js';

/** Makes and keeps a direct path beside the relay. Nobody waits for this path, and nothing depends on it. */
export class P2pClient {
  readonly #world: P2pWorld;
  readonly #backoff: Backoff;
  readonly #machine = new StateMachine(P2P_TRANSITIONS, 'idle', () => this.#timer?.cancel());
  #linkId: string | undefined;
  #requestProof: Uint8Array | undefined;
  /** The newest attempt, even when it has ended: the page about diagnostics looks at it. */
  last: P2pAttempt | undefined;
  /** The attempt under way, or the one that has succeeded. */
  #attempt: P2pAttempt | undefined;
  readonly #ahead: AttemptAhead;
  /** An older path that is silent. It stays until its successor is proved, because it may recover. */
  #kept: P2pAttempt | undefined;
  #isSilent = false;
  /** Why the last attempt has failed; undefined when none has. */
  #fault: PathFault | undefined;
  #attempts = 0;
  #startedAt = -Infinity;
  /** When the last successors of silent paths have begun. */
  #renewedAt: number[] = [];
  #timer: Timer | undefined;

  constructor(world: P2pWorld) {
    this.#world = world;
    this.#ahead = new AttemptAhead(world.clock);
    const { p2pRetryMinMs, p2pRetryMaxMs } = BROWSER_LIMITS;
    this.#backoff = new Backoff(p2pRetryMinMs, p2pRetryMaxMs, world.random);
  }

  get state(): P2pState {
    return this.#machine.state;
  }

  /** Live peer connections: one, two while a path is being replaced, or none. */
  get connectionCount(): number {
    return [this.#attempt, this.#kept].filter(Boolean).length + this.#ahead.count;
  }

  /** Why there is no direct path, in words for people; undefined while nobody knows, or there is one. */
  get whyNot(): string | undefined {
    return this.#fault && PATH_FAULT_WORDS[this.#fault];
  }

  /** A new link has begun. The attempts that belonged to the old link end. */
  setLink(linkId: string): void {
    this.#linkId = linkId;
    this.#requestProof = undefined;
    this.#dropAll();
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
    // What was on its way on the old connection may be lost, and the host's answer with it.
    if (this.#machine.state === 'offering') this.#startAnew();
    if (this.#machine.state !== 'connected') {
      if (this.#attempt === undefined) this.retryNow();
    } else if (this.#isSilent) this.#renew();
    else this.#request();
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

  /** Whether the direct path answers. A silent one gets a successor at once: the network may have changed. */
  heard(isAnswering: boolean): void {
    this.#isSilent = !isAnswering;
    if (this.#machine.state === 'connected') void this.#attempt?.tellWay();
    if (this.#isSilent) this.#renew();
    else if (this.#machine.state === 'resting') this.#keep();
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
        return this.#attempt?.answered(message.value);
      case 'iceCandidate':
        return this.#attempt?.candidate(message.value);
      default:
        return;
    }
  }

  /** What the worker says of the channel. */
  workerSays(number: number, event: P2pWorkerEvent, isHandshake: boolean): void {
    if (this.#kept?.number === number && event === 'lost') return this.#lostKept();
    const attempt = this.#attempt;
    if (attempt?.number !== number) return;
    if (event === 'open') {
      this.#machine.transition('proving');
      void attempt.tellWay();
    } else if (event === 'ready') this.#connected(attempt);
    else this.#fail(attempt, isHandshake ? P2pFailure.HANDSHAKE : P2pFailure.ICE);
  }

  /** The addresses in use; null when there is no direct path. */
  async candidatePair(): Promise<CandidatePair | null> {
    const inUse = this.#machine.state === 'connected' ? this.#attempt : this.#kept;
    return (await inUse?.pair()) ?? null;
  }

  /** The tab is going away. If it comes back, `retryNow` begins anew. */
  close(): void {
    this.#dropAll();
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

  /** Begins a successor of a path that is silent, unless that path is so young that the network is at fault, or there were many. */
  #renew(): void {
    const now = this.#world.clock.now();
    const { p2pRenewMs, p2pRenewals, p2pRenewalsMs } = BROWSER_LIMITS;
    if (this.#machine.state !== 'connected' || now - this.#startedAt < p2pRenewMs) return;
    const lately = this.#renewedAt.filter((at) => now - at < p2pRenewalsMs);
    if (lately.length >= p2pRenewals || !this.#request()) return;
    this.#renewedAt = [...lately, now];
    this.#forgive();
    this.#report(P2pEvent.FALLBACK);
    this.#kept = this.#attempt;
    this.#attempt = undefined;
    this.#machine.transition('asking');
    // The host's answer may be some time in coming: signaling may have to be made anew first.
    this.#ahead.keep(this.#begin(this.#kept?.peer.getConfiguration()));
    this.#after(BROWSER_LIMITS.connectionAnswerMs, () => this.#rest());
  }

  #request(): boolean {
    const [linkId, proof] = [this.#linkId, this.#requestProof];
    if (linkId === undefined || proof === undefined) return false;
    const value = create(ConnectionRequest, { linkId, proof });
    return this.#world.signal({ $case: 'connectionRequest', value });
  }

  #accepted(accept: ConnectionAccept): void {
    this.#world.spareRelay(accept.spareRelay);
    if (this.#machine.state !== 'asking') return;
    if (!accept.p2p) return void this.#machine.transition('off');
    const configuration = { iceServers: toRtcIceServers(accept.iceServers) };
    const attempt = this.#ahead.take() ?? this.#begin(configuration);
    if (attempt === undefined || !this.#machine.transition('offering')) return;
    this.#timer?.cancel();
    this.#startedAt = this.#world.clock.now();
    this.last = this.#attempt = attempt;
    this.#report(P2pEvent.ATTEMPT);
    attempt.accepted(accept);
  }

  #begin(configuration: RTCConfiguration = {}): P2pAttempt | undefined {
    const peer = this.#world.createPeer?.(configuration);
    if (peer === undefined) return undefined;
    this.#attempts += 1;
    const attempt: P2pAttempt = new P2pAttempt({
      linkId: this.#linkId ?? '',
      number: this.#attempts,
      peer,
      world: this.#world,
      failed: (failure) => this.#fail(attempt, failure),
      silent: () => {
        if (attempt === this.#attempt) this.heard(false);
      },
    });
    attempt.start();
    return attempt;
  }

  #connected(attempt: P2pAttempt): void {
    if (!this.#machine.transition('connected')) return;
    this.#isSilent = false;
    this.#fault = undefined;
    this.#lostKept();
    this.#report(P2pEvent.CONNECTED, { setupMs: attempt.connected(), isTurn: attempt.isTurn });
  }

  #fail(attempt: P2pAttempt, failure: P2pFailure): void {
    if (attempt === this.#kept) return this.#lostKept();
    if (this.#ahead.has(attempt)) return this.#ahead.drop();
    if (attempt !== this.#attempt) return;
    if (this.#machine.state === 'connected') {
      this.#forgive();
      this.#report(P2pEvent.FALLBACK);
    } else this.#failed(attempt, failure);
    this.#attempt = undefined;
    attempt.close();
    this.#rest();
  }

  /** A path that has lasted shows that this network is good for one: the next attempt needn't wait long. */
  #forgive(): void {
    const lastedMs = this.#world.clock.now() - this.#startedAt;
    if (lastedMs >= BROWSER_LIMITS.p2pSteadyMs) this.#backoff.reset();
  }

  /** A failed proof has its own reason. Anything else is explained by what both ends have offered. */
  #failed({ fault }: P2pAttempt, failure: P2pFailure): void {
    const isProof = failure === P2pFailure.HANDSHAKE;
    this.#fault = isProof ? undefined : fault;
    this.#report(P2pEvent.FAILED, { failure: isProof ? failure : P2P_FAILURES[fault] });
  }

  #startAnew(): void {
    this.#attempt?.close();
    this.#attempt = undefined;
    this.#machine.transition('idle');
  }

  #lostKept(): void {
    this.#kept?.close();
    this.#kept = undefined;
  }

  #rest(): void {
    this.#ahead.drop();
    if (!this.#isSilent && this.#keep()) return;
    if (this.#machine.transition('resting'))
      this.#after(this.#backoff.next(), () => this.retryNow());
  }

  /** Goes on with a path that was silent and has recovered, because its successor has failed. */
  #keep(): boolean {
    if (this.#kept === undefined || !this.#machine.transition('connected')) return false;
    this.#attempt = this.#kept;
    this.#kept = undefined;
    return true;
  }

  #dropAll(): void {
    const attempts = [this.#attempt, this.#kept];
    this.#ahead.drop();
    this.#attempt = this.#kept = undefined;
    for (const attempt of attempts) attempt?.close();
  }

  #report(event: P2pEvent, details: ReportDetails = {}): void {
    const value = create(ConnectionState, { linkId: this.#linkId ?? '', event, ...details });
    this.#world.signal({ $case: 'connectionState', value });
  }

  #after(milliseconds: number, action: () => void): void {
    this.#timer?.cancel();
    this.#timer = this.#world.clock.setTimeout(action, milliseconds);
  }
}
