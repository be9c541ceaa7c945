import { describe, expect, jest, test } from '@jest/globals';
import { memoryCarrierPair } from '../src/carrier/memory-carrier.js';
import { LIMITS } from '../src/limits.js';
import type { LaneKind } from '../src/link/lane-evidence.js';
import { Link } from '../src/link/link.js';
import { FakeClock } from './support/fake-clock.js';
import { HANG_MS } from './support/hang.js';
import { LINK_ID } from './support/linked-pair.js';

jest.setTimeout(HANG_MS);

interface Line {
  delayMs: number;
  /** Bytes a millisecond. */
  rate: number;
  isDead: boolean;
}

/** One direction of a line with delay and a bottleneck. */
function shaped(clock: FakeClock, line: Line) {
  let freeAt = 0;
  return (message: Uint8Array, arrive: (message: Uint8Array) => void): void => {
    if (line.isDead) return;
    freeAt = Math.max(freeAt, clock.now()) + message.byteLength / line.rate;
    clock.setTimeout(() => arrive(message), freeAt - clock.now() + line.delayMs);
  };
}

/** A viewer whose link has both paths, and a host that sends as much as it can. */
class World {
  readonly clock = new FakeClock();
  readonly viewer = new Link({
    ...{ id: LINK_ID, role: 'initiator', clock: this.clock },
    preference: 'auto',
  });
  readonly host = new Link({ id: LINK_ID, role: 'acceptor', clock: this.clock });
  readonly lines: Record<LaneKind, Line> = {
    turn: { delayMs: 15, rate: 5_000, isDead: false },
    p2p: { delayMs: 15, rate: 5_000, isDead: false },
    relay: { delayMs: 20, rate: 5_000, isDead: false },
  };
  received = 0;
  hostReceived = 0;
  isSending = false;

  constructor(lines: Partial<Record<LaneKind, Partial<Line>>> = {}) {
    for (const kind of ['p2p', 'turn', 'relay'] as const) {
      Object.assign(this.lines[kind], lines[kind]);
    }
    this.viewer.start({
      frame: (payload) => (this.received += payload.byteLength),
      writable: () => undefined,
      closed: () => undefined,
    });
    this.host.start({
      frame: (payload) => (this.hostReceived += payload.byteLength),
      writable: () => this.fill(),
      closed: () => undefined,
    });
  }

  attach(kind: LaneKind): void {
    const line = this.lines[kind];
    const [left, right] = memoryCarrierPair(shaped(this.clock, line), shaped(this.clock, line));
    this.viewer.attach(left, kind);
    this.host.attach(right, kind);
  }

  async start(): Promise<this> {
    this.attach('relay');
    this.attach('p2p');
    await this.clock.advance(500);
    return this;
  }

  /** Downloads for a while and returns the bytes a second. */
  async download(milliseconds: number): Promise<number> {
    const before = this.received;
    this.isSending = true;
    this.fill();
    await this.clock.advance(milliseconds);
    this.isSending = false;
    return ((this.received - before) * 1000) / milliseconds;
  }

  fill(): void {
    while (this.isSending && this.host.writable) this.host.send([new Uint8Array(16_000)]);
  }
}

describe('at equal quality', () => {
  test('the direct path carries, and a download at the limit of both moves nothing', async () => {
    const world = await new World().start();
    expect(world.viewer.path).toBe('p2p');
    await world.download(20_000);
    expect(world.viewer.stats()).toMatchObject({ path: 'p2p', switches: 1 });
  });

  test('two slow paths: the relay is tried once, found no better, and left', async () => {
    const world = await new World({ p2p: { rate: 100 }, relay: { rate: 100 } }).start();
    await world.download(60_000);
    expect(world.viewer.stats()).toMatchObject({ path: 'p2p', switches: 3 });
  });
});

describe('a direct path that is alive but slow', () => {
  test('is left for the relay within seconds, and tried again ever more rarely', async () => {
    const world = await new World({ p2p: { rate: 100 } }).start();
    expect(await world.download(LIMITS.slowForMs)).toBeLessThan(200_000);
    await world.download(5_000);
    expect(world.viewer.path).toBe('relay');
    expect(world.host.path).toBe('relay');
    expect(await world.download(10_000)).toBeGreaterThan(1_000_000);
    // 30 s and 60 s of the relay, with a trial of some seconds after each.
    await world.download(100_000);
    expect(world.viewer.stats().switches).toBeLessThanOrEqual(6);
    expect(world.viewer.stats().switches).toBeGreaterThanOrEqual(4);
  });

  test('is left for its round trip alone when that is a detour', async () => {
    const world = await new World({ p2p: { delayMs: 200 } }).start();
    await world.clock.advance(LIMITS.slowForMs + 2_500);
    expect(world.viewer.path).toBe('relay');
  });

  test('is kept when the user wants it', async () => {
    const world = await new World({ p2p: { rate: 100 } }).start();
    world.viewer.prefer('p2p');
    await world.download(15_000);
    expect(world.viewer.path).toBe('p2p');
  });

  test('a burst of two seconds is no reason to leave', async () => {
    const world = await new World({ p2p: { rate: 300 } }).start();
    await world.download(2_000);
    await world.clock.advance(10_000);
    expect(world.viewer.stats()).toMatchObject({ path: 'p2p', switches: 1 });
  });
});

