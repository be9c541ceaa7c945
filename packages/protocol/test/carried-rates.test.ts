import { describe, expect, test } from '@jest/globals';
import { LIMITS } from '../src/limits.js';
import { CarriedRates } from '../src/link/carried-rates.js';
import type { LaneQuality } from '../src/link/lane-evidence.js';
import { PathHistory } from '../src/link/path-history.js';

const MIB = 1024 * 1024;
const LOOK = LIMITS.qualityLookMs;
const good: LaneQuality = {
  ...{ rttMs: 30, baseRttMs: 30, waitMs: 30, inPerSecond: null, outPerSecond: null, stalls: 0 },
};
const far: LaneQuality = { ...good, rttMs: 50, baseRttMs: 50, waitMs: 50 };

/** A history that looks once a second at what both paths carry. */
class World {
  readonly history = new PathHistory();
  now = 10_000;
  readonly bytes = { p2p: 0, relay: 0 };

  constructor(private readonly quality = good) {}

  /** Looks this many times. Between two looks, the path that carries delivers the amount given for it. */
  run(looks: number, p2p: number, relay: number): void {
    for (let left = looks; left > 0; left -= 1) {
      const isRelay = this.history.standing(this.now) === 'slow';
      this.now += LOOK;
      this.bytes[isRelay ? 'relay' : 'p2p'] += (isRelay ? relay : p2p) * MIB;
      const measured = { p2p: this.quality, relay: this.quality };
      this.history.compare(this.now, measured, { ...this.bytes });
    }
  }

  /** The relay has carried this much before. */
  relayed(mib: number): void {
    this.run(1, 0, 0);
    this.bytes.relay += mib * MIB;
    this.run(1, 0, 0);
  }

  get standing(): string {
    return this.history.standing(this.now);
  }
}

const FOR_LOOKS = LIMITS.slowForMs / LOOK + 1;

describe('a loaded direct path', () => {
  test('is left when the relay has carried more by the named factor', () => {
    const world = new World();
    world.relayed(9.1);
    world.run(FOR_LOOKS - 1, 6, 9);
    expect(world.standing).toBe('trusted');
    world.run(1, 6, 9);
    expect(world.standing).toBe('slow');
  });

  test.each([
    ['signs of life', 0.01],
    ['a few small answers', 1],
  ])('is left for what the relay has carried, whatever came after: %s', (_what, mib) => {
    const world = new World();
    for (let left = 4; left > 0; left -= 1) world.relayed(0.01);
    world.relayed(9.1);
    for (let left = 8; left > 0; left -= 1) world.relayed(mib);
    world.run(FOR_LOOKS, 6, 9);
    expect(world.standing).toBe('slow');
  });

  test('is kept when the relay has carried less than that', () => {
    const world = new World();
    world.relayed(8.9);
    world.run(20, 6, 9);
    expect(world.standing).toBe('trusted');
  });

  test('is kept when it carries enough and nobody knows of the relay', () => {
    const world = new World();
    world.run(20, LIMITS.relayTrialBelow / MIB, 9);
    expect(world.standing).toBe('trusted');
  });

  test('is left for a trial when it carries little, and the relay keeps it when it carries more', () => {
    const world = new World();
    world.run(FOR_LOOKS + 1, 1.9, 7);
    expect(world.standing).toBe('slow');
    world.run(20, 1.9, 7);
    expect(world.standing).toBe('slow');
  });

  test('is left for a trial at a higher rate when it is far', () => {
    const near = new World();
    near.run(20, 5.9, 9);
    expect(near.standing).toBe('trusted');
    const world = new World(far);
    world.run(20, LIMITS.relayTrialBelowFar / MIB, 9);
    expect(world.standing).toBe('trusted');
    world.run(FOR_LOOKS + 1, 5.9, 9);
    expect(world.standing).toBe('slow');
  });

  test('is left at a lower rate, too, when it is far, and kept below that one', () => {
    const least = LIMITS.relayTrialFromFar / MIB;
    const world = new World(far);
    world.run(20, least - 0.01, 9);
    expect(world.standing).toBe('trusted');
    world.run(FOR_LOOKS + 1, least, 9);
    expect(world.standing).toBe('slow');
  });

  test('is taken back when the relay carries no more, and not tried again for long', () => {
    const world = new World();
    world.run(FOR_LOOKS + 1, 1, 1.1);
    expect(world.standing).toBe('slow');
    world.run(LIMITS.relayTrialMs / LOOK, 1, 1.1);
    expect(world.standing).toBe('trusted');
    const peaceMs = LIMITS.acquittalMs + LIMITS.slowForMs;
    world.run(peaceMs / LOOK, 1, 1.1);
    expect(world.standing).toBe('trusted');
    world.run((LIMITS.relayTrialAgainMs - LIMITS.relayTrialMs - peaceMs) / LOOK - 1, 1, 1.1);
    expect(world.standing).toBe('trusted');
    world.run(FOR_LOOKS + 1, 1, 1.1);
    expect(world.standing).toBe('slow');
  });

  test('is compared by what it carries as a rule, not by its last second', () => {
    const world = new World();
    world.run(FOR_LOOKS, 1.8, 1.9);
    world.run(1, 0.6, 1.9);
    expect(world.standing).toBe('slow');
    world.run(LIMITS.relayTrialMs / LOOK, 0, 1.9);
    expect(world.standing).toBe('trusted');
  });

  describe('left for a relay that has passed its trial', () => {
    function passed(): World {
      const world = new World();
      world.run(FOR_LOOKS + 1 + LIMITS.relayTrialMs / LOOK, 1, 3);
      expect(world.standing).toBe('slow');
      return world;
    }

    test('is taken back once the relay carries less, and may be left again after a while of peace', () => {
      const world = passed();
      world.run(2, 1, 1);
      expect(world.standing).toBe('slow');
      world.run(LIMITS.acquittalMs / LOOK, 1, 1);
      expect(world.standing).toBe('trusted');
      world.run(FOR_LOOKS + 1, 1, 1);
      expect(world.standing).toBe('slow');
    });

    test('is not taken back for a pause in what the relay carries', () => {
      const world = passed();
      world.run(15, 1, 0.4);
      expect(world.standing).toBe('slow');
    });
  });

  test.each([0, 9])(
    'is taken back when the transfer ends during the trial (before: %i)',
    (known) => {
      const world = new World();
      world.relayed(known);
      world.run(FOR_LOOKS + 1, 1, 0);
      world.run(LIMITS.relayTrialMs / LOOK, 0, 0);
      expect(world.standing).toBe('trusted');
    },
  );
});

describe('a direct path that carries little because little is asked for', () => {
  test('is never left for that', () => {
    const world = new World();
    world.relayed(10);
    world.run(100, LIMITS.relayTrialFrom / MIB - 0.01, 10);
    expect(world.standing).toBe('trusted');
  });

  test('is not left for a relay that has not answered', () => {
    const history = new PathHistory();
    for (let second = 10; second < 30; second += 1) {
      const relay = { ...good, rttMs: null };
      history.compare(second * LOOK, { p2p: good, relay }, { p2p: second * MIB, relay: 0 });
    }
    expect(history.standing(30_000)).toBe('trusted');
  });
});

test('what was carried before the first look is nobody’s rate', () => {
  const rates = new CarriedRates();
  rates.look(0, { p2p: 100 * MIB, relay: 100 * MIB });
  expect(rates.isOutrun(0, true)).toBe(false);
  rates.look(LOOK, { p2p: 103 * MIB, relay: 100 * MIB });
  expect(rates.isOutrun(LOOK, false)).toBe(false);
});
