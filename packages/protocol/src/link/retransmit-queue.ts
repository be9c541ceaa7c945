import { LIMITS } from '../limits.js';
import { encodeDataFrame } from '../wire/link-frame.js';
import type { Lane } from './lane.js';

/** A frame that the peer has not acknowledged, and the lane it was last sent on. */
export interface Unacked {
  readonly sequence: number;
  readonly bytes: Uint8Array;
  sentOn: Lane | undefined;
  /** How many frames that lane had sent before this one. */
  sentAs: number;
  /** When, in the clock's milliseconds. */
  sentAt: number;
}

/** Numbered frames in order, from the first unacknowledged to the newest, and how far sending has come. */
export class RetransmitQueue {
  #frames: Unacked[] = [];
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

  /** The number the next frame will get. */
  get nextSequence(): number {
    return this.#next;
  }

  /** Everything numbered below this has been acknowledged. */
  get firstUnacked(): number {
    return this.#next - this.length;
  }

  /** Whether data frames may be added; control frames have a reserve above these caps. */
  get hasRoom(): boolean {
    return this.#bytes < LIMITS.retransmitBytes && this.length < LIMITS.retransmitFrames;
  }

  get isOverflowing(): boolean {
    return this.length >= LIMITS.retransmitFrames + LIMITS.retransmitReserveFrames;
  }

  get oldest(): Unacked | undefined {
    return this.#frames[this.#head];
  }

  /** Numbers and keeps a frame. */
  push(parts: readonly Uint8Array[]): void {
    const bytes = encodeDataFrame(this.#next, parts);
    this.#frames.push({ sequence: this.#next, bytes, sentOn: undefined, sentAs: 0, sentAt: 0 });
    this.#next += 1;
    this.#bytes += bytes.byteLength;
  }

  /** Forgets everything numbered below `received`; false when that was never sent. */
  acknowledge(received: number): boolean {
    if (received > this.#next) return false;
    while (this.#head < this.#frames.length && this.firstUnacked < received) {
      const frame = this.#frames[this.#head];
      this.#bytes -= frame?.bytes.byteLength ?? 0;
      frame?.sentOn?.delivered(frame.bytes.byteLength);
      this.#head += 1;
    }
    this.#cursor = Math.max(this.#cursor, this.#head);
    this.#compact();
    return true;
  }

  /** The next frame that no living lane has sent; the same again until its `sentOn` is set. */
  nextUnsent(): Unacked | undefined {
    for (; this.#cursor < this.#frames.length; this.#cursor += 1) {
      const frame = this.#frames[this.#cursor];
      if (frame?.sentOn === undefined) return frame;
    }
    return undefined;
  }

  /** Frames sent on this lane count as unsent again. */
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

  /** Drops the acknowledged part of the array once it is the larger half, so that this costs O(1) a frame. */
  #compact(): void {
    if (this.#head < 1024 || this.#head * 2 < this.#frames.length) return;
    this.#frames.splice(0, this.#head);
    this.#cursor -= this.#head;
    this.#head = 0;
  }
}
