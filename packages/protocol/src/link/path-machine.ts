import type { Carrier } from '../carrier/carrier.js';
import type { Clock } from '../clock.js';
import { CloseCode } from '../errors.js';
import { Lane } from './lane.js';
import type { LaneKind } from './lane-evidence.js';
import { LaneMonitor } from './lane-monitor.js';
import { LaneRoster } from './lane-roster.js';
import { PathHistory } from './path-history.js';
import { decidePath, type PathDecision, type PolicyRow, type Preference } from './path-policy.js';

/** A move from one lane to another; undefined: nothing carries. */
export interface PathMove {
  readonly from: Lane | undefined;
  readonly to: Lane | undefined;
  /** When the peer is asked to come along: the number of this choice. */
  readonly turn: number | undefined;
}

/** What the machine asks of its link, and has it do. */
export interface Steered {
  unackedBytes(): number;
  /** Whether something is under way on this lane whose loss should be noticed fast. */
  isBusy(lane: Lane): boolean;
  move(move: PathMove): void;
  /** What was sent on this lane counts as not sent. */
  forget(lane: Lane): void;
  /** Something about a lane is different. */
  changed(): void;
  /** After each look at all lanes. */
  looked(): void;
}

export interface PathMachineOptions {
  readonly role: 'initiator' | 'acceptor';
  readonly clock: Clock;
  readonly preference?: Preference | undefined;
  readonly history?: PathHistory | undefined;
}

/** Gathers the evidence of all lanes, asks the policy, and has the link do what it says. Nobody else decides. */
export class PathMachine {
  readonly lanes = new LaneRoster();
  readonly #link: Steered;
  readonly #role: 'initiator' | 'acceptor';
  readonly #clock: Clock;
  readonly #history: PathHistory;
  readonly #monitor: LaneMonitor;
  #preference: Preference | undefined;
  #active: Lane | undefined;
  /** What the opener has chosen last, which suspicion may have left for a while. */
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
    this.#monitor = new LaneMonitor(clock, {
      lanes: () => this.lanes.all,
      isBusy: (lane) => link.isBusy(lane),
      unackedBytes: () => link.unackedBytes(),
      dead: (lane) => this.lose(lane, CloseCode.DEAD_PEER, 'silent'),
      overdue: (lane) => this.#suspect(lane),
      looked: () => this.#looked(),
      dueMs: () => this.#dueMs(),
    });
  }

  /** What frames are sent on. */
  get active(): Lane | undefined {
    return this.#active;
  }

  /** How often a lane of the other kind has taken over. */
  get switches(): number {
    return this.#switches;
  }

  /**
   * A carrier has been attached. Unless it joins the others of its kind, it replaces them once it is ready. After
   * the end of the link it is closed, and its lane is dead.
   */
  add(carrier: Carrier, kind: LaneKind, joins: boolean): Lane {
    const id = this.lanes.nextId();
    const lane = new Lane({ id, kind, carrier, clock: this.#clock, replacesKind: !joins });
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

  /** The peer's ATTACH has come on this lane, or need not be waited for. */
  ready(lane: Lane): void {
    lane.transition('ready');
    lane.ping();
    this.#directIsReady(lane);
    this.#replaceFor(lane);
    this.#steer();
    this.#link.changed();
  }

  /** A lane is over; `heir` takes its place, whatever that was. */
  lose(lane: Lane, code: number, reason: string, heir?: Lane): void {
    const isFailure = lane.kind === 'p2p' && lane.state === 'ready' && heir === undefined;
    if (!lane.transition('dead')) return;
    lane.carrier.close(code, reason);
    this.lanes.delete(lane);
    if (isFailure) this.#history.failed(this.#clock.now());
    if (heir !== undefined) this.#inherit(lane, heir);
    this.#steer();
    this.#link.forget(lane);
    // What has ended this carrier, a network that changed or a host that is gone, may have hit the others.
    if (heir === undefined) this.doubt();
    this.#link.changed();
  }

  /** Asks every carrier for a sign of life. */
  doubt(): void {
    for (const lane of this.lanes.all) lane.doubt();
    this.#monitor.watch();
  }

  prefer(preference: Preference): void {
    this.#preference = preference;
    if (preference === 'p2p') this.#history.forgive();
    this.#steer();
  }

  /** This end asks for a lane; false when another has to carry nevertheless. */
  use(lane: Lane): boolean {
    const { carry, isTold } = this.#decide(lane);
    this.#move(this.lanes.get(carry), isTold);
    return this.#active === lane;
  }

  /** The peer sends on this lane from now on, and asks for the same here. */
  follow(lane: Lane, turn: number): void {
    if (turn <= this.#turn || !lane.isUsable) return;
    this.#turn = turn;
    this.#chosen = lane;
    // The peer may have left because it hears nothing there.
    if (this.#active !== lane) this.#active?.left();
    this.#steer(lane);
  }

  /** The peer's newest has come on this lane. A peer that uses another way than ours may have found ours dead. */
  newestOn(lane: Lane): void {
    if (lane !== this.#active && lane.state === 'ready') this.#active?.left();
  }

  /** A message has come: a sign of life of another lane is what a suspected one has been waiting for. */
  heard(): void {
    if (this.#active?.state === 'suspect') this.#steer();
  }

  /** A ping is answered. Only that proves both directions: a peer that is merely heard may not hear us. */
  answered(lane: Lane, isFirst: boolean): void {
    const isRecovered = lane.state === 'suspect' && lane.transition('ready');
    if (isRecovered) this.#directIsReady(lane);
    if (!isRecovered && !isFirst) return;
    this.#steer();
    this.#link.changed();
  }

  /** Something is under way. */
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

  /** Whether the history concerns anybody. */
  get #isChoosing(): boolean {
    return this.lanes.size > 1 && this.#row !== 'follow' && this.#row !== 'stay';
  }

  /** Acts on the evidence as it is now; `asked` is what an end of the link has just asked for. */
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

  #directIsReady(lane: Lane): void {
    if (lane.kind === 'p2p') this.#history.ready(this.#clock.now());
  }

  #suspect(lane: Lane): void {
    if (!lane.transition('suspect')) return;
    if (lane.kind === 'p2p') this.#history.suspected(this.#clock.now());
    if (lane === this.#active) this.#steer();
    else if (this.#active?.state === 'ready') this.#link.forget(lane);
    this.#link.changed();
  }

  #looked(): void {
    if (this.#isChoosing) {
      const measured = this.lanes.byKind((lane) => lane);
      this.#history.compare(this.#clock.now(), measured);
    }
    this.#steer();
    this.#link.looked();
  }

  #dueMs(): number {
    const now = this.#clock.now();
    return this.#isChoosing ? this.#history.changesAt(now) - now : Infinity;
  }
}
