import type { Clock, Timer } from '../clock.js';
import { CloseCode } from '../errors.js';
import { LIMITS } from '../limits.js';
import type { Lane, LaneState } from './lane.js';
import { LaneRoster } from './lane-roster.js';
import { pingDueMs, verdictOn } from './lane-verdict.js';
import { PathHistory } from './path-history.js';
import { decidePath, type PathDecision, type PolicyRow, type Preference } from './path-policy.js';

/** A move from one lane to another; undefined: nothing carries. */
export interface PathMove {
  readonly from: Lane | undefined;
  readonly to: Lane | undefined;
  /** Whether the peer is asked to come along. */
  readonly isTold: boolean;
}

/** What the machine asks of its link, and has it do. */
export interface Steered {
  unackedBytes(): number;
  /** Whether something is under way on this lane whose loss should be noticed fast. */
  isBusy(lane: Lane): boolean;
  move(move: PathMove): void;
  lose(lane: Lane, code: number, reason: string): void;
  /** A lane that does not carry is suspected: what was sent there goes out elsewhere. */
  suspected(lane: Lane): void;
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

/** The grain of every judgement here. */
const LOOK_MS = 50;

/** Gathers the evidence of all lanes, asks the policy, and has the link do what it says. Nobody else decides. */
export class PathMachine {
  readonly lanes = new LaneRoster();
  readonly #role: 'initiator' | 'acceptor';
  readonly #clock: Clock;
  readonly #link: Steered;
  readonly #history: PathHistory;
  #preference: Preference | undefined;
  #active: Lane | undefined;
  /** What the opener has chosen last, which suspicion may have left for a while. */
  #chosen: Lane | undefined;
  #timer: Timer | undefined;
  /** The timer is set for the next grain, not for a heartbeat. */
  #isClose = false;

  constructor(link: Steered, { role, clock, preference, history }: PathMachineOptions) {
    this.#link = link;
    this.#role = role;
    this.#clock = clock;
    this.#preference = preference;
    this.#history = history ?? new PathHistory();
  }

  /** What frames are sent on. */
  get active(): Lane | undefined {
    return this.#active;
  }

  prefer(preference: Preference): void {
    this.#preference = preference;
    if (preference === 'p2p') this.#history.forgive();
    this.steer();
  }

  /** Somebody asks for this lane, at this end; false when another has to carry nevertheless. */
  use(lane: Lane): boolean {
    const decision = this.#decide(lane);
    this.#move(this.lanes.get(decision.carry), decision.isTold);
    return this.#active === lane;
  }

