import type { Carrier } from '../carrier/carrier.js';
import type { Clock } from '../clock.js';
import { CloseCode } from '../errors.js';
import { LIMITS } from '../limits.js';
import { Lane } from './lane.js';
import type { ChannelWay, LaneKind } from './lane-evidence.js';
import type { AttachOptions } from './link-types.js';
import { LaneMonitor } from './lane-monitor.js';
import { LaneRoster } from './lane-roster.js';
import { PathHistory } from './path-history.js';
import { decidePath, type PathDecision, type PolicyRow, type Choice } from './path-policy.js';
import type { Steered } from './steered-link.js';

export interface PathMachineOptions {
  readonly role: 'initiator' | 'acceptor';
  readonly clock: Clock;
  readonly preference?: Choice | undefined;
  readonly history?: PathHistory | undefined;
}

/** Decides which lane carries: gathers the evidence of all lanes, asks the policy, and has the link carry the decision out. */
export class PathMachine {
  readonly lanes = new LaneRoster();
  readonly #link: Steered;
  readonly #role: 'initiator' | 'acceptor';
  readonly #clock: Clock;
  readonly #history: PathHistory;
  readonly #monitor: LaneMonitor;
  #preference: Choice | undefined;
  #active: Lane | undefined;
  /** The lane that the opener has chosen last. A suspected lane stays chosen while another one carries. */
  #chosen: Lane | undefined;
  /** The number of the last choice, ours or the peer's. */
  #turn = 0;
  /** The kind of the lane that carried last. */
  #lastKind: LaneKind | undefined;
  #switches = 0;
  #isStopped = false;

  constructor(link: Steered, { role, clock, preference, history }: PathMachineOptions) {
    this.#link = link;
    this.#role = role;
    this.#clock = clock;
    this.#preference = preference;
    this.#history = history ?? new PathHistory();
    const monitored = {
      lanes: () => this.lanes.all,
      isBusy: (lane: Lane) => link.isBusy(lane),
      isNeeded: () => link.isNeeded(),
      unackedBytes: () => link.unackedBytes(),
      dead: (lane: Lane) => this.lose(lane, CloseCode.DEAD_PEER, 'silent'),
      overdue: (lane: Lane) => this.#suspect(lane),
      looked: () => this.#looked(),
      dueMs: () => this.#dueMs(),
    };
    const patience = role === 'acceptor' ? LIMITS.acceptorPatience : 1;
    this.#monitor = new LaneMonitor(clock, monitored, patience);
  }

  /** The lane that frames are sent on. */
  get active(): Lane | undefined {
    return this.#active;
  }

