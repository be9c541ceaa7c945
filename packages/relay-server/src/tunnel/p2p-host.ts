import type {
  Binding,
  Carrier,
  ChannelWay,
  Clock,
  HostMessage,
  IceCandidate,
  Offer,
  PathFault,
  SentCase,
  Timer,
  TransitionTable,
} from '@wingman/protocol';
import {
  CloseCode,
  PATH_FAULT_WORDS,
  pathFault,
  StateMachine,
  respond,
  toWingmanError,
  WingmanError,
} from '@wingman/protocol';
import { HOST_LIMITS } from '../limits.js';
import { nextPorts } from './webrtc/port-guesses.js';
import { SpareEngine, type LoadSpare } from './webrtc/spare-engine.js';
import type { IceServerAddress, Peer, PeerEngine } from './webrtc/webrtc-adapter.js';

export interface P2pHostOptions {
  readonly engine: PeerEngine;
  /** Loads another engine, for viewers that this one doesn't reach. */
  readonly loadSpare?: LoadSpare | undefined;
  readonly linkKey: Uint8Array;
  /** From an offer to a proven carrier, in milliseconds. */
  readonly timeoutMs: number;
  readonly maxViewers: number;
  readonly clock: Clock;
  iceServers(): readonly IceServerAddress[];
  send(message: SentCase<HostMessage>): void;
  /** Whether this link exists or may be made. */
  admits(linkId: string): boolean;
  /** Whether this link exists: its viewer has proved the key, on the relay or on a direct path before. */
  isProven(linkId: string): boolean;
  /** Gives a proven carrier to its link; the result tells the link when the carrier's way changes. */
  attach(linkId: string, carrier: Carrier, way: ChannelWay): (way: ChannelWay) => void;
  failed(linkId: string, error: WingmanError): void;
}

/** What one attempt needs of all that. */
export type AttemptOptions = Pick<
  P2pHostOptions,
  'engine' | 'linkKey' | 'timeoutMs' | 'clock' | 'iceServers' | 'send' | 'attach' | 'failed'
>;

/** answering: our answer is being made. connecting: ICE and DTLS are under way. proving: the link handshake is under way. */
type AttemptState = 'answering' | 'connecting' | 'proving' | 'open' | 'closed';

const TRANSITIONS: TransitionTable<AttemptState> = {
  answering: ['connecting', 'proving', 'closed'],
  connecting: ['proving', 'closed'],
  proving: ['open', 'closed'],
  open: ['closed'],
  closed: [],
};

/** Answers viewers' offers: one peer for each link and attempt, closed when it proves nothing in time. */
export class P2pHost {
  readonly #options: P2pHostOptions;
  /** The newest attempt of each link. */
  readonly #newest = new Map<string, Attempt>();
  /** Every attempt that holds a peer. */
  readonly #alive = new Set<Attempt>();
  readonly #engines: SpareEngine;
  /** When the last peers were made for strangers, which are links that have proved nothing. */
  #strangersAt: number[] = [];

  constructor(options: P2pHostOptions) {
    const { engine, loadSpare = () => Promise.resolve(undefined) } = options;
    const engines = new SpareEngine(engine, loadSpare);
    const failed: P2pHostOptions['failed'] = (linkId, error) => {
      options.failed(linkId, error);
      const tell = (lack: WingmanError): void => options.failed(linkId, lack);
      void engines.failed(linkId, options.iceServers(), tell);
    };
    this.#engines = engines;
    this.#options = { ...options, failed };
  }

  /** Peers that exist now. */
  get peerCount(): number {
    return this.#alive.size;
  }

