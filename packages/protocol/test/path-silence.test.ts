import { describe, expect, test } from '@jest/globals';
import { LIMITS } from '../src/limits.js';
import type { PathMachineOptions } from '../src/link/path-machine.js';
import { PathBench } from './support/path-bench.js';

describe('a silent lane', () => {
  test('is left for one that has just been heard, and what was sent on it is sent again', async () => {
    const world = new PathBench({ preference: 'auto' });
    const { lane: relay } = world.good('relay');
    const { lane: p2p } = world.good('p2p');
    world.busy = p2p;
    void world.done;
    await world.pass(1_000, relay);
    expect([world.machine.active, p2p.state]).toEqual([relay, 'suspect']);
    expect(world.done).toContain('p2p1>relay0 turn 2');
    expect(world.history.standing(world.clock.now())).toBe('distrusted');
  });

  test('beside the one that carries is forgotten: its frames go out on the other', async () => {
    const world = new PathBench({ preference: 'relay' });
    const { lane: relay } = world.good('relay');
    const { lane: p2p } = world.good('p2p');
    world.busy = p2p;
    void world.done;
    await world.pass(1_000, relay);
    expect([world.machine.active, p2p.state]).toEqual([relay, 'suspect']);
    expect(world.done).toContain('forget p2p1');
  });

  test('is kept while the others are silent too', async () => {
    const world = new PathBench({ preference: 'auto' });
    world.good('relay');
    const { lane: p2p } = world.good('p2p');
    world.busy = p2p;
    await world.pass(1_500);
    expect([world.machine.active, p2p.state]).toEqual([p2p, 'suspect']);
  });

  test('is left as soon as another is heard', async () => {
    const world = new PathBench({ preference: 'auto' });
    const { lane: relay } = world.good('relay');
    const { lane: p2p } = world.good('p2p');
    world.busy = p2p;
    await world.pass(1_000);
    relay.transition('ready');
    world.answer(relay);
    expect(world.machine.active).toBe(relay);
  });

  test('that is direct and stays silent beside a good relay is given up', async () => {
    const world = new PathBench({ preference: 'auto' });
    const { lane: relay } = world.good('relay');
    const { carrier } = world.good('p2p');
    await world.pass(LIMITS.p2pHopelessMs + 4_000, relay);
    expect(carrier.closes).toEqual([{ code: 4008, reason: 'hopeless' }]);
    expect(world.machine.lanes.all).toEqual([relay]);
  });

  test('is lost in the end, with all that is known of it', async () => {
    const world = new PathBench();
    const { carrier } = world.good('relay');
    await world.pass(LIMITS.deadAfterMs + LIMITS.heartbeatMs + 3_000);
    expect(carrier.closes).toEqual([{ code: 4008, reason: 'silent' }]);
    expect(world.machine.active).toBeUndefined();
    expect(world.clock.timers).toBe(0);
  });
});

describe('the comparison of both kinds', () => {
  test.each<Partial<PathMachineOptions>>([{ role: 'acceptor' }, {}])(
    'is nothing to an end that does not choose: %j',
    async (options) => {
      const world = new PathBench(options);
      const compared: number[] = [];
      world.history.compare = (now) => void compared.push(now);
      world.good('relay');
      world.good('p2p');
      await world.pass(3_000, ...world.machine.lanes.all);
      expect(compared).toEqual([]);
    },
  );

  test('is made for an opener with a preference and both kinds', async () => {
    const world = new PathBench({ preference: 'auto' });
    const compared: number[] = [];
    world.history.compare = (now) => void compared.push(now);
    world.good('relay');
    await world.pass(3_000, ...world.machine.lanes.all);
    expect(compared).toEqual([]);
    world.good('p2p');
    await world.pass(3_000, ...world.machine.lanes.all);
    expect(compared.length).toBeGreaterThan(0);
  });
});

test('doubt asks every lane', () => {
  const world = new PathBench();
  const lanes = [world.good('relay'), world.good('p2p')];
  world.machine.doubt();
  expect(lanes.map(({ lane }) => lane.isDoubted)).toEqual([true, true]);
  expect(world.clock.timers).toBe(1);
});