  /** The peer sends on this lane from now on, and asks for the same here. */
  follow(lane: Lane): void {
    this.#chosen = lane;
    // The peer may have left because it hears nothing there.
    if (this.#active !== lane) this.#active?.left();
    this.steer(lane);
  }

  /** The peer's newest has come on this lane. A peer that uses another way than ours may have found ours dead. */
  newestOn(lane: Lane): void {
    if (lane !== this.#active && lane.state === 'ready') this.#active?.left();
  }

  /** A message has come: a sign of life of another lane is what a suspected one has been waiting for. */
  heard(): void {
    if (this.#active?.state === 'suspect') this.steer();
  }

  /** The peer's ATTACH has come on this lane, or need not be waited for. */
  attached(lane: Lane): void {
    lane.transition('ready');
    lane.ping();
    if (lane.kind === 'p2p') this.#history.ready(this.#clock.now());
  }

  /** A ping is answered. Only that proves both directions: a peer that is merely heard may not hear us. */
  answered(lane: Lane, isFirst: boolean): void {
    const isRecovered = lane.state === 'suspect' && lane.transition('ready');
    if (isRecovered && lane.kind === 'p2p') this.#history.ready(this.#clock.now());
    if (!isRecovered && !isFirst) return;
    this.steer();
    this.#link.changed();
  }

  /** A newer lane has the place of an older one, whatever that was. */
  inherit(older: Lane, newer: Lane): void {
    if (this.#chosen === older) this.#chosen = newer;
    if (this.#active === older) this.#move(newer, false);
  }

  /** A lane has died, or has been replaced. */
  removed(lane: Lane, was: LaneState, isReplaced: boolean): void {
    this.lanes.delete(lane);
    const isFailure = lane.kind === 'p2p' && was === 'ready' && !isReplaced;
    if (isFailure) this.#history.failed(this.#clock.now());
    this.steer();
  }

  /** Acts on the evidence as it is now; `asked` is what an end of the link has just asked for. */
  steer(asked = this.#active): void {
    const { carry, giveUp, isTold } = this.#decide(asked);
    const to = this.lanes.get(carry);
    if (to !== this.#active) this.#move(to, isTold);
    for (const id of giveUp) this.#giveUp(this.lanes.get(id));
  }

  /** Looks again soon, because something is under way. Looks keep to a grid, so that nothing new waits a whole grain. */
  watch(): void {
    if (this.#isClose || this.lanes.size === 0) return;
    this.#lookIn(LOOK_MS - (this.#clock.now() % LOOK_MS));
  }

  stop(): void {
    this.#timer?.cancel();
    this.#isClose = false;
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

  #decide(active: Lane | undefined): PathDecision {
    return decidePath({
      row: this.#row,
      lanes: this.lanes.all.map((lane) => lane.evidence),
      active: active?.id,
      chosen: this.#chosen?.id,
      direct: this.#history.standing(this.#clock.now()),
    });
  }

  #move(to: Lane | undefined, isTold: boolean): void {
    const from = this.#active;
    this.#active = to;
    if (isTold) this.#chosen = to;
    this.#link.move({ from, to, isTold });
  }

  #giveUp(lane: Lane | undefined): void {
    if (lane !== undefined) this.#link.lose(lane, CloseCode.DEAD_PEER, 'hopeless');
  }

  #lookIn(milliseconds: number): void {
    this.#timer?.cancel();
    this.#isClose = milliseconds <= LOOK_MS;
    this.#timer = this.#clock.setTimeout(() => this.#look(), milliseconds);
  }

  #look(): void {
    this.#isClose = false;
    for (const lane of this.lanes.all) this.#judge(lane);
    if (this.#isChoosing) this.#compare();
    this.steer();
    this.#link.looked();
    if (this.lanes.size > 0) this.#lookIn(this.#nextLookMs());
  }

  #compare(): void {
    this.#history.compare(
      this.#clock.now(),
      this.lanes.byKind((lane) => lane.evidence),
    );
  }

  #judge(lane: Lane): void {
    lane.looked();
    const { evidence } = lane;
    const verdict = verdictOn(evidence, this.#link.unackedBytes());
    if (verdict === 'dead') return this.#link.lose(lane, CloseCode.DEAD_PEER, 'silent');
    if (!lane.isUsable) return;
    if (pingDueMs(evidence, this.#paceOf(lane)) <= 0) lane.ping();
    if (lane.state === 'ready' && verdict === 'overdue') this.#suspect(lane);
  }

  #suspect(lane: Lane): void {
    lane.transition('suspect');
    if (lane.kind === 'p2p') this.#history.suspected(this.#clock.now());
    if (lane === this.#active) this.steer();
    else this.#link.suspected(lane);
    this.#link.changed();
  }

  #paceOf(lane: Lane): number {
    if (lane.state === 'suspect') return LIMITS.suspectHeartbeatMs;
    const isNeeded = this.#link.isBusy(lane) || this.#isSpareOfLate(lane);
    return isNeeded ? LIMITS.busyHeartbeatMs : LIMITS.heartbeatMs;
  }

  /** Half-way to suspecting a lane the others are asked whether they live: only then they can take over. */
  #isSpareOfLate(lane: Lane): boolean {
    const unackedBytes = this.#link.unackedBytes();
    return this.lanes.all.some(
      (other) =>
        other !== lane && other.isUsable && verdictOn(other.evidence, unackedBytes) !== 'alive',
    );
  }

  /** At the fine grain while an answer is awaited or something is under way; else when something is due. */
  #nextLookMs(): number {
    const lanes = this.lanes.all;
    if (lanes.some((lane) => lane.isAwaited || this.#link.isBusy(lane))) return LOOK_MS;
    const due = lanes.map((lane) => pingDueMs(lane.evidence, LIMITS.heartbeatMs));
    const now = this.#clock.now();
    if (this.#isChoosing) due.push(this.#history.changesAt(now) - now);
    return Math.max(LOOK_MS, Math.min(...due));
  }
}
