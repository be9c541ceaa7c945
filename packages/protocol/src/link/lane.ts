import type { Carrier } from '../carrier/carrier.js';
import type { Clock } from '../clock.js';
import { LIMITS } from '../limits.js';
import { encodeLinkFrame, type LinkFrame } from '../wire/link-frame.js';

/** Which way a carrier goes; an ingress carrier counts as relay. */
export type LaneKind = 'p2p' | 'relay';

/**
 * attaching: our ATTACH is sent, the peer's has not come.
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
  /** Smoothed round trip in milliseconds; null before the first answer. */
  readonly rttMs: number | null;
}

interface Ping {
  readonly nonce: number;
  readonly sentAt: number;
  /** Frames numbered below this had been sent when the ping went out. */
  readonly sentBelow: number;
}

/** One attached carrier: its liveness, its round trip, its byte counts. */
export class Lane implements Attachment {
  #state: LaneState = 'attaching';
  #rttMs: number | null = null;
  /** Unanswered, oldest first; more than one only while a lost ping or a full carrier delays an answer. */
  #pings: Ping[] = [];
  #lastNonce = 0;
  #heardAt: number;
  #pingedAt: number;
  /** One more than the highest frame number sent here. */
  sentBelow = 0;
  bytesIn = 0;
  bytesOut = 0;

  constructor(
    readonly kind: LaneKind,
    readonly carrier: Carrier,
    private readonly clock: Clock,
  ) {
    this.#heardAt = clock.now();
    this.#pingedAt = clock.now();
  }

  get state(): LaneState {
    return this.#state;
  }

  get rttMs(): number | null {
    return this.#rttMs;
  }

  get isUsable(): boolean {
    return this.#state === 'ready' || this.#state === 'suspect';
  }

  /** Moves to another state; false when the table has no such move. */
  transition(next: LaneState): boolean {
    if (!TRANSITIONS[this.#state].includes(next)) return false;
    this.#state = next;
    return true;
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
    this.#heardAt = this.clock.now();
  }

  get silentMs(): number {
    return this.clock.now() - this.#heardAt;
  }

  /** How long silence is allowed while an answer is due. */
  get patienceMs(): number {
    return Math.max(LIMITS.suspectAfterMs, 4 * (this.#rttMs ?? 0));
  }

  /** True when a ping has waited for its answer longer than patience allows and nothing else came. */
  get isSilent(): boolean {
    return Math.min(this.#unansweredMs, this.silentMs) > this.patienceMs;
  }

  /** True when the peer is heard but answers no ping, so that nothing can be proved to have arrived. */
  get isDeaf(): boolean {
    return this.#unansweredMs > LIMITS.deafAfterMs;
  }

  /**
   * Sends a heartbeat when one is due. Another follows an unanswered one after twice the patience,
   * because a carrier that loses messages may have lost the ping; by then a silent lane is suspect
   * and gets no more, so that the peer hears nothing and suspects it too.
   */
  pingWhenDue(intervalMs: number): void {
    if (this.clock.now() - this.#pingedAt < this.#pingWaitMs(intervalMs)) return;
    const nonce = ++this.#lastNonce;
    this.#pingedAt = this.clock.now();
    this.#pings.push({ nonce, sentAt: this.#pingedAt, sentBelow: this.sentBelow });
    this.sendFrame({ type: 'ping', nonce });
  }

  /** Takes the answer to a ping and returns below which number everything sent here has left the carrier. */
  pong(nonce: number): number {
    const ping = this.#pings.find((sent) => sent.nonce === nonce);
    if (ping === undefined) return 0;
    // Answers keep order too: those of older pings won't come any more.
    this.#pings = this.#pings.filter((sent) => sent.nonce > nonce);
    const sample = this.clock.now() - ping.sentAt;
    this.#rttMs = this.#rttMs === null ? sample : this.#rttMs * 0.875 + sample * 0.125;
    return ping.sentBelow;
  }

  #pingWaitMs(intervalMs: number): number {
    if (this.#pings.length === 0) return intervalMs;
    return this.#state === 'suspect' ? Infinity : Math.max(intervalMs, 2 * this.patienceMs);
  }

  get #unansweredMs(): number {
    const oldest = this.#pings[0];
    return oldest === undefined ? 0 : this.clock.now() - oldest.sentAt;
  }
}
