import type { Carrier } from '../carrier/carrier.js';
import type { Clock } from '../clock.js';
import { LIMITS } from '../limits.js';
import { StateMachine, type TransitionTable } from '../state-machine.js';
import { decodeLinkFrame, encodeLinkFrame, type LinkFrame } from '../wire/link-frame.js';
import type { AttachOptions } from './link-types.js';
import type {
  Attachment,
  LaneEvidence,
  LaneKind,
  LaneQuality,
  LaneState,
} from './lane-evidence.js';
import { Flight, type Mark } from './flight.js';
import { RateMeter } from './rate-meter.js';
import { RoundTrip } from './round-trip.js';

const TRANSITIONS: TransitionTable<LaneState> = {
  attaching: ['ready', 'dead'],
  ready: ['suspect', 'dead'],
  suspect: ['ready', 'dead'],
  dead: [],
};

export interface LaneOptions extends AttachOptions {
  readonly id: number;
  readonly kind: LaneKind;
  readonly carrier: Carrier;
  readonly clock: Clock;
}

interface Ping {
  readonly nonce: number;
  readonly sentAt: number;
  /** How many frames had been sent here when the ping went out. */
  readonly framesBefore: number;
  readonly bytesInBefore: number;
  readonly mark: Mark;
}

/** One attached carrier and the evidence about it. A lane counts and measures; other parts judge. */
export class Lane implements Attachment, LaneEvidence {
  readonly id: number;
  /** Changes when ICE takes another way. */
  kind: LaneKind;
  readonly carrier: Carrier;
  readonly replacesKind: boolean;
  readonly isPreferred: boolean;
  /** The numbered frames that are under way on this lane. */
  readonly flight: Flight;
  readonly #clock: Clock;
  readonly #machine = new StateMachine(TRANSITIONS, 'attaching', (state) => this.#entered(state));
  readonly #roundTrip: RoundTrip;
  readonly #in: RateMeter;
  readonly #out: RateMeter;
  /** The unanswered pings, oldest first. There is more than one only while a lost ping or a full carrier delays an answer. */
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
  /** How many numbered frames were sent here, including repeated ones. */
  framesSent = 0;
  bytesIn = 0;
  bytesOut = 0;
  /** Whether the peer's ATTACH has come on this lane. */
  isIntroduced = false;
  rhythmMs = Infinity;
  #askedAt = -Infinity;
  /** The highest number among the frames that have come on this lane. */
  newestHeard = -1;

