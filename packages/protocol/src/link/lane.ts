import type { Carrier } from '../carrier/carrier.js';
import type { Clock } from '../clock.js';
import { StateMachine, type TransitionTable } from '../state-machine.js';
import { encodeLinkFrame, type LinkFrame } from '../wire/link-frame.js';
import { RateMeter } from './rate-meter.js';
import { RoundTrip } from './round-trip.js';

/** Which way a carrier goes; an ingress carrier counts as relay. */
export type LaneKind = 'p2p' | 'relay';

/**
 * attaching: our ATTACH is sent, the peer's has not come.
 * ready: frames may be sent. suspect: silent for too long. dead: closed, never used again.
 */
export type LaneState = 'attaching' | 'ready' | 'suspect' | 'dead';

const TRANSITIONS: TransitionTable<LaneState> = {
  attaching: ['ready', 'dead'],
  ready: ['suspect', 'dead'],
  suspect: ['ready', 'dead'],
  dead: [],
};

/** What an outsider may see of a lane. */
export interface Attachment {
  /** Its number among the lanes of its link, in the order in which they were attached. */
  readonly id: number;
  readonly kind: LaneKind;
  readonly state: LaneState;
  /** The usual round trip in milliseconds; null before the first answer. */
  readonly rttMs: number | null;
  /** The peer has answered on it, and it is not suspected. */
  readonly isGood: boolean;
}

/** How well a lane has carried, measured in use. */
export interface LaneQuality {
  /** The usual round trip and the lowest so far, in milliseconds; null before the first answer. */
  readonly rttMs: number | null;
  readonly baseRttMs: number | null;
  /** What an answer takes now, in milliseconds: the last one, or the one still awaited when that is longer. */
  readonly waitMs: number;
  /** The best of the last seconds, in bytes a second; null when too little has passed. */
  readonly inPerSecond: number | null;
  readonly outPerSecond: number | null;
  /** How often it has been suspected. */
  readonly stalls: number;
}

/** Everything a lane shows about itself at one moment; times in milliseconds. */
export interface LaneEvidence extends LaneQuality {
  readonly id: number;
  readonly kind: LaneKind;
  readonly state: LaneState;
  /** Since it entered that state. */
  readonly stateMs: number;
  /** A quarter of the answers took no longer; null before the first answer. */
  readonly goodRttMs: number | null;
  /** Since the last message of any kind, and the looks since then. */
  readonly silentMs: number;
  readonly quietLooks: number;
  /** Since the last ping, and since the oldest ping without an answer; the latter is 0 when none is out. */
  readonly pingedMs: number;
  readonly unansweredMs: number;
  /** Since the peer last showed that it gets what is sent here, and the looks since then. */
  readonly unprovenMs: number;
  readonly unprovenLooks: number;
  /** Bytes that have come since the oldest ping without an answer. */
  readonly bytesSincePing: number;
  /** Something outside suggests that the carrier is dead, and nothing has come since. */
  readonly isDoubted: boolean;
  /** The peer sends on another lane, perhaps because it hears nothing here. */
  readonly isLeft: boolean;
}

export interface LaneOptions {
  readonly id: number;
  readonly kind: LaneKind;
  readonly carrier: Carrier;
  readonly clock: Clock;
  /** Whether it takes the place of the older lanes of its kind once it is ready, or joins them. */
  readonly replacesKind?: boolean;
}

interface Ping {
  readonly nonce: number;
  readonly sentAt: number;
  /** How many frames had been sent here when the ping went out. */
  readonly framesBefore: number;
  readonly bytesInBefore: number;
}

/** One attached carrier. It counts and measures; what that means is decided elsewhere. */
export class Lane implements Attachment {
  readonly id: number;
  readonly kind: LaneKind;
  readonly carrier: Carrier;
  readonly replacesKind: boolean;
  readonly #clock: Clock;
  readonly #machine = new StateMachine(TRANSITIONS, 'attaching', (state) => this.#entered(state));
  readonly #roundTrip: RoundTrip;
  readonly #in: RateMeter;
  readonly #out: RateMeter;
  /** Unanswered, oldest first; more than one only while a lost ping or a full carrier delays an answer. */
  #pings: Ping[] = [];
  #lastNonce = 0;
  #stateAt: number;
  #heardAt: number;
  #pingedAt: number;
  #provenAt: number;
  #quietLooks = 0;
  #unprovenLooks = 0;
  #isDoubted = false;
  #isLeft = false;
  #stalls = 0;
  /** Numbered frames sent here, repeated ones included. */
  framesSent = 0;
  bytesIn = 0;
  bytesOut = 0;
  /** The highest number of the frames that have come here. */
  newestHeard = -1;