  /** The lanes that frames are striped over. */
  get carrying(): readonly Lane[] {
    return this.lanes.carryingWith(this.#active);
  }

  /** How often a lane of the other kind has taken over. */
  get switches(): number {
    return this.#switches;
  }

  /**
   * A carrier has been attached. It replaces the others of its kind once it is ready, unless it `joins` them. After
   * the end of the link the carrier is closed at once, and its lane is dead.
   */
  add(carrier: Carrier, kind: LaneKind, options: AttachOptions): Lane {
    const id = this.lanes.nextId();
    const lane = new Lane({ id, kind, carrier, clock: this.#clock, ...options });
    if (this.#isStopped) {
      lane.transition('dead');
      carrier.close(CloseCode.GOING_AWAY, 'link is closed');
      return lane;
    }
    this.#replaceFor(lane);
    this.lanes.add(lane);
    this.#monitor.watch();
    return lane;
  }

  /** The peer's ATTACH has come on this lane, or the link need not wait for it. */
  ready(lane: Lane): void {
    lane.transition('ready');
    if (!lane.isAwaited) lane.ping();
    this.#directIsReady(lane, true);
    this.#replaceFor(lane);
    this.#steer();
    this.#link.changed();
  }

  /** A lane is over. When there is an `heir`, it takes the lane's place. */
  lose(lane: Lane, code: number, reason: string, heir?: Lane): void {
    const isFailure = lane.state === 'ready' && heir === undefined && this.lanes.isLastDirect(lane);
    if (!lane.transition('dead')) return;
    lane.carrier.close(code, reason);
    this.lanes.delete(lane);
    if (isFailure) this.#history.failed(this.#clock.now());
    if (heir !== undefined) this.#inherit(lane, heir);
    this.#steer();
    this.#link.forget(lane);
    // The cause may have hit the other carriers too: a network that changed, or a host that is gone.
    if (heir === undefined) this.doubt();
    this.#link.changed();
  }

  /** A lane is closed because it is not needed. Such an end is no failure, and casts no doubt on the other lanes. */
  retire(id: number): void {
    const lane = this.lanes.get(id);
    if (lane?.transition('dead') !== true) return;
    this.lanes.delete(lane);
    this.#steer();
    this.#link.forget(lane);
    lane.carrier.close(CloseCode.NORMAL, 'not needed');
    this.#link.changed();
  }

  /** Asks every carrier for a sign of life. */
  doubt(): void {
    for (const lane of this.lanes.all) lane.doubt();
    this.#monitor.watch();
  }

  prefer(preference: Choice): void {
    this.#preference = preference;
    if (preference === 'p2p') this.#history.forgive();
    this.#steer();
  }

  /** The carrier of a lane takes another way from now on; false when the lane is gone or has that kind. */
  reclassify(id: number, kind: ChannelWay): boolean {
    const lane = this.lanes.get(id);
    if (lane === undefined || lane.kind === kind) return false;
    lane.kind = kind;
    if (lane === this.#active) this.#count(kind);
    this.#steer();
    return true;
  }

  /** This end asks for a lane; false when another lane has to carry instead. */
  use(lane: Lane): boolean {
    const { carry, isTold } = this.#decide(lane);
    this.#move(this.lanes.get(carry), isTold);
    return this.#active === lane;
  }

  /** The peer sends on this lane from now on, and asks this end to do the same. */
  follow(lane: Lane, turn: number): void {
    if (turn <= this.#turn || !lane.isUsable) return;
    this.#turn = turn;
    this.#chosen = lane;
    // The peer may have left the old lane because it hears nothing there.
    this.newestOn(lane);
    this.#steer(lane);
  }

  /** The peer's newest frame has come on this lane. A peer that sends on another kind of lane than we do may have found our lanes dead. */
  newestOn(lane: Lane): void {
    if (lane.kind === this.#active?.kind || lane.state !== 'ready') return;
    for (const left of this.lanes.kin(this.#active)) left.left();
  }

  /** A numbered frame has come on this lane. The newest frame shows on which lanes the peer sends. */
  heardNumber(lane: Lane, sequence: number): void {
    const kin = this.lanes.kin(this.#active);
    const isNewer = (other: Lane): boolean => sequence > other.newestHeard;
    if (!kin.includes(lane)) {
      if (kin.every(isNewer)) this.newestOn(lane);
    } else if (this.lanes.all.every(isNewer)) {
      for (const taken of kin) taken.taken();
    }
  }

  /** A message has come. While the active lane is suspected, the link waits for a sign of life on another one. */
  heard(): void {
    if (this.#active?.state === 'suspect') this.#steer();
  }

  /** A ping is answered. Only an answer proves both directions: a peer that we hear may not hear us. */
  answered(lane: Lane, isFirst: boolean): void {
    const isRecovered = lane.state === 'suspect' && lane.transition('ready');
    if (isRecovered) this.#directIsReady(lane, false);
    if (!isRecovered && !isFirst) return;
    this.#steer();
    this.#link.changed();
  }

  /** Whether somebody wants to know at any time whether the peer is there. */
  watched(isWatched: boolean): void {
    this.#monitor.isWatched = isWatched;
    this.#monitor.watch();
  }

  /** Something is under way: the monitor looks soon. */
  watch(): void {
    this.#monitor.watch();
  }

  /** The link is closed. */
  stop(): void {
    this.#isStopped = true;
    this.#monitor.stop();
    for (const lane of this.lanes.all) this.lanes.delete(lane);
    this.#active = undefined;
  }

  get #row(): PolicyRow {
    return this.#role === 'acceptor' ? 'follow' : (this.#preference ?? 'stay');
  }

  /** Whether this end chooses between several lanes, so that the history matters. */
  get #isChoosing(): boolean {
    return this.lanes.size > 1 && this.#row !== 'follow' && this.#row !== 'stay';
  }

  /** Acts on the evidence as it is now. `asked` is the lane that an end of the link has just asked for. */
  #steer(asked = this.#active): void {
    const { carry, giveUp, isTold } = this.#decide(asked);
    const to = this.lanes.get(carry);
    if (to !== this.#active) this.#move(to, isTold);
    for (const id of giveUp) {
      const lane = this.lanes.get(id);
      if (lane !== undefined) this.lose(lane, CloseCode.DEAD_PEER, 'hopeless');
    }
  }

  #decide(active: Lane | undefined): PathDecision {
    return decidePath({
      row: this.#row,
      lanes: this.lanes.all,
      active: active?.id,
      chosen: this.#chosen?.id,
      chosenKind: this.#chosen?.kind,
      direct: this.#history.standing(this.#clock.now()),
    });
  }

  #move(to: Lane | undefined, isTold: boolean): void {
    const from = this.#active;
    this.#active = to;
    if (isTold) this.#chosen = to;
    if (to !== undefined) this.#count(to.kind);
    this.#link.move({ from, to, turn: isTold ? ++this.#turn : undefined });
  }

  #count(kind: LaneKind): void {
    if (this.#lastKind !== undefined && this.#lastKind !== kind) this.#switches += 1;
    this.#lastKind = kind;
  }

  #replaceFor(newer: Lane): void {
    for (const older of this.lanes.replacedBy(newer)) {
      this.lose(older, CloseCode.REPLACED, 'replaced', newer);
    }
  }

  #inherit(older: Lane, newer: Lane): void {
    if (this.#chosen === older) this.#chosen = newer;
    if (this.#active === older) this.#move(newer, false);
  }

  #directIsReady(lane: Lane, isFresh: boolean): void {
    if (lane.kind !== 'relay') this.#history.ready(this.#clock.now(), isFresh);
  }

  #suspect(lane: Lane): void {
    if (!lane.transition('suspect')) return;
    if (this.lanes.isLastDirect(lane)) this.#history.suspected(this.#clock.now());
    if (lane === this.#active) this.#steer();
    else if (this.#active?.state === 'ready') this.#link.forget(lane);
    this.#link.changed();
  }

  #looked(): void {
    if (this.#isChoosing) {
      const { p2p, turn, relay } = this.lanes.qualities();
      this.#history.compare(this.#clock.now(), { p2p: p2p ?? turn, relay }, this.lanes.carried);
    }
    this.#steer();
    this.#link.looked();
  }

  #dueMs(): number {
    const now = this.#clock.now();
    // Nobody gains by another path before somebody wants one.
    const isCalm = this.#monitor.calmMs > LIMITS.heartbeatMs;
    return this.#isChoosing && !isCalm ? this.#history.changesAt(now) - now : Infinity;
  }
}
