import { describe, expect, test } from '@jest/globals';
import { LIMITS } from '../src/limits.js';
import type { Lane } from '../src/link/lane.js';
import { LaneMonitor } from '../src/link/lane-monitor.js';
import { FakeClock } from './support/fake-clock.js';
import { readyLane } from './support/lane-bench.js';

const GRAIN = 50;

type Bench = ReturnType<typeof readyLane>;

/** A monitor of lanes whose peers answer at once, unless they are told not to. */
class World {
  readonly clock = new FakeClock();
  readonly lanes: Bench[] = [];
  readonly dead: Lane[] = [];
  readonly overdue: Lane[] = [];
  readonly mute = new Set<Lane>();
  looks: number[] = [];
  busy: Lane | undefined;
  isNeeded = false;
  dueMs = Infinity;
  readonly monitor = new LaneMonitor(this.clock, {
    lanes: () => this.lanes.map(({ lane }) => lane),
    isBusy: (lane) => lane === this.busy,
    isNeeded: () => this.isNeeded,
    unackedBytes: () => 0,
    dead: (lane) => void this.dead.push(lane),
    overdue: (lane) => void this.overdue.push(lane),
    looked: () => void this.looks.push(this.clock.now()),
    dueMs: () => this.dueMs,
  });

  add(): Bench {
    const bench = readyLane(this.clock, { id: this.lanes.length });
    const { carrier, lane } = bench;
    carrier.send = (message) => {
      carrier.sent.push(message);
      const nonce = carrier.framesOf('ping').at(-1)?.nonce ?? 0;
      if (!this.mute.has(lane)) this.clock.setTimeout(() => (lane.heard(1), lane.pong(nonce)), 10);
    };
    this.lanes.push(bench);
    return bench;
  }

  pings(bench: Bench): number {
    return bench.carrier.framesOf('ping').length;
  }
}

describe('an idle lane', () => {
  test('is asked at each heartbeat, and looked at no more than needed', async () => {
    const world = new World();
    const bench = world.add();
    world.monitor.watch();
    await world.clock.advance(20_000);
    expect(world.pings(bench)).toBeGreaterThanOrEqual(9);
    expect(world.pings(bench)).toBeLessThanOrEqual(10);
    // One look for the ping and one for its answer.
    expect(world.looks.length).toBeLessThanOrEqual(21);
    expect([world.dead, world.overdue]).toEqual([[], []]);
  });

  test('is looked at when something else is due', async () => {
    const world = new World();
    world.add();
    world.monitor.watch();
    world.dueMs = 300;
    await world.clock.advance(3_000);
    expect(world.looks.length).toBeGreaterThanOrEqual(9);
    world.dueMs = -5;
    world.looks = [];
    await world.clock.advance(1_000);
    expect(world.looks.length).toBeLessThanOrEqual(1_000 / GRAIN);
  });

  test('is left alone once the monitor is stopped', async () => {
    const world = new World();
    const bench = world.add();
    world.monitor.watch();
    await world.clock.advance(100);
    world.monitor.stop();
    const [before, looks] = [world.pings(bench), world.looks.length];
    await world.clock.advance(10_000);
    expect([world.pings(bench), world.looks.length]).toEqual([before, looks]);
    world.monitor.watch();
    await world.clock.advance(GRAIN);
    expect(world.looks).toHaveLength(looks + 1);
  });

  test('no lane, no timer', async () => {
    const world = new World();
    world.monitor.watch();
    expect(world.clock.timers).toBe(0);
    world.add();
    world.monitor.watch();
    expect(world.clock.timers).toBe(1);
    world.lanes.length = 0;
    await world.clock.advance(GRAIN);
    expect(world.clock.timers).toBe(0);
  });
});

describe('a lane in use', () => {
  test('is asked often, and looked at in each grain', async () => {
    const world = new World();
    const bench = world.add();
    world.busy = bench.lane;
    world.monitor.watch();
    await world.clock.advance(3_000);
    expect(world.pings(bench)).toBe(3_000 / LIMITS.busyHeartbeatMs);
    expect(world.looks).toHaveLength(3_000 / GRAIN);
  });

  test('is looked at on a grid, whenever its use begins', async () => {
    const world = new World();
    const bench = world.add();
    await world.clock.advance(1_030);
    world.busy = bench.lane;
    world.monitor.watch();
    world.monitor.watch();
    await world.clock.advance(200);
    expect(world.looks).toEqual([1_050, 1_100, 1_150, 1_200]);
  });

  test('brings the next look forward from an idle one', async () => {
    const world = new World();
    const bench = world.add();
    world.monitor.watch();
    await world.clock.advance(500);
    world.looks = [];
    world.busy = bench.lane;
    world.monitor.watch();
    await world.clock.advance(GRAIN);
    expect(world.looks).toHaveLength(1);
  });
});

describe('a silent lane', () => {
  test('is told as overdue at each look, then as dead', async () => {
    const world = new World();
    const { lane } = world.add();
    world.busy = lane;
    world.monitor.watch();
    await world.clock.advance(500);
    world.mute.add(lane);
    await world.clock.advance(LIMITS.suspectAfterMs);
    expect(world.overdue).toEqual([]);
    await world.clock.advance(300);
    expect(world.overdue[0]).toBe(lane);
    await world.clock.advance(LIMITS.deadAfterMs);
    expect(world.dead[0]).toBe(lane);
  });

  test('is asked each second once it is suspected', async () => {
    const world = new World();
    const bench = world.add();
    bench.lane.transition('suspect');
    world.mute.add(bench.lane);
    world.busy = bench.lane;
    world.monitor.watch();
    await world.clock.advance(3_000);
    // A suspected lane is asked each second; an unanswered ping is repeated no sooner.
    expect(world.pings(bench)).toBe(3);
  });

  test('is the only one that is asked more often than idle lanes are', async () => {
    const world = new World();
    const [used, spare] = [world.add(), world.add()];
    world.busy = used.lane;
    world.monitor.watch();
    await world.clock.advance(10_000);
    expect(world.pings(spare)).toBeGreaterThanOrEqual(4);
    expect(world.pings(spare)).toBeLessThanOrEqual(5);
    expect(world.pings(used)).toBeGreaterThan(50);
  });

  test('makes the others be asked, half-way to its suspicion', async () => {
    const world = new World();
    const [used, spare] = [world.add(), world.add()];
    world.busy = used.lane;
    world.monitor.watch();
    await world.clock.advance(2_500);
    const before = world.pings(spare);
    world.mute.add(used.lane);
    for (let waited = 0; waited < 1_000 && world.pings(spare) === before; waited += 10) {
      await world.clock.advance(10);
    }
    expect(world.pings(spare)).toBeGreaterThan(before);
    expect(world.overdue).toHaveLength(0);
  });

  test('that is attaching is waited for, and not asked', async () => {
    const world = new World();
    const bench = world.add();
    bench.lane.transition('dead');
    world.monitor.watch();
    await world.clock.advance(5_000);
    expect(world.pings(bench)).toBe(0);
  });
});