/** Sends small messages both ways for a while and returns the longest time without one, at viewer and host. */
async function longestGaps(world: World, milliseconds: number): Promise<number[]> {
  const ends = [
    { link: world.viewer, count: () => world.hostReceived },
    { link: world.host, count: () => world.received },
  ];
  const gaps = ends.map(() => ({ count: 0, since: world.clock.now(), longest: 0 }));
  for (let left = milliseconds; left > 0; left -= 10) {
    for (const { link } of ends) link.send([new Uint8Array(50)]);
    await world.clock.advance(10);
    ends.forEach(({ count }, n) => {
      const gap = gaps[n];
      if (gap === undefined || count() === gap.count) return;
      gap.longest = Math.max(gap.longest, world.clock.now() - gap.since);
      [gap.count, gap.since] = [count(), world.clock.now()];
    });
  }
  return gaps.map(({ longest }) => longest);
}

describe('a direct path that has failed', () => {
  test('is left within two thirds of a second, in both directions', async () => {
    for (let after = 500; after < 900; after += 130) {
      const world = await new World().start();
      world.clock.setTimeout(() => (world.lines.p2p.isDead = true), after);
      const gaps = await longestGaps(world, 4_000);
      expect(Math.max(...gaps)).toBeLessThanOrEqual(667);
      expect([world.viewer.path, world.host.path]).toEqual(['relay', 'relay']);
    }
  });

  test('is left and taken again by both ends together', async () => {
    const world = await new World().start();
    world.lines.p2p.isDead = true;
    await longestGaps(world, 1_200);
    world.lines.p2p.isDead = false;
    await longestGaps(world, 1_500);
    expect(world.viewer.attachment('p2p')?.state).toBe('ready');
    expect(world.host.attachment('p2p')?.state).toBe('ready');
    expect([world.viewer.path, world.host.path]).toEqual(['relay', 'relay']);
    await longestGaps(world, LIMITS.p2pSettleMs);
    expect([world.viewer.path, world.host.path]).toEqual(['p2p', 'p2p']);
  });

  test('is trusted again after three seconds, and after twice as long the next time', async () => {
    const world = await new World().start();
    const waits: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      world.lines.p2p.isDead = true;
      await world.clock.advance(15_000);
      expect(world.viewer.path).toBe('relay');
      world.lines.p2p.isDead = false;
      world.attach('p2p');
      const start = world.clock.now();
      while (world.viewer.path === 'relay') await world.clock.advance(500);
      waits.push(world.clock.now() - start);
    }
    expect(waits[1]).toBeGreaterThanOrEqual(waits[0] ?? 0);
    expect(waits[2]).toBeGreaterThan(waits[0] ?? 0);
  });

  test('is taken as soon as it answers by whoever asks for it', async () => {
    const world = await new World().start();
    world.lines.p2p.isDead = true;
    await world.clock.advance(15_000);
    world.lines.p2p.isDead = false;
    world.attach('p2p');
    await world.clock.advance(200);
    expect(world.viewer.path).toBe('relay');
    world.viewer.prefer('p2p');
    expect(world.viewer.path).toBe('p2p');
  });

  test('and stays silent while the relay answers is given up for a fresh one', async () => {
    const world = await new World().start();
    world.lines.p2p.isDead = true;
    await world.clock.advance(LIMITS.p2pHopelessMs + 3_500);
    expect(world.viewer.attachment('p2p')).toBeUndefined();
    expect(world.clock.now()).toBeLessThan(LIMITS.deadAfterMs);
  });

  test('and stays silent like everything else is waited for', async () => {
    const world = await new World().start();
    world.lines.p2p.isDead = true;
    world.lines.relay.isDead = true;
    await world.clock.advance(LIMITS.p2pHopelessMs + 3_500);
    expect(world.viewer.attachment('p2p')?.state).toBe('suspect');
  });
});
