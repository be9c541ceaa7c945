import type { Carrier } from '../carrier/carrier.js';
import { systemClock, type Clock, type Timer } from '../clock.js';
import { Emitter } from '../emitter.js';
import { CloseCode, WingmanError, toWingmanError, type ErrorCode } from '../errors.js';
import { LIMITS } from '../limits.js';
import { StateMachine, type TransitionTable } from '../state-machine.js';
import { decodeLinkFrame, type LinkFrame } from '../wire/link-frame.js';
import { AckPolicy } from './ack-policy.js';
import type { Lane } from './lane.js';
import type { Attachment, LaneKind } from './lane-evidence.js';
import type {
  AttachOptions,
  LinkEvent,
  LinkHandlers,
  LinkOptions,
  LinkState,
  LinkStats,
  Path,
} from './link-types.js';
import { PathMachine, type PathMove } from './path-machine.js';
import type { Preference } from './path-policy.js';
import { ReceiveWindow } from './receive-window.js';
import { RetransmitQueue } from './retransmit-queue.js';

const TRANSITIONS: TransitionTable<LinkState> = {
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
  readonly #machine = new StateMachine(TRANSITIONS, 'waiting', (state) => this.#entered(state));
  readonly #paths: PathMachine;
  readonly #queue = new RetransmitQueue();
  readonly #window = new ReceiveWindow((payload) => this.#handlers?.frame(payload));
  readonly #acks: AckPolicy;
  readonly #incarnation = Math.floor(Math.random() * MAX_INCARNATION);
  #peerIncarnation: number | undefined;
  #handlers: LinkHandlers | undefined;
  #lastPath: Path = 'offline';
  #switches = 0;
  #duplicates = 0;
  #closeError: WingmanError | undefined;
  #grace: Timer | undefined;

  constructor(options: LinkOptions) {
    this.id = options.id;
    this.role = options.role;
    this.clock = options.clock ?? systemClock;
    this.#graceMs = options.graceMs ?? LIMITS.linkGraceMs;
    this.#paths = this.#steeredBy(options);
    this.#acks = new AckPolicy(this.clock, (heard) => this.#acknowledge(heard));
    this.#startGrace();
  }

  get state(): LinkState {
    return this.#machine.state;
  }

  get path(): Path {
    return this.#paths.active?.kind ?? 'offline';
  }

  /** Why the link is closed. */
  get closeError(): WingmanError | undefined {
    return this.#closeError;
  }

  /** Whether a data frame would go out at once. Before the peer's first ATTACH only early data goes out. */
  get writable(): boolean {
    return this.#peerIncarnation !== undefined && this.takesEarly;
  }

  /** Whether early data would go out at once. */
  get takesEarly(): boolean {
    return (
      this.#paths.active?.carrier.writable === true &&
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
    return this.#paths.lanes.of(kind);
  }

  /** Asks every carrier for a sign of life: one that gives none within two seconds is given up. */
  doubt(): void {
    this.#paths.doubt();
  }

  /**
   * Adds a proven carrier and replays there what the peer lacks. Unless it joins the others of its kind, it
   * replaces them once it is ready. On a closed link the carrier is closed at once.
   */
  attach(carrier: Carrier, kind: LaneKind, { joins = false }: AttachOptions = {}): Attachment {
    const lane = this.#paths.add(carrier, kind, joins);
    if (lane.state === 'dead') return lane;
    lane.sendFrame({
      type: 'attach',
      received: this.#window.received,
      incarnation: this.#incarnation,
    });
    // Nothing to replay: heartbeats and early data need not wait for what the peer has received.
    if (this.#queue.nextSequence === 0) this.#paths.ready(lane);
    carrier.start({
      message: (bytes) => this.#receive(lane, bytes),
      close: (reason) => this.#paths.lose(lane, CloseCode.GOING_AWAY, reason),
      writable: () => this.#pump(),
    });
    this.#emitter.emit('attachment');
    return lane;
  }

  /** Chooses by this preference from now on; `p2p` also forgives the direct path what it has done. */
  prefer(preference: Preference): void {
    this.#paths.prefer(preference);
  }

  /**
   * Sends on this carrier from now on and asks the peer to do the same; false when it can't carry now. A link
   * with a preference chooses again with the next evidence.
   */
  use(kind: LaneKind): boolean {
    const lane = this.#paths.lanes.of(kind);
    return lane?.isUsable === true && this.#paths.use(lane);
  }

  /**
   * Numbers a frame of the layer above and sends it as soon as a carrier can. Data waits for
   * `writable`; control frames don't, up to a reserve that only a hostile peer exhausts.
   *
   * Early data (RFC 8470) may leave before the peer's first ATTACH. When the peer dies before that has come,
   * and another takes its place, both may execute it: it has to be safe (RFC 9110 section 9.2.1).
   */
  send(parts: readonly Uint8Array[], isEarly = false): void {
    if (this.state === 'closed') return;
    if (this.#queue.isOverflowing) {
      return this.#end(new WingmanError('LIMIT_EXCEEDED', 'the peer acknowledges nothing'), true);
    }
    this.#queue.push(parts, isEarly);
    this.#paths.watch();
    this.#pump();
  }

  /** Ends the link for good and tells the peer why. */
  close(reason: ErrorCode): void {
    this.#end(new WingmanError(reason, `link closed: ${reason}`), true);
  }

  stats(): LinkStats {
    const { lanes } = this.#paths;
    return {
      id: this.id,
      state: this.state,
      path: this.path,
      switches: this.#switches,
      ...lanes.stats(),
      unackedBytes: this.#queue.bytes,
      unackedFrames: this.#queue.length,
      heldBytes: this.#window.heldBytes,
      duplicates: this.#duplicates,
    };
  }

  /** The machine decides which lane carries; what that means for frames is done here. */
  #steeredBy({ role, preference, history }: LinkOptions): PathMachine {
    return new PathMachine(
      {
        unackedBytes: () => this.#queue.bytes,
        isBusy: (lane) => this.#isBusy(lane),
        move: (move) => this.#move(move),
        forget: (lane) => this.#sendAgain(lane),
        changed: () => this.#emitter.emit('attachment'),
        looked: () => this.#sendStragglersAgain(),
      },
      { role, preference, history, clock: this.clock },
    );
  }

  #entered(state: LinkState): void {
    if (state === 'waiting') this.#startGrace();
    else this.#grace?.cancel();
    this.#emitter.emit('state');
  }

  #startGrace(): void {
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
      return this.#paths.lose(lane, CloseCode.PROTOCOL, 'malformed frame');
    }
    // ATTACH is the first frame on a carrier, and a carrier keeps order: this carrier has lost it.
    if (!lane.isIntroduced && frame.type !== 'attach' && frame.type !== 'close') {
      return this.#paths.lose(lane, CloseCode.PROTOCOL, 'began without ATTACH');
    }
    try {
      this.#handle(lane, frame);
    } catch (error) {
      this.#end(toWingmanError(error, 'PROTOCOL_ERROR'), true);
    }
    this.#paths.heard();
  }

  #handle(lane: Lane, frame: LinkFrame): void {
    switch (frame.type) {
      case 'data':
        return this.#data(lane, frame.sequence, frame.payload);
      case 'ack':
        if (frame.received >= this.#queue.firstUnacked) this.#paths.newestOn(lane);
        return this.#acknowledged(frame.received);
      case 'attach':
        return this.#attached(lane, frame.received, frame.incarnation);
      case 'use':
        return this.#paths.follow(lane, frame.turn);
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
    if (sequence > (this.#paths.active?.newestHeard ?? Infinity)) this.#paths.newestOn(lane);
    lane.newestHeard = Math.max(lane.newestHeard, sequence);
    if (this.#window.accept(sequence, payload) === 'duplicate') this.#duplicates += 1;
    this.#acks.arrived(lane, payload.byteLength);
    this.#paths.watch();
  }

  /** Says what has come. The lane that brought the last of it is the one that the peer believes in. */
  #acknowledge(heard: Lane | undefined): void {
    const lane = heard?.state === 'ready' ? heard : this.#paths.active;
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
    if (lane.state === 'attaching') this.#paths.ready(lane);
  }

  #pong(lane: Lane, nonce: number, received: number): void {
    const isFirst = lane.rttMs === null;
    const framesBefore = lane.pong(nonce);
    this.#acknowledged(received);
    if (this.#queue.isMissingOn(lane, framesBefore)) {
      return this.#paths.lose(lane, CloseCode.PROTOCOL, 'the carrier lost a message');
    }
    this.#paths.answered(lane, isFirst && lane.rttMs !== null);
  }

  #move({ from, to, turn }: PathMove): void {
    if (to === undefined) {
      this.#emitter.emit('path');
      return void this.#machine.transition('waiting');
    }
    if (turn !== undefined) to.sendFrame({ type: 'use', turn });
    const isFlight = from !== undefined && from.state !== 'ready';
    if (isFlight) this.#queue.forgetLane(from);
    if (this.#lastPath !== 'offline' && this.#lastPath !== to.kind) this.#switches += 1;
    this.#lastPath = to.kind;
    this.#emitter.emit('path');
    this.#pump();
    this.#machine.transition('open');
    // The peer may still hear us on the old lane. An acknowledgement elsewhere tells the peer that we have left.
    if (isFlight) this.#acks.acknowledge();
  }

  /** Sends what no living lane has sent, as far as the carrier takes it, then asks for more. */
  #pump(): void {
    const lane = this.#paths.active;
    if (lane === undefined) return;
    // The peer may die before it is known. Its successor would be sent the same frames once more.
    const isOnlyEarly = this.#peerIncarnation === undefined;
    if (!this.#queue.sendOn(lane, this.clock.now(), isOnlyEarly)) return;
    if (this.#queue.hasRoom) this.#handlers?.writable();
  }

  /** Whether something is under way here whose loss should be noticed fast. */
  #isBusy(lane: Lane): boolean {
    return (lane === this.#paths.active && this.#queue.length > 0) || this.#acks.isRecentOn(lane);
  }

  /** What was sent on a lane that doesn't carry any more goes out on the one that does. */
  #sendAgain(lane: Lane): void {
    this.#queue.forgetLane(lane);
    this.#pump();
  }

  /** A planned switch leaves frames on their way. A carrier that is too slow for them must not hold up the rest. */
  #sendStragglersAgain(): void {
    const { active } = this.#paths;
    if (active?.state !== 'ready') return;
    const slow = this.#queue.stragglersBeside(active, this.clock.now());
    if (slow !== undefined) this.#sendAgain(slow);
  }

  #end(error: WingmanError, tellPeer: boolean): void {
    if (this.state === 'closed') return;
    this.#closeError = error;
    for (const lane of this.#paths.lanes.all) {
      if (tellPeer) lane.sendFrame({ type: 'close', code: error.code });
      lane.transition('dead');
      lane.carrier.close(CloseCode.GOING_AWAY, error.code);
    }
    this.#paths.stop();
    this.#queue.clear();
    this.#window.clear();
    this.#acks.settled();
    this.#machine.transition('closed');
    this.#emitter.emit('path');
    this.#handlers?.closed(error);
  }
}
