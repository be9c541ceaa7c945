import type { Carrier } from '../carrier/carrier.js';
import { systemClock, type Clock, type Timer } from '../clock.js';
import { Emitter } from '../emitter.js';
import { CloseCode, WingmanError, toWingmanError, type ErrorCode } from '../errors.js';
import { LIMITS } from '../limits.js';
import { StateMachine, type TransitionTable } from '../state-machine.js';
import type { LinkFrame } from '../wire/link-frame.js';
import { Delivery, type NumberedFrame } from './delivery.js';
import type { Lane } from './lane.js';
import type { Attachment, ChannelWay, LaneKind } from './lane-evidence.js';
import { paceOf, type DeliveryPace } from './flight.js';
import type {
  AttachOptions,
  LinkEvent,
  LinkHandlers,
  LinkOptions,
  LinkState,
  LinkStats,
  Path,
  SendOptions,
} from './link-types.js';
import { PathMachine } from './path-machine.js';
import type { Choice } from './path-policy.js';
import type { PathMove } from './steered-link.js';

const TRANSITIONS: TransitionTable<LinkState> = {
  waiting: ['open', 'closed'],
  open: ['waiting', 'closed'],
  closed: [],
};

/**
 * The connection between one viewer tab and the host. A link outlives its carriers, and every frame arrives once
 * and in order.
 */
export class Link {
  readonly id: string;
  readonly role: 'initiator' | 'acceptor';
  readonly clock: Clock;
  readonly #graceMs: number;
  readonly #emitter = new Emitter<LinkEvent>();
  readonly #machine = new StateMachine(TRANSITIONS, 'waiting', (state) => this.#entered(state));
  readonly #paths: PathMachine;
  readonly #delivery: Delivery;
  #handlers: LinkHandlers | undefined;
  #closeError: WingmanError | undefined;
  #grace: Timer | undefined;

  constructor(options: LinkOptions) {
    this.id = options.id;
    this.role = options.role;
    this.clock = options.clock ?? systemClock;
    this.#graceMs = options.graceMs ?? LIMITS.linkGraceMs;
    const paths = this.#steeredBy(options);
    this.#paths = paths;
    this.watched(options.isWatched ?? true);
    const owner = {
      active: () => paths.active,
      carrying: () => paths.carrying,
      frame: (payload: Uint8Array, isOvertaking: boolean) =>
        this.#handlers?.frame(payload, isOvertaking),
      writable: () => this.#handlers?.writable(),
    };
    this.#delivery = new Delivery(owner, this.clock);
    this.#startGrace();
  }

  get state(): LinkState {
    return this.#machine.state;
  }

  get path(): Path {
    return this.#paths.active?.kind ?? 'offline';
  }