  constructor({ id, kind, carrier, clock, joins = false, isPreferred = false }: LaneOptions) {
    this.id = id;
    this.kind = kind;
    this.carrier = carrier;
    this.replacesKind = !joins;
    this.isPreferred = isPreferred;
    this.#clock = clock;
    this.#stateAt = this.#heardAt = this.#pingedAt = this.#provenAt = clock.now();
    this.flight = new Flight(clock, kind === 'relay');
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

  get stateMs(): number {
    return this.#clock.now() - this.#stateAt;
  }

  get baseRttMs(): number | null {
    return this.#roundTrip.lowest;
  }

  get goodRttMs(): number | null {
    return this.#roundTrip.good;
  }

  get waitMs(): number {
    return Math.max(this.#roundTrip.last ?? 0, this.unansweredMs);
  }

  get inPerSecond(): number | null {
    return this.#in.best;
  }

  get outPerSecond(): number | null {
    return this.#out.best;
  }

  get stalls(): number {
    return this.#stalls;
  }

  get silentMs(): number {
    return this.#clock.now() - this.#heardAt;
  }

  get quietLooks(): number {
    return this.#quietLooks;
  }

  get pingedMs(): number {
    return this.#clock.now() - this.#pingedAt;
  }

  get unansweredMs(): number {
    const oldest = this.#pings[0];
    return oldest === undefined ? 0 : this.#clock.now() - oldest.sentAt;
  }

  get unprovenMs(): number {
    return this.#clock.now() - this.#provenAt;
  }

  get unprovenLooks(): number {
    return this.#unprovenLooks;
  }

  get bytesSincePing(): number {
    const oldest = this.#pings[0];
    return oldest === undefined ? 0 : this.bytesIn - oldest.bytesInBefore;
  }

  get isDoubted(): boolean {
    return this.#isDoubted;
  }

  get isLeft(): boolean {
    return this.#isLeft;
  }

  /** A copy of the measurements as they are now. */
  get quality(): LaneQuality {
    const { rttMs, baseRttMs, waitMs, inPerSecond, outPerSecond, stalls } = this;
    return { rttMs, baseRttMs, waitMs, inPerSecond, outPerSecond, stalls };
  }

  /** Moves to another state; false when the table has no such move. */
  transition(next: LaneState): boolean {
    return this.#machine.transition(next);
  }

  send(message: Uint8Array): void {
    this.bytesOut += message.byteLength;
    this.carrier.send(message);
  }

  /** Whether an answer takes longer than a queue of ours explains. */
  get isLate(): boolean {
    return this.unansweredMs > this.flight.lateMs;
  }

  /** Whether a numbered frame would leave at once, and not only fill a queue. */
  get takes(): boolean {
    return this.carrier.writable && this.flight.load < 1;
  }

  /** Sends a numbered frame. */
  carry(frame: Uint8Array): void {
    this.framesSent += 1;
    this.flight.add(frame.byteLength);
    this.send(frame);
    if (this.flight.isMarkDue) this.ping();
  }

  sendFrame(frame: LinkFrame): void {
    this.send(encodeLinkFrame(frame));
  }

  /** Reads a message that has come on this lane. Returns a reason in words when the carrier is broken. */
  read(message: Uint8Array): LinkFrame | string {
    this.heard(message.byteLength);
    let frame: LinkFrame;
    try {
      frame = decodeLinkFrame(message);
    } catch {
      // Garbage means a broken carrier, not a broken link.
      return 'malformed frame';
    }
    // ATTACH comes first, and a carrier keeps order. So a carrier that brings something else has lost the ATTACH.
    const isFirst = frame.type === 'attach' || frame.type === 'close';
    return this.isIntroduced || isFirst ? frame : 'began without ATTACH';
  }

  /** A message has come: the carrier lives. */
  heard(bytes: number): void {
    this.bytesIn += bytes;
    this.#in.add(bytes);
    this.#heardAt = this.#clock.now();
    this.#quietLooks = 0;
    this.#isDoubted = false;
  }

  /** The peer has acknowledged this many bytes that were sent here. */
  delivered(bytes: number): void {
    this.#out.add(bytes);
    this.#proved();
  }

  /** The monitor has looked at the lane. */
  looked(): void {
    this.#quietLooks += 1;
    this.#unprovenLooks += 1;
  }

  /** A sign from outside suggests that the carrier is dead. The carrier has to prove the contrary soon. */
  doubt(): void {
    this.#isDoubted = true;
    this.#quietLooks = 0;
    if (this.isUsable) this.ping();
  }

  /** The peer's newest frames come on another lane, although this one is in use. */
  left(): void {
    this.#isLeft = true;
  }

  /** The peer's newest frames come on this lane. */
  taken(): void {
    this.#isLeft = false;
  }

  /** The peer asks for a sign of life. */
  asked(): void {
    const now = this.#clock.now();
    this.rhythmMs = now - this.#askedAt;
    this.#askedAt = now;
  }

  ping(): void {
    const nonce = ++this.#lastNonce;
    const sentAt = this.#clock.now();
    this.#pingedAt = sentAt;
    const { framesSent: framesBefore, bytesIn: bytesInBefore } = this;
    const mark = this.flight.mark();
    this.#pings.push({ nonce, sentAt, framesBefore, bytesInBefore, mark });
    this.sendFrame({ type: 'ping', nonce });
  }

  /** Takes the answer to a ping. Returns how many frames had been sent here before that ping. */
  pong(nonce: number): number {
    const ping = this.#pings.find((sent) => sent.nonce === nonce);
    if (ping === undefined) return 0;
    // Answers keep their order, so no answer to an older ping will come.
    this.#pings = this.#pings.filter((sent) => sent.nonce > nonce);
    this.#roundTrip.add(this.#clock.now() - ping.sentAt);
    this.flight.answered(ping.mark);
    // A peer that has missed a beat and lives asks more rarely now.
    this.rhythmMs = 2 * Math.max(this.rhythmMs, LIMITS.heartbeatMs);
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
