import type { Carrier } from '../carrier/carrier.js';
import { systemClock, type Clock, type Timer } from '../clock.js';
import { Emitter } from '../emitter.js';
import { CloseCode, WingmanError, toWingmanError, type ErrorCode } from '../errors.js';
import { LIMITS } from '../limits.js';
import { decodeLinkFrame, type LinkFrame } from '../wire/link-frame.js';
import { AckPolicy } from './ack-policy.js';
import { Lane, type Attachment, type LaneKind } from './lane.js';
import { LaneMonitor } from './lane-monitor.js';
import { LaneRoster } from './lane-roster.js';
import type {
  LinkEvent,
  LinkHandlers,
  LinkOptions,
  LinkState,
  LinkStats,
  Path,
} from './link-types.js';
import { ReceiveWindow } from './receive-window.js';
import { RetransmitQueue } from './retransmit-queue.js';
import { TrafficCount } from './traffic-count.js';

const TRANSITIONS: Readonly<Record<LinkState, readonly LinkState[]>> = {
  waiting: ['open', 'closed'],
  open: ['waiting', 'closed'],
  closed: [],
};

const MAX_INCARNATION = 2 ** 48;

/**
 * The connection between one viewer tab and the host. It outlives its carriers: every frame
 * arrives once and in order, whatever carries it.
 */
export class Link {
  readonly id: string;
  readonly role: 'initiator' | 'acceptor';
  readonly clock: Clock;
  readonly #graceMs: number;
  readonly #emitter = new Emitter<LinkEvent>();
  readonly #lanes = new LaneRoster();
  readonly #queue = new RetransmitQueue();
  readonly #window = new ReceiveWindow((payload) => this.#handlers?.frame(payload));
  readonly #acks: AckPolicy;
  readonly #incarnation = Math.floor(Math.random() * MAX_INCARNATION);
  readonly #traffic = new TrafficCount();
  readonly #monitor: LaneMonitor;
  #peerIncarnation: number | undefined;
  #handlers: LinkHandlers | undefined;
  #state: LinkState = 'waiting';
  #active: Lane | undefined;
  /** What the opener has chosen last, which suspicion may have left for a while. */
  #chosen: Lane | undefined;
  #lastPath: Path = 'offline';
  #useTurn = 0;
  #switches = 0;
  #duplicates = 0;
  #closeError: WingmanError | undefined;
  #grace: Timer | undefined;