  constructor({ id, kind, carrier, clock, replacesKind = true }: LaneOptions) {
    this.id = id;
    this.kind = kind;
    this.carrier = carrier;
    this.replacesKind = replacesKind;
    this.#clock = clock;
    this.#stateAt = this.#heardAt = this.#pingedAt = this.#provenAt = clock.now();
    this.#roundTrip = new RoundTrip(clock);
    this.#in = new RateMeter(clock);
    this.#out = new RateMeter(clock);
  }

  get state(): LaneState {
    return this.#machine.state;
  }

  get rttMs(): number | null {
    return this.#roundTrip.usual;
  }

  get isGood(): boolean {
    return this.state === 'ready' && this.rttMs !== null;
  }

  get isUsable(): boolean {
    return this.state === 'ready' || this.state === 'suspect';
  }

  /** Whether the peer owes an answer: to our ATTACH or to a ping. */
  get isAwaited(): boolean {
    return this.state === 'attaching' || this.#pings.length > 0;
  }

  get evidence(): LaneEvidence {
    const now = this.#clock.now();
    const { id, kind, state, rttMs } = this;
    const oldest = this.#pings[0];
    const unansweredMs = oldest === undefined ? 0 : now - oldest.sentAt;
    return {
      ...{ id, kind, state, rttMs, unansweredMs },
      stateMs: now - this.#stateAt,
      baseRttMs: this.#roundTrip.lowest,
      goodRttMs: this.#roundTrip.good,
      waitMs: Math.max(this.#roundTrip.last ?? 0, unansweredMs),
      inPerSecond: this.#in.best,
      outPerSecond: this.#out.best,
      stalls: this.#stalls,
      silentMs: now - this.#heardAt,
      quietLooks: this.#quietLooks,
      pingedMs: now - this.#pingedAt,
      unprovenMs: now - this.#provenAt,
      unprovenLooks: this.#unprovenLooks,
      bytesSincePing: oldest === undefined ? 0 : this.bytesIn - oldest.bytesInBefore,
      isDoubted: this.#isDoubted,
      isLeft: this.#isLeft,
    };
  }

  /** Moves to another state; false when the table has no such move. */
  transition(next: LaneState): boolean {
    return this.#machine.transition(next);
  }

  send(message: Uint8Array): void {
    this.bytesOut += message.byteLength;
    this.carrier.send(message);
  }

  sendFrame(frame: LinkFrame): void {
    this.send(encodeLinkFrame(frame));
  }

  /** A message has come: the carrier lives. */
  heard(bytes: number): void {
    this.bytesIn += bytes;
    this.#in.add(bytes);
    this.#heardAt = this.#clock.now();
    this.#quietLooks = 0;
    this.#isDoubted = false;
  }

  /** The peer has acknowledged so many bytes that were sent here. */
  delivered(bytes: number): void {
    this.#out.add(bytes);
    this.#proved();
  }

  /** Somebody has looked at the evidence, and it may have been without news. */
  looked(): void {
    this.#quietLooks += 1;
    this.#unprovenLooks += 1;
  }

  /** Something outside suggests that the carrier is dead: it has to show soon that it isn't. */
  doubt(): void {
    this.#isDoubted = true;
    this.#quietLooks = 0;
    if (this.isUsable) this.ping();
  }

  /** The peer's newest comes on another lane, though this one is in use. */
  left(): void {
    this.#isLeft = true;
  }

  ping(): void {
    const nonce = ++this.#lastNonce;
    const sentAt = this.#clock.now();
    this.#pingedAt = sentAt;
    const { framesSent: framesBefore, bytesIn: bytesInBefore } = this;
    this.#pings.push({ nonce, sentAt, framesBefore, bytesInBefore });
    this.sendFrame({ type: 'ping', nonce });
  }

  /** Takes the answer to a ping and returns how many of the frames sent here were before it. */
  pong(nonce: number): number {
    const ping = this.#pings.find((sent) => sent.nonce === nonce);
    if (ping === undefined) return 0;
    // Answers keep order too: those of older pings won't come any more.
    this.#pings = this.#pings.filter((sent) => sent.nonce > nonce);
    this.#roundTrip.add(this.#clock.now() - ping.sentAt);
    this.#proved();
    return ping.framesBefore;
  }

  #proved(): void {
    this.#provenAt = this.#clock.now();
    this.#unprovenLooks = 0;
    this.#isLeft = false;
  }

  #entered(state: LaneState): void {
    this.#stateAt = this.#clock.now();
    if (state === 'suspect') this.#stalls += 1;
  }
}
