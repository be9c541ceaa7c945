import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { LIMITS } from '../src/limits.js';
import { LanePlan, type DirectPath } from '../src/link/lane-plan.js';

const MIB = 1024 * 1024;
const LOOK = LIMITS.lanesLookMs;
const BULK = LIMITS.lanesBulkLooks;

/** A plan and the path it looks at. */
class World {
  readonly plan = new LanePlan();
  now = 0;
  lanes = 1;
  isOpening = false;
  baseRttMs: number | null = 30;
  bytes = 0;

  constructor() {
    this.look(0);
  }

  get path(): DirectPath {
    const { lanes, isOpening, bytes, baseRttMs } = this;
    return { lanes, isOpening, bytes, baseRttMs };
  }

  /** Looks once more, after the path has carried this many MiB a second. */
  look(mib: number): 'open' | 'close' | undefined {
    this.now += LOOK;
    this.bytes += (mib * MIB * LOOK) / 1000;
    return this.plan.look(this.now, this.path);
  }

  /** The decisions while the path carries this much for a while. A lane that is asked for comes at once. */
  run(milliseconds: number, mib: (lanes: number) => number): string[] {
    const asked: string[] = [];
    for (let left = milliseconds; left > 0; left -= LOOK) {
      const decided = this.look(mib(this.lanes));
      if (decided === 'open') this.lanes += 1;
      if (decided === 'close') this.lanes = 1;
      if (decided !== undefined) asked.push(decided);
    }
    return asked;
  }
}

describe('on a far path', () => {
  test('a lane that carries little gets another, and so on, whether or not they help', () => {
    const world = new World();
    world.baseRttMs = LIMITS.farRoundTripMs;
    const { length } = world.run(30_000, () => LIMITS.lanesBulkPerSecondFar / MIB);
    expect([length, world.lanes]).toEqual([LIMITS.maxLanes - 1, LIMITS.maxLanes]);
  });

  test('less than that asks for none, nor does as much on one that is nearer', () => {
    const world = new World();
    world.baseRttMs = LIMITS.farRoundTripMs;
    expect(world.run(30_000, () => LIMITS.lanesBulkPerSecondFar / MIB - 0.01)).toEqual([]);
    world.baseRttMs = LIMITS.farRoundTripMs - 1;
    expect(world.run(30_000, () => LIMITS.lanesBulkPerSecondFar / MIB)).toEqual([]);
  });
});

describe('a second lane', () => {
  test('is opened when the path is loaded, look after look', () => {
    const world = new World();
    const looks = Array.from({ length: BULK }, () => world.look(1));
    expect(looks).toEqual([...Array.from({ length: BULK - 1 }), 'open']);
  });

  test('is not opened for bursts', () => {
    const world = new World();
    for (let n = 0; n < 20; n += 1) expect(world.look(n % BULK === 0 ? 0 : 9)).toBeUndefined();
  });

  test.each([
    ['a page that loads little by little', (world: World) => world.run(5_000, () => 0.9)],
    [
      'one machine, or a LAN',
      (world: World) => {
        world.baseRttMs = LIMITS.lanesRoundTripMs - 1;
        return world.run(5_000, () => 20);
      },
    ],
    [
      'a path of which nothing is known',
      (world: World) => {
        world.baseRttMs = null;
        return world.run(5_000, () => 20);
      },
    ],
    [
      'a path whose next lane is being made',
      (world: World) => {
        world.isOpening = true;
        return world.run(5_000, () => 20);
      },
    ],
  ])('is not opened for %s', (_, look) => {
    expect(look(new World())).toEqual([]);
  });
});

describe('another lane', () => {
  test('is opened while each makes the path faster, up to the named number', () => {
    const world = new World();
    expect(world.run(20_000, (lanes) => 2 * lanes)).toEqual(['open', 'open', 'open']);
    expect(world.lanes).toBe(LIMITS.maxLanes);
  });

  test('is not opened when the last one has brought nothing', () => {
    const world = new World();
    expect(world.run(20_000, () => 9)).toEqual(['open']);
  });

  test('is opened when the path is far slower than it was', () => {
    const world = new World();
    world.run(5_000, () => 9);
    expect(world.run(1_000, () => 4)).toEqual(['open']);
  });

  test('is not judged before its window has grown', () => {
    const world = new World();
    world.run(BULK * LOOK, () => 2);
    expect(world.run(LIMITS.lanesSettleMs, () => 8)).toEqual([]);
    expect(world.run(2 * LOOK, () => 8)).toEqual(['open']);
  });
});

describe('a path that is loaded no more', () => {
  test('keeps its lanes for a while, then only the first', () => {
    const world = new World();
    world.run(5_000, (lanes) => 2 * lanes);
    expect(world.run(LIMITS.lanesIdleMs - LOOK, () => 0)).toEqual([]);
    expect(world.run(LOOK, () => 0)).toEqual(['close']);
    expect(world.run(60_000, () => 0)).toEqual([]);
  });

  test('gets them back when it is loaded again', () => {
    const world = new World();
    world.run(5_000, () => 9);
    world.run(60_000, () => 0);
    expect(world.run(BULK * LOOK, () => 9)).toEqual(['open']);
  });
});

describe('a lane that could not be made', () => {
  test('is tried again later, and ever more rarely', () => {
    const world = new World();
    const waits: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      const before = world.now;
      while (world.look(9) !== 'open');
      waits.push(world.now - before);
      world.plan.failed(world.now);
    }
    const [, first = 0, second = 0] = waits;
    expect(first).toBe(LIMITS.lanesRetryMs);
    expect(second).toBe(2 * LIMITS.lanesRetryMs);
  });

  test('is forgiven when the next one comes', () => {
    const world = new World();
    for (let n = 0; n < 5; n += 1) world.plan.failed(world.now);
    world.now += 16 * LIMITS.lanesRetryMs;
    world.look(0);
    expect(world.run(BULK * LOOK, () => 9)).toEqual(['open']);
    world.look(9);
    world.plan.failed(world.now);
    world.lanes = 1;
    world.run(LIMITS.lanesRetryMs - LOOK, () => 9);
    expect(world.look(9)).toBe('open');
  });
});

test('looks no more often than it should', () => {
  const world = new World();
  for (let n = 1; n < BULK; n += 1) world.look(9);
  world.bytes += 100 * MIB;
  expect(world.plan.isDue(world.now + LOOK - 1)).toBe(false);
  expect(world.plan.look(world.now + LOOK - 1, world.path)).toBeUndefined();
  expect(world.plan.look(world.now + LOOK, world.path)).toBe('open');
});

test('never asks for more lanes than there may be, nor closes the only one', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 20, noNaN: true })), (rates) => {
      const world = new World();
      for (const rate of rates) {
        const { lanes } = world;
        const decided = world.look(rate);
        if (decided === 'open') expect(lanes).toBeLessThan(LIMITS.maxLanes);
        if (decided === 'close') expect(lanes).toBeGreaterThan(1);
        world.lanes = decided === 'open' ? lanes + 1 : decided === 'close' ? 1 : lanes;
      }
    }),
  );
});
