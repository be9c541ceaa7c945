import type { Lane } from '../../src/link/lane.js';
import type { LaneKind } from '../../src/link/lane-evidence.js';
import { PathHistory } from '../../src/link/path-history.js';
import type { Standing } from '../../src/link/path-policy.js';
import { PathMachine, type PathMachineOptions } from '../../src/link/path-machine.js';
import { FakeClock } from './fake-clock.js';
import { RecordingCarrier } from './recording-carrier.js';

/** A machine without a link: what it would have the link do is written down. */
export class PathBench {
  readonly clock = new FakeClock();
  readonly history = new PathHistory();
  readonly log: string[] = [];
  busy: Lane | undefined;
  readonly machine: PathMachine;

  constructor(options: Partial<PathMachineOptions> = {}) {
    const name = (lane: Lane | undefined): string =>
      lane === undefined ? 'none' : `${lane.kind}${lane.id}`;
    this.machine = new PathMachine(
      {
        unackedBytes: () => 0,
        isNeeded: () => false,
        isBusy: (lane) => lane === this.busy,
        move: ({ from, to, turn }) =>
          this.log.push(`${name(from)}>${name(to)}${turn === undefined ? '' : ` turn ${turn}`}`),
        forget: (lane) => this.log.push(`forget ${name(lane)}`),
        changed: () => this.log.push('changed'),
        looked: () => undefined,
      },
      { role: 'initiator', clock: this.clock, history: this.history, ...options },
    );
  }

  /** What was written since the last call, without `changed`. */
  get done(): string[] {
    return this.log.splice(0).filter((line) => line !== 'changed');
  }

  /** The standing of the direct path after this time, if nothing happens until then. */
  standingIn(milliseconds: number): Standing {
    return this.history.standing(this.clock.now() + milliseconds);
  }

  attach(
    kind: LaneKind,
    joins = false,
    isPreferred = false,
  ): { lane: Lane; carrier: RecordingCarrier } {
    const carrier = new RecordingCarrier();
    return { lane: this.machine.add(carrier, kind, { joins, isPreferred }), carrier };
  }

  /** Attached, and the peer's ATTACH has come. */
  ready(
    kind: LaneKind,
    joins = false,
    isPreferred = false,
  ): { lane: Lane; carrier: RecordingCarrier } {
    const attached = this.attach(kind, joins, isPreferred);
    this.machine.ready(attached.lane);
    return attached;
  }

  /** The peer answers the last ping of a lane. */
  answer(lane: Lane): void {
    const isFirst = lane.rttMs === null;
    lane.heard(1);
    lane.pong((lane.carrier as RecordingCarrier).framesOf('ping').at(-1)!.nonce);
    this.machine.answered(lane, isFirst);
    this.machine.heard();
  }

  /** Ready, and has answered. */
  good(kind: LaneKind): { lane: Lane; carrier: RecordingCarrier } {
    const ready = this.ready(kind);
    this.answer(ready.lane);
    return ready;
  }

  /** Time passes in which these lanes answer each ping at once, and the others are silent. */
  async pass(milliseconds: number, ...alive: readonly Lane[]): Promise<void> {
    for (let left = milliseconds; left > 0; left -= 50) {
      await this.clock.advance(50);
      for (const lane of alive) if (lane.unansweredMs >= 0 && lane.isAwaited) this.answer(lane);
    }
  }
}