  /** Takes an offer; an older attempt of the same link that isn't open yet is given up. */
  offer(offer: Offer): void {
    const before = this.#newest.get(offer.linkId);
    if (before !== undefined && offer.attempt <= before.number) return;
    if (!this.#options.admits(offer.linkId)) return;
    if (before?.state !== 'open') before?.close();
    if (!this.#hasRoomFor(offer.linkId)) return;
    const engine = this.#engines.engineFor(offer.linkId);
    const attempt = new Attempt(offer, { ...this.#options, engine }, () => this.#forget(attempt));
    this.#newest.set(offer.linkId, attempt);
    this.#alive.add(attempt);
    attempt.start(offer.sdp);
  }

  /** Takes a viewer's candidate; one of an older attempt is ignored. */
  candidate({ linkId, attempt: number, candidate, sdpMid: mid }: IceCandidate): void {
    const attempt = this.#newest.get(linkId);
    if (attempt?.number === number) attempt.addCandidate(candidate, mid);
  }

  /** Closes every peer. */
  close(): void {
    for (const attempt of [...this.#alive]) attempt.close();
  }

  /** A stranger gets a place that is left. A proven viewer gets the place of a stranger when none is left. */
  #hasRoomFor(linkId: string): boolean {
    const isProven = (id: string): boolean => this.#options.isProven(id);
    const places = this.#options.maxViewers * HOST_LIMITS.peersPerViewer;
    const isFull = this.#alive.size >= places;
    if (!isProven(linkId)) return !isFull && this.#countStranger(places);
    if (!isFull) return true;
    const stranger = [...this.#alive].find((attempt) => !isProven(attempt.linkId));
    stranger?.close();
    return stranger !== undefined;
  }

  /** A peer costs threads and processor time even when it ends at once, so strangers get a limited number in the time of an attempt. */
  #countStranger(places: number): boolean {
    const { clock, timeoutMs } = this.#options;
    const now = clock.now();
    this.#strangersAt = this.#strangersAt.filter((at) => now - at < timeoutMs);
    if (this.#strangersAt.length >= places) return false;
    this.#strangersAt.push(now);
    return true;
  }

  #forget(attempt: Attempt): void {
    this.#alive.delete(attempt);
    if (this.#newest.get(attempt.linkId) === attempt) this.#newest.delete(attempt.linkId);
  }
}

/** One peer, from a viewer's offer to its end. */
export class Attempt {
  readonly linkId: string;
  readonly number: number;
  readonly #options: AttemptOptions;
  readonly #onClosed: () => void;
  readonly #peer: Peer;
  /** Candidates of both ends, for the case that none of them meet. */
  readonly #seen: Record<'viewer' | 'host', string[]> = { viewer: [], host: [] };
  /** Until the attempt is open, its end. From then on the next look at its way. */
  #deadline: Timer;
  readonly #machine = new StateMachine(TRANSITIONS, 'answering');

  constructor(
    offer: Pick<Offer, 'linkId' | 'attempt'>,
    options: AttemptOptions,
    onClosed: () => void,
  ) {
    this.linkId = offer.linkId;
    this.number = offer.attempt;
    this.#options = options;
    this.#onClosed = onClosed;
    this.#peer = options.engine.createPeer(options.iceServers(), {
      candidate: ({ candidate, mid }) => this.#sendCandidate(candidate, mid),
      channel: (carrier) => void this.#prove(carrier),
      closed: (reason) => this.#ended(reason),
    });
    this.#deadline = options.clock.setTimeout(() => {
      this.#fail(new WingmanError('TIMEOUT', `no direct path. ${PATH_FAULT_WORDS[this.#fault]}`));
    }, options.timeoutMs);
  }

  get state(): AttemptState {
    return this.#machine.state;
  }

  start(sdp: string): void {
    this.#peer.acceptOffer(sdp).then(
      (answer) => this.#answer(answer),
      (error: unknown) => this.#fail(toWingmanError(error, 'HANDSHAKE_FAILED')),
    );
  }

  addCandidate(candidate: string, mid: string): void {
    if (this.#machine.state === 'closed') return;
    this.#see('viewer', candidate);
    this.#peer.addCandidate({ candidate, mid });
    for (const guess of this.#guesses(candidate))
      this.#peer.addCandidate({ candidate: guess, mid });
  }

  close(): void {
    if (this.#machine.state === 'closed') return;
    this.#machine.demand('closed');
    this.#deadline.cancel();
    this.#peer.close();
    this.#onClosed();
  }

  #answer(sdp: string): void {
    if (this.#machine.state === 'closed') return;
    // On a fast network the channel may be open before this line runs.
    if (this.#machine.state === 'answering') this.#machine.demand('connecting');
    const value = { linkId: this.linkId, attempt: this.number, sdp };
    this.#options.send({ $case: 'answer', value });
  }

  #sendCandidate(candidate: string, sdpMid: string): void {
    if (this.#machine.state === 'closed') return;
    this.#see('host', candidate);
    for (const each of [candidate, ...this.#guesses(candidate)]) {
      const value = { linkId: this.linkId, attempt: this.number, candidate: each, sdpMid };
      this.#options.send({ $case: 'iceCandidate', value });
    }
  }

  /** Ports that come next at a NAT, for a viewer whom an attempt without them has not reached. */
  #guesses(candidate: string): string[] {
    return this.number > 1 ? nextPorts(candidate) : [];
  }

  #see(end: 'viewer' | 'host', candidate: string): void {
    const isKept = candidate !== '' && this.#seen[end].length < HOST_LIMITS.candidatesPerAttempt;
    if (isKept) this.#seen[end].push(candidate);
  }

  /** Why the attempt has led nowhere, as far as the candidates of both ends tell. */
  get #fault(): PathFault {
    return pathFault({
      ...this.#seen,
      isAnswered: this.#machine.state !== 'answering',
      isConnected: this.#peer.isConnected(),
      hasStun: this.#options.iceServers().length > 0,
    });
  }

  async #prove(channel: Carrier): Promise<void> {
    if (this.#machine.state === 'closed') return channel.close(CloseCode.GOING_AWAY, 'too late');
    this.#machine.demand('proving');
    const { linkKey: key, clock, timeoutMs: deadlineMs } = this.#options;
    const binding = (): Binding => this.#peer.binding();
    try {
      const proven = await respond(channel, { key, kind: 'p2p', binding, clock, deadlineMs });
      this.#open(proven.linkId, proven.carrier, await this.#peer.way());
    } catch (error) {
      this.#fail(toWingmanError(error, 'HANDSHAKE_FAILED'));
    }
  }

  #open(linkId: string, carrier: Carrier, way: ChannelWay): void {
    if (this.#machine.state === 'closed') return;
    // Whoever made the offer proves the key for that link, not for another viewer's.
    if (linkId !== this.linkId) throw new WingmanError('HANDSHAKE_FAILED', 'another link');
    this.#machine.demand('open');
    this.#deadline.cancel();
    this.#watchWay(way, this.#options.attach(linkId, carrier, way));
  }

  /** Tells when ICE has found another way than the one told last. */
  #watchWay(told: ChannelWay, tell: (way: ChannelWay) => void): void {
    this.#deadline = this.#options.clock.setTimeout(() => {
      void this.#peer.way().then((way) => {
        if (this.#machine.state === 'closed') return;
        if (way !== told) tell(way);
        this.#watchWay(way, tell);
      });
    }, HOST_LIMITS.wayLookMs);
  }

  #ended(reason: string): void {
    // The handshake fails because of it, with a better reason.
    if (this.#machine.state !== 'proving') this.#fail(new WingmanError('CARRIER_CLOSED', reason));
  }

  #fail(error: WingmanError): void {
    if (this.#machine.state === 'closed') return;
    const wasOpen = this.#machine.state === 'open';
    this.close();
    if (!wasOpen) this.#options.failed(this.linkId, error);
  }
}
