import type { Clock } from '../clock.js';
import { WingmanError } from '../errors.js';
import { AckPolicy } from './ack-policy.js';
import type { Lane } from './lane.js';
import type { LinkFrame } from '../wire/link-frame.js';
import type { LinkStats, SendOptions } from './link-types.js';
import { ReceiveWindow } from './receive-window.js';
import { RetransmitQueue } from './retransmit-queue.js';

/** What delivery needs of its link. */
export interface DeliveryOwner {
  /** The lane that carries now. */
  active(): Lane | undefined;
  /** The lanes that frames are striped over: the active one, and those of its kind that are as good. */
  carrying(): readonly Lane[];
  /** The next frame, each once, and in order but for unordered ones that overtake others. */
  frame(payload: Uint8Array, isOvertaking: boolean): void;
  /** There is room for more frames. */
  writable(): void;
}

export type NumberedFrame = Extract<LinkFrame, { type: 'data' }>;

const MAX_INCARNATION = 2 ** 48;

/** Numbers frames, acknowledges them and sends them again, so that each arrives once and in order on whatever lane. */
export class Delivery {
  readonly #incarnation = Math.floor(Math.random() * MAX_INCARNATION);
  /** Undefined until the peer's first ATTACH. A peer that dies before may have a successor, which is sent the same frames. */
  #peerIncarnation: number | undefined;
  readonly #queue = new RetransmitQueue();
  readonly #window: ReceiveWindow;
  readonly #acks: AckPolicy;
  #duplicates = 0;

  constructor(
    private readonly owner: DeliveryOwner,
    private readonly clock: Clock,
  ) {
    this.#window = new ReceiveWindow((payload, isOvertaking) => owner.frame(payload, isOvertaking));
    this.#acks = new AckPolicy(clock, (heard) => this.#acknowledge(heard));
  }

  /** What an ATTACH says about this end. */
  get introduction(): { received: number; incarnation: number } {
    return { received: this.received, incarnation: this.#incarnation };
  }

  /** An ATTACH has come; false when its sender is not the peer that was met first. */
  meet(incarnation: number): boolean {
    this.#peerIncarnation ??= incarnation;
    return incarnation === this.#peerIncarnation;
  }

  /** Every frame of the peer numbered below this has come. */
  get received(): number {
    return this.#window.received;
  }

  /** Every frame of ours numbered below this has been acknowledged. */
  get firstUnacked(): number {
    return this.#queue.firstUnacked;
  }

  get unackedBytes(): number {
    return this.#queue.bytes;
  }

  /** Whether no frame has ever been sent from here. */
  get hasSentNothing(): boolean {
    return this.#queue.nextSequence === 0;
  }

  /** Whether a frame of any kind would go out at once. */
  get isWritable(): boolean {
    return this.#isPeerKnown && this.takesEarly;
  }

  /** Whether early data would go out at once. */
  get takesEarly(): boolean {
    return (
      this.#queue.hasRoom &&
      this.#queue.nextUnsent() === undefined &&
      this.owner.carrying().some((lane) => lane.takes)
    );
  }

  /** Whether even the reserve for control frames is used up. */
  get isOverflowing(): boolean {
    return this.#queue.isOverflowing;
  }

  /** Numbers a frame and sends it as soon as a lane can; returns the number. */
  send(parts: readonly Uint8Array[], options?: SendOptions): number {
    const sequence = this.#queue.push(parts, options);
    this.pump();
    return sequence;
  }

  /** Sends the frames that no living lane has sent, as far as the carrier takes them, then asks for more. */
  pump(): void {
    const lanes = this.owner.carrying();
    if (!this.#queue.sendOn(lanes, this.clock.now(), !this.#isPeerKnown)) return;
    if (this.#queue.hasRoom) this.owner.writable();
  }

  /** A numbered frame has come on a lane. */
  receive(lane: Lane, { sequence, payload, follows }: NumberedFrame): void {
    const arrival = this.#window.accept(sequence, payload, follows);
    if (arrival === 'duplicate') this.#duplicates += 1;
    this.#acks.arrived(lane, payload.byteLength);
  }

  /** The peer has every frame numbered below `received`; PROTOCOL_ERROR when one of them was never sent. */
  acknowledged(received: number): void {
    if (!this.#queue.acknowledge(received)) {
      throw new WingmanError('PROTOCOL_ERROR', 'acknowledged what was never sent');
    }
    this.pump();
  }

  /** Acknowledges now, even when nothing new has come. */
  acknowledge(): void {
    this.#acks.acknowledge();
  }

  /** Whether something is under way on this lane whose loss should be noticed fast. */
  isBusy(lane: Lane): boolean {
    const isSending = this.#queue.length > 0 && this.owner.carrying().includes(lane);
    return isSending || this.#acks.isRecentOn(lane);
  }

  /** Whether a lane has lost a frame: see `RetransmitQueue.isMissingOn`. */
  hasLostOn(lane: Lane, framesBefore: number): boolean {
    return this.#queue.isMissingOn(lane, framesBefore);
  }

  /** Counts the frames on lanes that no longer carry as unsent. The next `pump` sends these frames again. */
  forgetOthers(): void {
    this.#queue.keepOnly(this.owner.carrying());
  }

  /** Sends the frames of this lane again, on the lanes that carry now. */
  sendAgain(lane: Lane): void {
    this.#queue.forgetLane(lane);
    this.pump();
  }

  /** Sends the frames again that hold up the rest after a planned switch, or while one lane of several stalls. */
  sendStragglersAgain(): void {
    if (this.owner.active()?.state !== 'ready') return;
    const slow = this.#queue.stragglersBeside(this.owner.carrying(), this.clock.now());
    if (slow !== undefined) this.sendAgain(slow);
  }

  /** The link is closed. */
  clear(): void {
    this.#queue.clear();
    this.#window.clear();
    this.#acks.settled();
  }

  stats(): Pick<LinkStats, 'unackedBytes' | 'unackedFrames' | 'heldBytes' | 'duplicates'> {
    return {
      unackedBytes: this.#queue.bytes,
      unackedFrames: this.#queue.length,
      heldBytes: this.#window.heldBytes,
      duplicates: this.#duplicates,
    };
  }

  get #isPeerKnown(): boolean {
    return this.#peerIncarnation !== undefined;
  }

  /** Acknowledges on the lane that brought the last frame: the peer sends there. */
  #acknowledge(heard: Lane | undefined): void {
    const lane = heard?.state === 'ready' ? heard : this.owner.active();
    lane?.sendFrame({ type: 'ack', received: this.received });
  }
}
