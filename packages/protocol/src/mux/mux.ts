import { WingmanError, type ErrorCode } from '../errors.js';
import { LIMITS } from '../limits.js';
import type { Link } from '../link/link.js';
import { FOLLOWS_NONE } from '../wire/link-frame.js';
import { HeadUnpacker } from '../wire/packed-head.js';
import {
  decodeStreamFrame,
  encodeCredit,
  encodeReset,
  type StreamFrame,
} from '../wire/stream-frame.js';
import { MESSAGE_OVERHEAD_BYTES, MuxStream, type StreamOwner } from './mux-stream.js';
import { ReceiveCredit, SendCredit } from './credit.js';
import { Framing } from './framing.js';
import { PeerIds } from './peer-ids.js';
import { ResetBudget } from './reset-budget.js';

export interface MuxOptions {
  /** Called for each stream that the peer opens. Without it every stream is refused. */
  onStream?: (stream: MuxStream, open: Uint8Array) => void;
  /**
   * Whether the peer may be told that heads can be unpacked here. Not where heads of different people pass: what one of
   * them has sent would show in the length of another's.
   */
  unpacksHeads?: boolean;
}

const LINK_STREAM = 0;

/** Streams over a link. Each stream and the link as a whole have byte credit, and streams take turns in sending. */
export class Mux {
  readonly #streams = new Map<number, MuxStream>();
  readonly #waiting = new Set<MuxStream>();
  readonly #sendCredit = new SendCredit(LIMITS.linkWindowBytes);
  readonly #receiveCredit: ReceiveCredit;
  readonly #owner: StreamOwner;
  readonly #resetBudget: ResetBudget;
  readonly #unpacker = new HeadUnpacker();
  readonly #framing = new Framing();
  #sendsUnordered = false;
  #nextId: number;
  readonly #peerIds: PeerIds;
  #peerStreams = 0;
  #pumping = false;