  get pace(): DeliveryPace {
    return paceOf(this.#paths.carrying.map((lane) => lane.flight));
  }

  /** Why the link is closed. */
  get closeError(): WingmanError | undefined {
    return this.#closeError;
  }

  /** Whether a data frame would go out at once. Only early data goes out before the peer's first ATTACH. */
  get writable(): boolean {
    return this.#delivery.isWritable;
  }

  /** Whether frames go out on several lanes, so that one may come before another that was sent earlier. */
  get isStriped(): boolean {
    return this.#paths.carrying.length > 1;
  }

  /** Whether early data would go out at once. */
  get takesEarly(): boolean {
    return this.#delivery.takesEarly;
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

  /** Asks every carrier for a sign of life. A carrier that gives none within its patience is given up. */
  doubt(): void {
    this.#paths.doubt();
  }

  /**
   * Adds a proven carrier, and sends on it what the peer lacks. The carrier replaces the others of its kind once it
   * is ready, unless it `joins` them. A closed link closes the carrier at once.
   */
  attach(carrier: Carrier, kind: LaneKind, options: AttachOptions = {}): Attachment {
    const lane = this.#paths.add(carrier, kind, options);
    if (lane.state === 'dead') return lane;
    lane.sendFrame({ type: 'attach', ...this.#delivery.introduction });
    // The answer comes with the peer's own ATTACH: a path is proved a round trip sooner.
    lane.ping();
    // There is nothing to replay, so heartbeats and early data need not wait for the peer's ATTACH.
    if (this.#delivery.hasSentNothing) this.#paths.ready(lane);
    carrier.start({
      message: (bytes) => this.#receive(lane, bytes),
      close: (reason) => this.#paths.lose(lane, CloseCode.GOING_AWAY, reason),
      writable: () => this.#delivery.pump(),
    });
    this.#emitter.emit('attachment');
    return lane;
  }

  /** ICE has taken another way for this carrier. */
  reclassify({ id }: Attachment, kind: ChannelWay): void {
    if (this.#paths.reclassify(id, kind)) this.#emitter.emit('path');
  }

  /** Closes a lane that is not needed any more. Its unacknowledged frames go out again on another lane. */
  retire(lane: Attachment): void {
    this.#paths.retire(lane.id);
  }

  /** Whether somebody wants to know from now on, at any time, whether the peer is there. */
  watched(isWatched: boolean): void {
    this.#paths.watched(isWatched);
  }

  /** Chooses by this preference from now on. `p2p` also forgives the failures of the direct path. */
  prefer(preference: Choice): void {
    this.#paths.prefer(preference);
  }

  /**
   * Sends on this kind of carrier from now on and asks the peer to do the same; false when no such carrier can carry
   * now. A link with a preference chooses again with the next evidence.
   */
  use(kind: LaneKind): boolean {
    const lane = this.#paths.lanes.of(kind);
    return lane?.isUsable === true && this.#paths.use(lane);
  }

  /**
   * Numbers a frame of the layer above and sends it as soon as a carrier can; returns the number. Callers send data only when the link is
   * `writable`. Control frames may go out at any time, up to a reserve that only a hostile peer exhausts.
   *
   * Early data (RFC 8470) may leave before the peer's first ATTACH. A peer that dies before that ATTACH and the
   * peer's successor may both execute early data, so it has to be safe (RFC 9110 section 9.2.1).
   */
  send(parts: readonly Uint8Array[], options?: SendOptions): number {
    if (this.state === 'closed') return 0;
    if (this.#delivery.isOverflowing) {
      this.#end(new WingmanError('LIMIT_EXCEEDED', 'the peer acknowledges nothing'), true);
      return 0;
    }
    const sequence = this.#delivery.send(parts, options);
    this.#paths.watch();
    return sequence;
  }

  /** Ends the link for good and tells the peer why. */
  close(reason: ErrorCode): void {
    this.#end(new WingmanError(reason, `link closed: ${reason}`), true);
  }

  stats(): LinkStats {
    return {
      id: this.id,
      state: this.state,
      path: this.path,
      switches: this.#paths.switches,
      ...this.#paths.lanes.stats(),
      ...this.#delivery.stats(),
    };
  }

  /** The path machine decides which lane carries. The link moves the frames. */
  #steeredBy({ role, preference, history }: LinkOptions): PathMachine {
    return new PathMachine(
      {
        unackedBytes: () => this.#delivery.unackedBytes,
        isBusy: (lane) => this.#delivery.isBusy(lane),
        isNeeded: () => this.#handlers?.isNeeded?.() ?? false,
        move: (move) => this.#move(move),
        forget: (lane) => this.#delivery.sendAgain(lane),
        changed: () => this.#emitter.emit('attachment'),
        looked: () => {
          this.#delivery.sendStragglersAgain();
          this.#emitter.emit('look');
        },
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
      this.#end(new WingmanError('LINK_LOST', 'no carrier to the peer came back in time'), false);
    }, this.#graceMs);
  }

  #receive(lane: Lane, message: Uint8Array): void {
    if (lane.state === 'dead') return;
    const frame = lane.read(message);
    if (typeof frame === 'string') return this.#paths.lose(lane, CloseCode.PROTOCOL, frame);
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
        return this.#data(lane, frame);
      case 'ack':
        if (frame.received >= this.#delivery.firstUnacked) this.#paths.newestOn(lane);
        return this.#delivery.acknowledged(frame.received);
      case 'attach':
        return this.#attached(lane, frame.received, frame.incarnation);
      case 'use':
        return this.#paths.follow(lane, frame.turn);
      case 'ping':
        lane.asked();
        return lane.sendFrame({ ...frame, type: 'pong', received: this.#delivery.received });
      case 'pong':
        return this.#pong(lane, frame.nonce, frame.received);
      case 'close':
        return this.#end(
          new WingmanError(frame.code, `the peer closed the link: ${frame.code}`),
          false,
        );
    }
  }

  #data(lane: Lane, frame: NumberedFrame): void {
    this.#paths.heardNumber(lane, frame.sequence);
    lane.newestHeard = Math.max(lane.newestHeard, frame.sequence);
    this.#delivery.receive(lane, frame);
    this.#paths.watch();
  }

  #attached(lane: Lane, received: number, incarnation: number): void {
    if (!this.#delivery.meet(incarnation)) {
      return this.#end(new WingmanError('LINK_LOST', 'the peer has forgotten this link'), true);
    }
    lane.isIntroduced = true;
    this.#delivery.acknowledged(received);
    if (lane.state === 'attaching') this.#paths.ready(lane);
  }

  #pong(lane: Lane, nonce: number, received: number): void {
    const isFirst = lane.rttMs === null;
    const framesBefore = lane.pong(nonce);
    this.#delivery.acknowledged(received);
    if (this.#delivery.hasLostOn(lane, framesBefore)) {
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
    if (isFlight) this.#delivery.forgetOthers();
    this.#emitter.emit('path');
    this.#delivery.pump();
    this.#machine.transition('open');
    // The peer may still hear us on the old lane. An acknowledgement on the new one tells the peer that we have left.
    if (isFlight) this.#delivery.acknowledge();
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
    this.#delivery.clear();
    this.#machine.transition('closed');
    this.#emitter.emit('path');
    this.#handlers?.closed(error);
  }
}
