import { LIMITS } from '../limits.js';
import { encodeDataFrame } from '../wire/link-frame.js';
import type { Lane } from './lane.js';
import type { SendOptions } from './link-types.js';
import { patienceMs, stragglerMs } from './lane-verdict.js';

/** A frame that the peer has not acknowledged, and the lane it was last sent on. */
export interface Unacked {
  readonly sequence: number;
  readonly bytes: Uint8Array;
  /** Whether the frame may leave before the peer is known: a peer and its successor may both take early data. */
  readonly isEarly: boolean;
  sentOn: Lane | undefined;
  /** How many frames that lane had sent before this one. */
  sentAs: number;
  /** When the frame was last sent, in the clock's milliseconds. */
  sentAt: number;
}

/** The numbered frames in order, from the first unacknowledged to the newest, and how far they have been sent. */
export class RetransmitQueue {
  /** Those before `#head` are acknowledged, and let go of at once: a link may be quiet for hours after a large answer. */
  #frames: (Unacked | undefined)[] = [];
  #head = 0;
  #bytes = 0;
  #next = 0;
  /** Index into `#frames` of the first frame that `nextUnsent` looks at. */
  #cursor = 0;

  get bytes(): number {
    return this.#bytes;
  }

  get length(): number {
    return this.#frames.length - this.#head;
  }

  /** The number of the next frame. */
  get nextSequence(): number {
    return this.#next;
  }

  /** Everything numbered below this has been acknowledged. */
  get firstUnacked(): number {
    return this.#next - this.length;
  }

  /** Whether data frames may be added. Control frames have a reserve above these caps. */
  get hasRoom(): boolean {
    return this.#bytes < LIMITS.retransmitBytes && this.length < LIMITS.retransmitFrames;
  }

  get isOverflowing(): boolean {
    return this.length >= LIMITS.retransmitFrames + LIMITS.retransmitReserveFrames;
  }

  get oldest(): Unacked | undefined {
    return this.#frames[this.#head];
  }

  /** Numbers and keeps a frame; returns its number. */
  push(parts: readonly Uint8Array[], { isEarly = false, follows }: SendOptions = {}): number {
    const sequence = this.#next;
    const bytes = encodeDataFrame(sequence, parts, follows);
    this.#frames.push({ sequence, bytes, isEarly, sentOn: undefined, sentAs: 0, sentAt: 0 });
    this.#next += 1;
    this.#bytes += bytes.byteLength;
    return sequence;
  }

  /** Forgets everything numbered below `received`; false when that was never sent. */
  acknowledge(received: number): boolean {
    if (received > this.#next) return false;
    while (this.firstUnacked < received) {
      const frame = this.#frames[this.#head];
      this.#bytes -= frame?.bytes.byteLength ?? 0;
      frame?.sentOn?.delivered(frame.bytes.byteLength);
      this.#frames[this.#head] = undefined;
      this.#head += 1;
    }
    this.#cursor = Math.max(this.#cursor, this.#head);
    this.#compact();
    return true;
  }

  /**
   * Sends the frames that no living lane has sent, each on the emptiest of these lanes; false when a frame has to wait
   * for a lane or for the peer.
   */
  sendOn(lanes: readonly Lane[], now: number, isOnlyEarly: boolean): boolean {
    for (let lane = emptiest(lanes); lane !== undefined; lane = emptiest(lanes)) {
      const frame = this.nextUnsent();
      if (frame === undefined) return true;
      if (isOnlyEarly && !frame.isEarly) return false;
      frame.sentOn = lane;
      frame.sentAs = lane.framesSent;
      frame.sentAt = now;
      lane.carry(frame.bytes);
    }
    return false;
  }

  /**
   * Whether a lane has lost a frame. The lane has just brought the answer to a ping that went out after
   * `framesBefore` frames. A carrier keeps order, so an earlier frame has arrived or is lost.
   */
  isMissingOn(lane: Lane, framesBefore: number): boolean {
    return this.oldest?.sentOn === lane && this.oldest.sentAs < framesBefore;
  }

  /** The lane that has held the oldest frame for too long, if one of `lanes`, which carry now, can take over. */
  stragglersBeside(lanes: readonly Lane[], now: number): Lane | undefined {
    const { sentOn, sentAt = 0 } = this.oldest ?? {};
    if (sentOn === undefined || lanes.every((lane) => lane === sentOn)) return undefined;
    const patience = lanes.includes(sentOn) ? patienceMs(sentOn) : stragglerMs(sentOn);
    return now - sentAt < patience ? undefined : sentOn;
  }

  /** The next frame that no living lane has sent. */
  nextUnsent(): Unacked | undefined {
    for (; this.#cursor < this.#frames.length; this.#cursor += 1) {
      const frame = this.#frames[this.#cursor];
      if (frame?.sentOn === undefined) return frame;
    }
    return undefined;
  }

  /** Counts the frames as unsent that were sent on any lane but these. */
  keepOnly(lanes: readonly Lane[]): void {
    const others = new Set<Lane>();
    for (const frame of this.#frames.slice(this.#head)) {
      const sentOn = frame?.sentOn;
      if (sentOn !== undefined && !lanes.includes(sentOn)) others.add(sentOn);
    }
    for (const lane of others) this.forgetLane(lane);
  }

  /** Counts the frames that were sent on this lane as unsent. */
  forgetLane(lane: Lane): void {
    for (let index = this.#frames.length - 1; index >= this.#head; index -= 1) {
      const frame = this.#frames[index];
      if (frame?.sentOn !== lane) continue;
      frame.sentOn = undefined;
      this.#cursor = Math.min(this.#cursor, index);
    }
  }

  clear(): void {
    this.#frames = [];
    this.#head = 0;
    this.#cursor = 0;
    this.#bytes = 0;
  }

  /** Drops the acknowledged part of the array once it is the larger half, so that dropping costs O(1) a frame. */
  #compact(): void {
    if (this.#head < 1024 || this.#head * 2 < this.#frames.length) return;
    this.#frames.splice(0, this.#head);
    this.#cursor -= this.#head;
    this.#head = 0;
  }
}

/**
 * The lane with the smallest share of its cap under way, one that owes no answer before one that does: a lost packet holds
 * up all that a lane brings. Undefined when no lane takes a frame.
 */
function emptiest(lanes: readonly Lane[]): Lane | undefined {
  let best: Lane | undefined;
  for (const lane of lanes) {
    if (lane.takes && (best === undefined || isBetter(lane, best))) best = lane;
  }
  return best;
}

function isBetter(lane: Lane, other: Lane): boolean {
  if (lane.isLate !== other.isLate) return other.isLate;
  return lane.flight.load < other.flight.load;
}
