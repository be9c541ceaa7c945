import type { Carrier } from '../carrier/carrier.js';
import type { Clock } from '../clock.js';
import { LIMITS } from '../limits.js';
import { encodeLinkFrame, type LinkFrame } from '../wire/link-frame.js';
import { RateMeter } from './rate-meter.js';
import { RoundTrip } from './round-trip.js';

/** Which way a carrier goes; an ingress carrier counts as relay. */
export type LaneKind = 'p2p' | 'relay';

/**
 * attaching: our ATTACH is sent, the peer's has not come, and what it says decides what is sent here.
 * ready: frames may be sent. suspect: silent for too long. dead: closed, never used again.
 */
export type LaneState = 'attaching' | 'ready' | 'suspect' | 'dead';

const TRANSITIONS: Readonly<Record<LaneState, readonly LaneState[]>> = {
  attaching: ['ready', 'dead'],
  ready: ['suspect', 'dead'],
  suspect: ['ready', 'dead'],
  dead: [],
};

/** What an outsider may see of a lane. */
export interface Attachment {
  readonly kind: LaneKind;
  readonly state: LaneState;
  /** The usual round trip in milliseconds; null before the first answer. */
  readonly rttMs: number | null;
}

/** How well a lane has carried, measured in use. */
export interface LaneQuality {
  /** The usual one, and the lowest so far, in milliseconds; null before the first answer. */
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

interface Ping {
  readonly nonce: number;
  readonly sentAt: number;
  /** How many frames had been sent here when the ping went out. */
  readonly framesBefore: number;
  readonly bytesInBefore: number;
}

/**
 * Ticks of the monitor without a sign, beside the time that must have passed: when our own thread has
 * stood still, the time says nothing, and what came meanwhile is read before so many ticks are over.
 */
const QUIET_TICKS = { suspect: 4, dead: 30 } as const;
/** Before its first answer a lane may take this long. */
const FIRST_ANSWER_MS = 2_000;
/** The slowest path that is not mistaken for a dead one, in bytes a second. */
const SLOWEST_PER_SECOND = 64 * 1024;
/** What a peer's answer may stand behind: a carrier full to its mark, and an engine's own buffer (libdatachannel: 1 MiB). */
const PEER_QUEUE_BYTES = LIMITS.carrierHighWaterBytes + LIMITS.maxMessageBytes + 1024 * 1024;

/** One attached carrier: its liveness, its round trip, its byte counts. */
export class Lane implements Attachment {
  #state: LaneState = 'attaching';
  readonly #roundTrip: RoundTrip;
  /** Unanswered, oldest first; more than one only while a lost ping or a full carrier delays an answer. */
  #pings: Ping[] = [];
  #lastNonce = 0;
  #heardAt: number;
  #pingedAt: number;
  /** When the peer last showed that it gets what we send here. */
  #provenAt: number;
  #quietTicks = 0;
  #unprovenTicks = 0;
  #isDoubted = false;
  /** The peer has gone to another lane, perhaps because it hears nothing here: no answer is late by traffic. */
  #isForsaken = false;
  #stalls = 0;
  readonly #in: RateMeter;
  readonly #out: RateMeter;
  /** Numbered frames sent here, repeated ones included. */
  framesSent = 0;
  bytesIn = 0;
  bytesOut = 0;
  /** The peer's ATTACH has come here. */
  isIntroduced = false;
  /** The highest number of the frames that have come here. */
  newestHeard = -1;

  constructor(
    readonly kind: LaneKind,
    readonly carrier: Carrier,
    private readonly clock: Clock,
  ) {
    this.#heardAt = clock.now();
    this.#pingedAt = clock.now();
    this.#provenAt = clock.now();
    this.#roundTrip = new RoundTrip(clock);
    this.#in = new RateMeter(clock);
    this.#out = new RateMeter(clock);
  }

  get state(): LaneState {
    return this.#state;
  }

  get rttMs(): number | null {
    return this.#roundTrip.usual;
  }

  get isUsable(): boolean {
    return this.#state === 'ready' || this.#state === 'suspect';
  }