  constructor(options: LinkOptions) {
    this.id = options.id;
    this.role = options.role;
    this.clock = options.clock ?? systemClock;
    this.#graceMs = options.graceMs ?? LIMITS.linkGraceMs;
    this.#acks = new AckPolicy(this.clock, () => this.#acknowledge());
    this.#monitor = new LaneMonitor(this.clock, {
      lanes: () => this.#lanes.all,
      isBusy: (lane) => this.#isBusy(lane),
      unackedBytes: () => this.#queue.bytes,
      dead: (lane) => this.#lose(lane, CloseCode.DEAD_PEER, 'silent'),
      suspect: (lane) => this.#suspect(lane),
      looked: () => this.#sendStragglersAgain(),
    });
    this.#startGrace();
  }

  get state(): LinkState {
    return this.#state;
  }

  get path(): Path {
    return this.#active?.kind ?? 'offline';
  }

  /** Why the link is closed. */
  get closeError(): WingmanError | undefined {
    return this.#closeError;
  }

  /** Whether a data frame would go out at once. Before the peer's first ATTACH none does, but early data. */
  get writable(): boolean {
    return this.#peerIncarnation !== undefined && this.takesEarly;
  }

  /** Whether early data would go out at once. */
  get takesEarly(): boolean {
    return (
      this.#active?.carrier.writable === true &&
      this.#queue.hasRoom &&
      this.#queue.nextUnsent() === undefined
    );
  }

  on(event: LinkEvent, listener: () => void): () => void {
    return this.#emitter.on(event, listener);
  }

  /** Names the layer above, once. */
  start(handlers: LinkHandlers): void {
    this.#handlers = handlers;
  }

  attachment(kind: LaneKind): Attachment | undefined {
    return this.#lanes.of(kind);
  }

  /** Asks every carrier for a sign of life: one that gives none within two seconds is given up. */
  doubt(): void {
    for (const lane of this.#lanes.all) lane.doubt();
  }

  /**
   * Adds a proven carrier and replays there what the peer lacks. It replaces another of the same
   * kind once it is ready. On a closed link the carrier is closed at once.
   */
  attach(carrier: Carrier, kind: LaneKind): Attachment {
    const lane = new Lane(kind, carrier, this.clock);
    if (this.#state === 'closed') {
      lane.transition('dead');
      carrier.close(CloseCode.GOING_AWAY, 'link is closed');
      return lane;
    }
    this.#replace(kind, 'attaching');
    this.#lanes.add(lane);
    lane.sendFrame({
      type: 'attach',
      received: this.#window.received,
      incarnation: this.#incarnation,
    });
    // Nothing to replay: heartbeats and early data need not wait for what the peer has received.
    if (this.#queue.length === 0 && this.#queue.nextSequence === 0) this.#ready(lane);
    carrier.start({
      message: (bytes) => this.#receive(lane, bytes),
      close: (reason) => this.#lose(lane, CloseCode.GOING_AWAY, reason),
      writable: () => this.#pump(),
    });
    this.#monitor.start();
    this.#emitter.emit('attachment');
    return lane;
  }

  /** Sends on this carrier from now on and asks the peer to do the same; false when it is not usable. */
  use(kind: LaneKind): boolean {
    const lane = this.#lanes.of(kind);
    if (lane?.isUsable !== true || this.#state === 'closed') return false;
    this.#choose(lane);
    return true;
  }

  /**
   * Numbers a frame of the layer above and sends it as soon as a carrier can. Data waits for
   * `writable`; control frames don't, up to a reserve that only a hostile peer exhausts.
   *
   * Early data (RFC 8470) may leave before the peer's first ATTACH. When the peer dies before that has come,
   * and another takes its place, both may execute it: it has to be safe (RFC 9110 section 9.2.1).
   */
  send(parts: readonly Uint8Array[], isEarly = false): void {
    if (this.#state === 'closed') return;
    if (this.#queue.isOverflowing) {
      return this.#end(new WingmanError('LIMIT_EXCEEDED', 'the peer acknowledges nothing'), true);
    }
    this.#queue.push(parts, isEarly);
    this.#pump();
  }

  /** Ends the link for good and tells the peer why. */
  close(reason: ErrorCode): void {
    this.#end(new WingmanError(reason, `link closed: ${reason}`), true);
  }

  stats(): LinkStats {
    const [p2p, relay] = [this.#lanes.of('p2p'), this.#lanes.of('relay')];
    return {
      id: this.id,
      state: this.#state,
      path: this.path,
      switches: this.#switches,
      bytes: this.#traffic.with(this.#lanes.all),
      rttMs: { p2p: p2p?.rttMs ?? null, relay: relay?.rttMs ?? null },
      quality: { p2p: p2p?.quality ?? null, relay: relay?.quality ?? null },
      unackedBytes: this.#queue.bytes,
      unackedFrames: this.#queue.length,
      heldBytes: this.#window.heldBytes,
      duplicates: this.#duplicates,
    };
  }

  #transition(next: LinkState): void {
    if (this.#state === next || !TRANSITIONS[this.#state].includes(next)) return;
    this.#state = next;
    if (next === 'waiting') this.#startGrace();
    else this.#grace?.cancel();
    this.#emitter.emit('state');
  }

  #startGrace(): void {
    this.#grace?.cancel();
    this.#grace = this.clock.setTimeout(() => {
      this.#end(new WingmanError('LINK_LOST', 'no way to the other side came back in time'), false);
    }, this.#graceMs);
  }

  #receive(lane: Lane, message: Uint8Array): void {
    if (lane.state === 'dead') return;
    lane.heard(message.byteLength);
    let frame: LinkFrame;
    try {
      frame = decodeLinkFrame(message);
    } catch {
      // A carrier that garbles is a broken carrier, not a broken link.
      return this.#lose(lane, CloseCode.PROTOCOL, 'malformed frame');
    }
    // It is the first on a carrier, which keeps order: this one has lost it.
    if (!lane.isIntroduced && frame.type !== 'attach' && frame.type !== 'close') {
      return this.#lose(lane, CloseCode.PROTOCOL, 'began without ATTACH');
    }
    try {
      this.#handle(lane, frame);
    } catch (error) {
      this.#end(toWingmanError(error, 'PROTOCOL_ERROR'), true);
    }
    // A sign of life of another lane is what a suspected one has been waiting for to be left.
    if (this.#active?.state === 'suspect') this.#failOver(this.#active);
  }

  #handle(lane: Lane, frame: LinkFrame): void {
    switch (frame.type) {
      case 'data':
        return this.#data(lane, frame.sequence, frame.payload);
      case 'ack':
        if (frame.received >= this.#queue.firstUnacked) this.#noteLane(lane);
        return this.#acknowledged(frame.received);
      case 'attach':
        return this.#attached(lane, frame.received, frame.incarnation);
      case 'use':
        return this.#follow(lane, frame.turn);
      case 'ping':
        return lane.sendFrame({
          type: 'pong',
          nonce: frame.nonce,
          received: this.#window.received,
        });
      case 'pong':
        return this.#pong(lane, frame.nonce, frame.received);
      case 'close':
        return this.#end(
          new WingmanError(frame.code, `the peer closed the link: ${frame.code}`),
          false,
        );
    }
  }

  #data(lane: Lane, sequence: number, payload: Uint8Array): void {
    if (sequence > (this.#active?.newestHeard ?? Infinity)) this.#noteLane(lane);
    lane.newestHeard = Math.max(lane.newestHeard, sequence);
    if (this.#window.accept(sequence, payload) === 'duplicate') this.#duplicates += 1;
    this.#acks.arrived(lane, payload.byteLength);
  }

  /** A peer whose newest comes by another way than ours may have found that ours is dead in its direction. */
  #noteLane(lane: Lane): void {
    if (lane !== this.#active && lane.state === 'ready') this.#active?.forsaken();
  }

  #acknowledge(): void {
    this.#acks.settled();
    const heard = this.#acks.lane;
    const lane = heard?.state === 'ready' ? heard : this.#active;
    lane?.sendFrame({ type: 'ack', received: this.#window.received });
  }

  #acknowledged(received: number): void {
    if (!this.#queue.acknowledge(received)) {
      throw new WingmanError('PROTOCOL_ERROR', 'acknowledged what was never sent');
    }
    this.#pump();
  }

  #attached(lane: Lane, received: number, incarnation: number): void {
    this.#peerIncarnation ??= incarnation;
    if (incarnation !== this.#peerIncarnation) {
      return this.#end(
        new WingmanError('LINK_LOST', 'the other side has forgotten this link'),
        true,
      );
    }
    lane.isIntroduced = true;
    this.#acknowledged(received);
    if (lane.state === 'attaching') this.#ready(lane);
  }

  #ready(lane: Lane): void {
    lane.transition('ready');
    lane.pingWhenDue(0);
    if (this.#active?.state !== 'ready' || this.#active.kind === lane.kind) {
      if (this.#active !== undefined) this.#queue.forgetLane(this.#active);
      this.#activate(lane);
    }
    this.#replace(lane.kind, 'ready', lane);
    this.#transition('open');
    this.#emitter.emit('attachment');
  }

  #replace(kind: LaneKind, stage: 'attaching' | 'ready', newest?: Lane): void {
    for (const lane of this.#lanes.superseded(kind, stage, newest)) {
      this.#lose(lane, CloseCode.REPLACED, 'replaced');
    }
  }

  #choose(lane: Lane): void {
    this.#useTurn += 1;
    lane.sendFrame({ type: 'use', turn: this.#useTurn });
    this.#chosen = lane;
    this.#activate(lane);
  }

  #follow(lane: Lane, turn: number): void {
    if (turn <= this.#useTurn || !lane.isUsable) return;
    this.#useTurn = turn;
    this.#chosen = lane;
    // The peer may have left because it hears nothing there.
    if (this.#active !== lane) this.#active?.forsaken();
    this.#activate(lane);
  }

  #pong(lane: Lane, nonce: number, received: number): void {
    const isFirst = lane.rttMs === null;
    const framesBefore = lane.pong(nonce);
    // Only an answer proves both directions; a peer that is merely heard may not hear us.
    if (lane.state === 'suspect') this.#recover(lane);
    this.#acknowledged(received);
    const oldest = this.#queue.oldest;
    // The carrier keeps order, so what it had taken before the ping has either arrived or is lost.
    if (oldest?.sentOn === lane && oldest.sentAs < framesBefore) {
      this.#lose(lane, CloseCode.PROTOCOL, 'the carrier lost a message');
    }
    // Its first answer is what proves a lane to whoever chooses between them.
    if (isFirst && lane.rttMs !== null) this.#emitter.emit('attachment');
  }

  #activate(lane: Lane): void {
    if (this.#active?.state === 'suspect') this.#queue.forgetLane(this.#active);
    this.#active = lane;
    if (this.#lastPath !== lane.kind) {
      if (this.#lastPath !== 'offline') this.#switches += 1;
      this.#lastPath = lane.kind;
    }
    this.#emitter.emit('path');
    this.#pump();
  }

  /** Sends what no living lane has sent, as far as the carrier takes it, then asks for more. */
  #pump(): void {
    const lane = this.#active;
    if (lane === undefined) return;
    for (;;) {
      if (!lane.carrier.writable) return;
      const frame = this.#queue.nextUnsent();
      if (frame === undefined) break;
      // The peer may be gone before it is known, and its successor would be sent the same once more.
      if (this.#peerIncarnation === undefined && !frame.isEarly) return;
      frame.sentOn = lane;
      frame.sentAs = lane.framesSent++;
      frame.sentAt = this.clock.now();
      lane.send(frame.bytes);
    }
    if (this.#queue.hasRoom) this.#handlers?.writable();
  }

  #lose(lane: Lane, code: number, reason: string): void {
    if (!lane.transition('dead')) return;
    lane.carrier.close(code, reason);
    this.#lanes.delete(lane);
    this.#traffic.retire(lane);
    this.#queue.forgetLane(lane);
    if (this.#active === lane) this.#failOver(lane);
    // What has ended this carrier, a network that changed or a host that is gone, may have hit the others.
    if (code !== CloseCode.REPLACED) this.doubt();
    this.#emitter.emit('attachment');
  }

  /** Gives up on the active lane: another takes over, or the link waits. */
  #failOver(from: Lane): void {
    const other = this.#lanes.successorOf(from);
    if (other !== undefined) {
      // The acceptor follows the opener, and comes back with it.
      if (this.role === 'initiator') this.#choose(other);
      else this.#activate(other);
      // The peer may hear us well: an acknowledgement on another lane tells it that we don't hear it on this one.
      return this.#acknowledge();
    }
    if (from.state !== 'dead') return;
    this.#active = undefined;
    this.#emitter.emit('path');
    this.#transition('waiting');
  }

  #recover(lane: Lane): void {
    lane.transition('ready');
    // The acceptor goes back to what was chosen; the opener judges first whether it still wants that.
    const isWanted = this.role === 'acceptor' && lane === this.#chosen;
    // The others may have died while this one was suspected: then nothing else carries.
    if (isWanted || this.#active === undefined) this.#activate(lane);
    this.#transition('open');
    this.#emitter.emit('attachment');
  }

  #suspect(lane: Lane): void {
    if (!lane.transition('suspect')) return;
    if (this.#active === lane) {
      this.#failOver(lane);
    } else if (this.#active?.state === 'ready') {
      this.#queue.forgetLane(lane);
      this.#pump();
    }
    this.#emitter.emit('attachment');
  }

  /** Whether something is under way here whose loss should be noticed fast. */
  #isBusy(lane: Lane): boolean {
    return (lane === this.#active && this.#queue.length > 0) || this.#acks.isRecentOn(lane);
  }

  /** A planned switch leaves frames on their way; a carrier too slow or too dead for them must not hold up the rest. */
  #sendStragglersAgain(): void {
    const { sentOn: from, sentAt = 0 } = this.#queue.oldest ?? {};
    if (from === undefined || from === this.#active || this.#active?.state !== 'ready') return;
    if (this.clock.now() - sentAt < from.stragglerMs) return;
    this.#queue.forgetLane(from);
    this.#pump();
  }

  #end(error: WingmanError, tellPeer: boolean): void {
    if (this.#state === 'closed') return;
    this.#closeError = error;
    for (const lane of this.#lanes.all) {
      if (tellPeer) lane.sendFrame({ type: 'close', code: error.code });
      lane.transition('dead');
      this.#traffic.retire(lane);
      lane.carrier.close(CloseCode.GOING_AWAY, error.code);
    }
    this.#lanes.clear();
    this.#active = undefined;
    this.#queue.clear();
    this.#window.clear();
    this.#acks.settled();
    this.#monitor.stop();
    this.#transition('closed');
    this.#emitter.emit('path');
    this.#handlers?.closed(error);
  }
}