  constructor(
    readonly link: Link,
    private readonly options: MuxOptions = {},
  ) {
    const isInitiator = link.role === 'initiator';
    this.#nextId = isInitiator ? 1 : 2;
    this.#peerIds = new PeerIds(isInitiator ? 2 : 1);
    this.#receiveCredit = new ReceiveCredit(LIMITS.linkWindowBytes, (bytes) =>
      this.#sendCreditFor(LINK_STREAM, bytes),
    );
    this.#owner = this.#ownerOfStreams();
    this.#resetBudget = new ResetBudget(link.clock);
    link.start({
      frame: (payload, isOvertaking) =>
        this.#receive(this.#unpacked(decodeStreamFrame(payload), isOvertaking), isOvertaking),
      writable: () => this.#pump(),
      closed: (error) => this.#linkClosed(error),
      isNeeded: () => this.#streams.size + this.#waiting.size > 0,
    });
  }

  /** How many streams have not ended, ours and the peer's. */
  get streamCount(): number {
    return this.#streams.size + [...this.#waiting].filter((stream) => stream.id === 0).length;
  }

  /** Whether the peer may be told that heads can be unpacked here. */
  get unpacksHeads(): boolean {
    return this.options.unpacksHeads === true;
  }

  /** The peer has said that it can unpack heads: they go packed from now on. */
  packHeads(): void {
    this.#framing.packHeads();
  }

  /** The peer has said that it reads frames that are the last of their side: an END is no frame of its own from now on. */
  joinEnds(): void {
    this.#framing.joinEnds();
  }

  /** The peer has said that it reads unordered frames: where several lanes carry, streams don't wait for each other. */
  sendUnordered(): void {
    this.#sendsUnordered = true;
  }

  /** What the peer has sent and no reader has taken, in bytes. */
  get unreadBytes(): number {
    return this.#receiveCredit.unread;
  }

  /**
   * Opens a stream. Its first frame waits for the link, and also for the peer's first ATTACH unless the stream is
   * early. On a closed link the stream has failed already. A first frame that is the last one ends our side.
   */
  open(payload: Uint8Array, { isEarly = false, isLast = false } = {}): MuxStream {
    const stream = new MuxStream(this.#owner, isEarly);
    if (this.link.closeError !== undefined) stream.fail(this.link.closeError);
    stream.enqueue('open', [payload], isLast).catch(() => undefined);
    return stream;
  }

  #ownerOfStreams(): StreamOwner {
    return {
      wants: (stream) => {
        this.#waiting.add(stream);
        this.#pump();
      },
      returned: (bytes) => this.#receiveCredit.taken(bytes),
      credit: (stream, bytes) => this.#sendCreditFor(stream.id, bytes),
      reset: (stream, code) => this.#sendReset(stream.id, code),
      finished: (stream) => this.#finished(stream),
    };
  }

  /** Credit counts on nothing that was sent before it. */
  #sendCreditFor(id: number, bytes: number): void {
    const follows = this.#mayOvertake ? FOLLOWS_NONE : undefined;
    this.link.send([encodeCredit(id, bytes)], { follows });
  }

  #sendReset(id: number, code: ErrorCode): void {
    // A stream whose OPEN has not gone out is unknown to the peer.
    if (id !== 0) this.link.send([encodeReset(id, code)]);
  }

  #finished(stream: MuxStream): void {
    this.#waiting.delete(stream);
    if (!this.#streams.delete(stream.id)) return;
    if (this.#peerIds.isPeers(stream.id)) this.#peerStreams -= 1;
  }

  /** Sends some frames of each stream in turn, for as long as the link takes them. */
  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      while (this.#waiting.size > 0 && this.link.takesEarly) {
        const stream = this.#nextSendable();
        if (stream === undefined) return;
        this.#takeTurn(stream);
      }
    } finally {
      this.#pumping = false;
    }
  }

  /** The next stream in turn that has credit. Streams without credit wait outside until credit comes. */
  #nextSendable(): MuxStream | undefined {
    for (const stream of this.#waiting) {
      if (!stream.isEarly && !this.link.writable) continue;
      const cost = stream.nextOutgoing?.cost ?? 0;
      if (cost > this.#sendCredit.available) return undefined;
      this.#waiting.delete(stream);
      if (this.#isSendable(stream)) return stream;
    }
    return undefined;
  }

  /** Whether there is credit for the next frame of a stream, and room on the link. */
  #isSendable(stream: MuxStream): boolean {
    const cost = stream.nextOutgoing?.cost ?? Infinity;
    const isTaken = stream.isEarly ? this.link.takesEarly : this.link.writable;
    return isTaken && cost <= this.#sendCredit.available && cost <= stream.sendCredit.available;
  }

  /** A small answer goes in one turn: in one frame a turn, each of many would be whole only when all are. */
  #takeTurn(stream: MuxStream): void {
    let left: number = LIMITS.turnBytes;
    do left -= this.#sendNext(stream);
    while (left > 0 && this.#isSendable(stream));
    if (stream.nextOutgoing !== undefined) this.#waiting.add(stream);
  }

  /** Sends the next frame of a stream, and returns its cost. */
  #sendNext(stream: MuxStream): number {
    const outgoing = stream.nextOutgoing;
    if (outgoing === undefined) return 0;
    if (outgoing.type === 'open') this.#register(stream);
    this.#sendCredit.spend(outgoing.cost);
    const mayOvertake = this.#mayOvertake;
    for (const frame of this.#framing.framesOf(outgoing, stream.id, !mayOvertake)) {
      const follows = mayOvertake ? stream.lastFrame : undefined;
      stream.lastFrame = this.link.send(frame, { isEarly: stream.isEarly, follows });
    }
    stream.sentOutgoing();
    return outgoing.cost;
  }

  /**
   * Whether frames follow those of their own stream alone. Where several lanes carry, what a lost packet holds up on one of
   * them would hold up all other streams, and a small answer would wait for bulk.
   */
  get #mayOvertake(): boolean {
    return this.#sendsUnordered && this.link.isStriped;
  }

  /** Gives a stream its id when its OPEN goes out, so that ids rise in that order. */
  #register(stream: MuxStream): void {
    stream.id = this.#nextId;
    this.#nextId += 2;
    this.#streams.set(stream.id, stream);
  }

  /** Unpacks every head as it comes, also that of a stream that is over: the heads behind it count on it. */
  #unpacked(frame: StreamFrame, isOvertaking: boolean): StreamFrame {
    if (!('isPacked' in frame)) return frame;
    if (isOvertaking) throw new WingmanError('PROTOCOL_ERROR', 'a packed head has no order');
    return { ...frame, payload: this.#unpacker.unpack(frame.payload) };
  }

  #receive(frame: StreamFrame, isOvertaking: boolean): void {
    if (frame.type === 'open') {
      this.#opened(frame.stream, frame.payload, isOvertaking);
      return this.#endedWith(frame);
    }
    if (frame.type === 'credit' && frame.stream === LINK_STREAM) return this.#granted(frame.bytes);
    const stream = this.#streams.get(frame.stream);
    if (stream === undefined) return this.#late(frame);
    switch (frame.type) {
      case 'data':
        this.#receiveCredit.arrived(frame.payload.byteLength + MESSAGE_OVERHEAD_BYTES);
        stream.receive(frame.payload);
        return this.#endedWith(frame);
      case 'end':
        return stream.receiveEnd();
      case 'reset':
        this.#resetBudget.spend();
        return stream.receiveReset(
          new WingmanError(frame.code, `reset by the peer: ${frame.code}`),
        );
      case 'credit':
        stream.sendCredit.grant(frame.bytes);
        return this.#owner.wants(stream);
    }
  }

  /** The END that belongs to a frame. Its stream may be over by now, by what the frame has caused. */
  #endedWith({ stream, isLast }: { stream: number; isLast?: true }): void {
    if (isLast === true) this.#streams.get(stream)?.receiveEnd();
  }

  #granted(bytes: number): void {
    this.#sendCredit.grant(bytes);
    this.#pump();
  }

  /** A frame has come for a stream that is not there. One that crossed with our reset is dropped; one for a stream that never was is an error. */
  #late(frame: StreamFrame): void {
    const { stream: id } = frame;
    const wasOpen = this.#peerIds.isPeers(id) ? this.#peerIds.hasBeen(id) : id < this.#nextId;
    if (id === LINK_STREAM || !wasOpen) {
      throw new WingmanError('PROTOCOL_ERROR', `frame for unknown stream ${id}`);
    }
    if (frame.type !== 'data') return;
    const cost = frame.payload.byteLength + MESSAGE_OVERHEAD_BYTES;
    this.#receiveCredit.arrived(cost);
    this.#receiveCredit.taken(cost);
  }

  #opened(id: number, open: Uint8Array, isOvertaking: boolean): void {
    if (!this.#peerIds.take(id, isOvertaking)) {
      throw new WingmanError('PROTOCOL_ERROR', `stream ${id} can't be opened`);
    }
    const { onStream } = this.options;
    if (onStream === undefined || this.#peerStreams >= LIMITS.maxStreams) {
      return this.#sendReset(id, 'REFUSED');
    }
    const stream = new MuxStream(this.#owner);
    stream.id = id;
    this.#streams.set(id, stream);
    this.#peerStreams += 1;
    onStream(stream, open);
  }

  #linkClosed(error: WingmanError): void {
    for (const stream of [...this.#streams.values(), ...this.#waiting]) stream.fail(error);
    this.#streams.clear();
    this.#waiting.clear();
  }
}