  /** Moves to another state; false when the table has no such move. */
  transition(next: LaneState): boolean {
    if (!TRANSITIONS[this.#state].includes(next)) return false;
    this.#state = next;
    if (next === 'suspect') this.#stalls += 1;
    return true;
  }

  get quality(): LaneQuality {
    return {
      rttMs: this.rttMs,
      baseRttMs: this.#roundTrip.lowest,
      waitMs: Math.max(this.#roundTrip.last ?? 0, this.#unansweredMs),
      inPerSecond: this.#in.best,
      outPerSecond: this.#out.best,
      stalls: this.#stalls,
    };
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
    this.#heardAt = this.clock.now();
    this.#quietTicks = 0;
    this.#isDoubted = false;
  }

  /** The peer has acknowledged so many bytes that were sent here. */
  delivered(bytes: number): void {
    this.#out.add(bytes);
    this.#prove();
  }

  /** One more look by the monitor without news. */
  tick(): void {
    this.#quietTicks += 1;
    this.#unprovenTicks += 1;
  }

  /** Something outside suggests that the carrier is dead: it has to show soon that it isn't. */
  doubt(): void {
    this.#isDoubted = true;
    this.#quietTicks = 0;
    if (this.isUsable) this.#ping();
  }

  /** What the peer sends comes on another lane, though this is the one in use. */
  forsaken(): void {
    this.#isForsaken = true;
  }

  get silentMs(): number {
    return this.clock.now() - this.#heardAt;
  }

  /** How long an answer may take. */
  get patienceMs(): number {
    const { good } = this.#roundTrip;
    return good === null ? FIRST_ANSWER_MS : Math.max(LIMITS.suspectAfterMs, 4 * good);
  }

  /** How long nothing at all may come; where the peer has left, queues that have made answers late are no excuse. */
  get #quietMs(): number {
    const { lowest } = this.#roundTrip;
    const isExcused = !this.#isForsaken || lowest === null;
    return isExcused ? this.patienceMs : Math.max(LIMITS.suspectAfterMs, 4 * lowest);
  }

  /** How long the frames in flight may take when another lane has taken over. */
  get stragglerMs(): number {
    return Math.max(LIMITS.stragglerMs, 2 * (this.#roundTrip.lowest ?? 0));
  }

  /**
   * Whether something is due and has not come for this share of the patience: nothing at all;
   * or, from a peer that is heard, no proof that it hears us.
   * `unackedBytes` may delay the latter.
   */
  isOverdue(share: number, unackedBytes: number): boolean {
    const unanswered = this.#unansweredMs;
    const silent = Math.min(unanswered, this.silentMs);
    if (silent > share * this.#quietMs && this.#quietTicks >= share * QUIET_TICKS.suspect) {
      return true;
    }
    const unproven = Math.min(unanswered, this.clock.now() - this.#provenAt);
    const patience = this.patienceMs + this.#queueingMs(unackedBytes);
    return unproven > share * patience && this.#unprovenTicks >= share * QUIET_TICKS.suspect;
  }

  /** True when nothing has come for so long, or answers nothing, that waiting on is of no use. */
  isDead(unackedBytes: number): boolean {
    const isRefuted =
      this.#isDoubted && this.#unansweredMs > this.patienceMs + this.#queueingMs(unackedBytes);
    const isSilent = isRefuted || this.silentMs > LIMITS.deadAfterMs;
    if (isSilent && this.#quietTicks >= QUIET_TICKS.dead) return true;
    return this.#unansweredMs > LIMITS.deafAfterMs && this.#unprovenTicks >= QUIET_TICKS.dead;
  }

  /**
   * Sends a heartbeat when one is due. Another follows an unanswered one after twice the patience,
   * because a carrier that loses messages may have lost the ping.
   */
  pingWhenDue(intervalMs: number): void {
    const again = 2 * (this.rttMs === null ? LIMITS.suspectAfterMs : this.patienceMs);
    const waitMs = this.#pings.length === 0 ? intervalMs : Math.max(intervalMs, again);
    if (this.clock.now() - this.#pingedAt >= waitMs) this.#ping();
  }

  /** Takes the answer to a ping and returns how many of the frames sent here were before it. */
  pong(nonce: number): number {
    const ping = this.#pings.find((sent) => sent.nonce === nonce);
    if (ping === undefined) return 0;
    // Answers keep order too: those of older pings won't come any more.
    this.#pings = this.#pings.filter((sent) => sent.nonce > nonce);
    this.#roundTrip.add(this.clock.now() - ping.sentAt);
    this.#prove();
    return ping.framesBefore;
  }

  #ping(): void {
    const nonce = ++this.#lastNonce;
    const sentAt = this.clock.now();
    this.#pingedAt = sentAt;
    const { framesSent: framesBefore, bytesIn: bytesInBefore } = this;
    this.#pings.push({ nonce, sentAt, framesBefore, bytesInBefore });
    this.sendFrame({ type: 'ping', nonce });
  }

  #prove(): void {
    this.#provenAt = this.clock.now();
    this.#unprovenTicks = 0;
    this.#isForsaken = false;
  }

  /** What an answer may have to wait behind: a message of ours on its way out, and all that came before it. */
  #queueingMs(unackedBytes: number): number {
    if (this.#isForsaken) return 0;
    const oldest = this.#pings[0];
    const before = oldest === undefined ? 0 : this.bytesIn - oldest.bytesInBefore;
    // More has come since than the answer could have been behind: it is lost.
    const isLate = before > PEER_QUEUE_BYTES;
    const rate = Math.max(this.#out.best ?? 0, SLOWEST_PER_SECOND);
    const out = Math.min(unackedBytes, LIMITS.maxMessageBytes) / rate;
    return 2_000 * (out + (isLate ? 0 : before / SLOWEST_PER_SECOND));
  }

  get #unansweredMs(): number {
    const oldest = this.#pings[0];
    return oldest === undefined ? 0 : this.clock.now() - oldest.sentAt;
  }
}
