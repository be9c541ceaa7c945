import { describe, expect, test } from '@jest/globals';
import { LIMITS } from '../src/limits.js';
import { PathBench } from './support/path-bench.js';

describe('a lane that takes another way', () => {
  test('is ranked by it, and the change counts as one of the path', () => {
    const bench = new PathBench({ preference: 'auto' });
    const relay = bench.good('relay').lane;
    const channel = bench.good('p2p').lane;
    expect(bench.machine.active).toBe(channel);
    const { switches } = bench.machine;
    expect(bench.machine.reclassify(channel.id, 'turn')).toBe(true);
    expect([bench.machine.active, channel.kind]).toEqual([relay, 'turn']);
    expect(bench.machine.switches).toBeGreaterThan(switches);
    expect(bench.machine.lanes.stats().bytes.turn.in).toBe(channel.bytesIn);
    expect(bench.machine.reclassify(channel.id, 'p2p')).toBe(true);
    expect(bench.machine.active).toBe(channel);
  });

  test('changes the path only if it carries', () => {
    const bench = new PathBench();
    const relay = bench.good('relay').lane;
    const channel = bench.good('p2p').lane;
    bench.machine.reclassify(channel.id, 'turn');
    expect([bench.machine.active, bench.machine.switches]).toEqual([relay, 0]);
    bench.machine.use(channel);
    bench.machine.reclassify(channel.id, 'p2p');
    expect([bench.machine.active, bench.machine.switches]).toEqual([channel, 2]);
  });

  test('that it has already, or that is gone, is no news', () => {
    const bench = new PathBench({ preference: 'auto' });
    const channel = bench.good('p2p').lane;
    expect(bench.machine.reclassify(channel.id, 'p2p')).toBe(false);
    expect(bench.machine.reclassify(77, 'turn')).toBe(false);
  });
});

describe('a first lane', () => {
  test('carries nothing before it is ready, and carries then without a word to the peer', () => {
    const world = new PathBench();
    const { lane, carrier } = world.attach('relay');
    world.machine.newestOn(lane);
    world.machine.heard();
    expect([world.machine.active, world.done]).toEqual([undefined, []]);
    world.machine.ready(lane);
    expect([world.machine.active, lane.state]).toEqual([lane, 'ready']);
    expect(world.done).toEqual(['none>relay0']);
    expect(carrier.framesOf('ping')).toHaveLength(1);
    expect(world.machine.switches).toBe(0);
  });

  test('whoever listens hears when it is ready, has first answered, and is gone', () => {
    const world = new PathBench();
    const { lane } = world.ready('relay');
    const changes = () => world.log.splice(0).filter((line) => line === 'changed').length;
    expect(changes()).toBe(1);
    world.answer(lane);
    expect(changes()).toBe(1);
    lane.ping();
    world.answer(lane);
    expect(changes()).toBe(0);
    world.machine.lose(lane, 4000, 'garbled');
    world.machine.lose(lane, 4000, 'garbled');
    expect(changes()).toBe(1);
  });

  test('that is lost leaves nothing, and its carrier is closed with the reason', () => {
    const world = new PathBench();
    const { lane, carrier } = world.ready('relay');
    void world.done;
    world.machine.lose(lane, 4000, 'garbled');
    expect(world.done).toEqual([expect.stringMatching(/^relay0>none/), 'forget relay0']);
    expect(carrier.closes).toEqual([{ code: 4000, reason: 'garbled' }]);
    expect([world.machine.active, world.machine.lanes.size, lane.state]).toEqual([
      ...[undefined, 0, 'dead'],
    ]);
  });
});

describe('a second lane', () => {
  test('is left alone by an opener without a preference', () => {
    const world = new PathBench();
    const { lane } = world.good('relay');
    world.good('p2p');
    expect(world.machine.active).toBe(lane);
  });

  test('is chosen by an opener that prefers it, once it has answered, and the peer is told', () => {
    const world = new PathBench({ preference: 'auto' });
    world.good('relay');
    const { lane } = world.ready('p2p');
    expect(world.done).toEqual(['none>relay0']);
    world.answer(lane);
    expect(world.done).toEqual(['relay0>p2p1 turn 1']);
    expect([world.machine.active, world.machine.switches]).toEqual([lane, 1]);
  });

  test('is taken when the first dies, whatever the preference', () => {
    const world = new PathBench({ preference: 'relay' });
    const { lane: relay } = world.good('relay');
    const { lane: p2p, carrier } = world.good('p2p');
    void world.done;
    const pings = carrier.framesOf('ping').length;
    world.machine.lose(relay, 1001, 'cut');
    expect(world.done).toEqual(['relay0>p2p1 turn 1', 'forget relay0']);
    expect(world.machine.active).toBe(p2p);
    // What has cut the first may have hit the other.
    expect([p2p.isDoubted, carrier.framesOf('ping').length]).toEqual([true, pings + 1]);
  });

  test('a change of preference moves at once, and forgives the direct path', () => {
    const world = new PathBench({ preference: 'relay' });
    world.good('relay');
    world.good('p2p');
    world.history.failed(world.clock.now());
    world.machine.prefer('auto');
    expect(world.machine.active?.kind).toBe('relay');
    world.machine.prefer('p2p');
    expect(world.machine.active?.kind).toBe('p2p');
    world.machine.prefer('relay');
    expect([world.machine.active?.kind, world.machine.switches]).toEqual(['relay', 2]);
  });

  test('that outruns a direct path carries nothing while it is to be spared', () => {
    const world = new PathBench({ preference: 'relay' });
    world.good('relay');
    world.good('p2p');
    world.machine.prefer('spare');
    expect(world.machine.active?.kind).toBe('p2p');
    world.machine.prefer('relay');
    expect(world.machine.active?.kind).toBe('relay');
  });

  test('is used when this end asks for it, and not when it can’t be', () => {
    const world = new PathBench();
    const { lane: relay } = world.good('relay');
    const { lane: p2p } = world.good('p2p');
    void world.done;
    expect(world.machine.use(p2p)).toBe(true);
    expect(world.done).toEqual(['relay0>p2p1 turn 1']);
    expect(world.machine.use(relay)).toBe(true);
    expect(world.done).toEqual(['p2p1>relay0 turn 2']);
    p2p.transition('suspect');
    expect(world.machine.use(p2p)).toBe(false);
    expect(world.machine.active).toBe(relay);
  });
});

describe('a newer lane of the same kind', () => {
  test('takes over once it is ready, without a moment with none and without a switch', () => {
    const world = new PathBench();
    const older = world.good('relay');
    void world.done;
    const newer = world.attach('relay');
    expect([older.lane.state, world.done]).toEqual(['ready', []]);
    world.machine.ready(newer.lane);
    expect(world.done).toEqual(['relay0>relay1', 'forget relay0']);
    expect(older.carrier.closes).toEqual([{ code: 4009, reason: 'replaced' }]);
    expect([world.machine.active, world.machine.switches]).toEqual([newer.lane, 0]);
    // A replaced lane casts no doubt on the others.
    expect(newer.lane.isDoubted).toBe(false);
  });

  test('replaces at once one that is not ready either', () => {
    const world = new PathBench();
    const older = world.attach('relay');
    world.attach('relay');
    expect(older.carrier.closes).toEqual([{ code: 4009, reason: 'replaced' }]);
  });

  test('leaves the other in place when it joins', () => {
    const world = new PathBench();
    const { lane, carrier } = world.good('p2p');
    world.ready('p2p', true);
    expect([carrier.closes, world.machine.active]).toEqual([[], lane]);
  });

  test('is what the opener has chosen, when that was the older', () => {
    const world = new PathBench({ role: 'acceptor' });
    world.good('relay');
    const { lane: older } = world.good('p2p');
    world.machine.follow(older, 1);
    const { lane: newer } = world.ready('p2p');
    newer.transition('suspect');
    world.machine.answered(newer, false);
    expect(world.machine.active).toBe(newer);
  });

  test('is not held against the direct path, its loss is', () => {
    const world = new PathBench();
    world.good('p2p');
    const { lane } = world.good('p2p');
    expect(world.history.standing(world.clock.now())).toBe('trusted');
    world.machine.lose(lane, 1001, 'cut');
    expect(world.history.standing(world.clock.now())).toBe('distrusted');
  });

  test('is trusted soon after a loss', () => {
    const world = new PathBench();
    world.machine.lose(world.good('p2p').lane, 1001, 'cut');
    world.good('p2p');
    expect(world.standingIn(LIMITS.p2pFreshMs - 1)).toBe('distrusted');
    expect(world.standingIn(LIMITS.p2pFreshMs)).toBe('trusted');
  });

  test('is trusted sooner than one that was suspected and answers again', async () => {
    const world = new PathBench({ preference: 'auto' });
    const { lane: relay } = world.good('relay');
    const { lane } = world.good('p2p');
    world.busy = lane;
    await world.pass(1_000, relay);
    expect([lane.state, world.standingIn(1e9)]).toEqual(['suspect', 'distrusted']);
    world.answer(lane);
    expect(world.standingIn(LIMITS.p2pSettleMs - 1)).toBe('distrusted');
    expect(world.standingIn(LIMITS.p2pSettleMs)).toBe('trusted');
  });

  test('the loss of the relay, or of a path that never was ready, is not held against it', () => {
    const world = new PathBench();
    world.machine.lose(world.good('relay').lane, 1001, 'cut');
    world.machine.lose(world.attach('p2p').lane, 1001, 'cut');
    expect(world.history.standing(world.clock.now())).toBe('trusted');
  });
});

describe('the acceptor', () => {
  function acceptor() {
    const world = new PathBench({ role: 'acceptor' });
    const { lane: relay } = world.good('relay');
    const { lane: p2p } = world.good('p2p');
    void world.done;
    return { world, relay, p2p };
  }

  test('follows the opener, by the highest turn, and tells nobody', () => {
    const { world, relay, p2p } = acceptor();
    world.machine.follow(p2p, 3);
    expect(world.done).toEqual(['relay0>p2p1']);
    world.machine.follow(relay, 3);
    world.machine.follow(relay, 2);
    expect(world.machine.active).toBe(p2p);
    world.machine.follow(relay, 4);
    expect(world.machine.active).toBe(relay);
  });

  test('does not follow to a lane that it can’t use', () => {
    const { world, relay } = acceptor();
    const { lane } = world.attach('p2p');
    world.machine.follow(lane, 1);
    expect(world.machine.active).toBe(relay);
    // The turn is not used up: it holds once the lane is ready.
    world.machine.ready(lane);
    world.machine.follow(lane, 1);
    expect(world.machine.active).toBe(lane);
  });

  test('takes the lane that the opener has left for one that may be dead', () => {
    const { world, relay, p2p } = acceptor();
    world.machine.follow(p2p, 1);
    expect([relay.isLeft, p2p.isLeft]).toEqual([true, false]);
    world.machine.follow(p2p, 2);
    expect(p2p.isLeft).toBe(false);
  });

  test('goes back to the chosen lane when it answers again', () => {
    const { world, relay, p2p } = acceptor();
    world.machine.follow(p2p, 1);
    p2p.transition('suspect');
    world.machine.heard();
    expect(world.machine.active).toBe(relay);
    p2p.ping();
    world.answer(p2p);
    expect([world.machine.active, p2p.state]).toEqual([p2p, 'ready']);
  });
});

describe('the newest that the peer says', () => {
  test('on another lane, makes the one in use one that the peer may have found dead', () => {
    const world = new PathBench();
    const { lane: relay } = world.good('relay');
    const { lane: p2p } = world.good('p2p');
    world.machine.newestOn(relay);
    expect(relay.isLeft).toBe(false);
    p2p.transition('suspect');
    world.machine.newestOn(p2p);
    expect(relay.isLeft).toBe(false);
    p2p.transition('ready');
    world.machine.newestOn(p2p);
    expect([relay.isLeft, p2p.isLeft]).toEqual([true, false]);
  });
});

describe('a machine that has stopped', () => {
  test('has no lanes and no timer, and closes what is still attached', () => {
    const world = new PathBench();
    world.good('relay');
    world.machine.stop();
    expect([world.machine.active, world.machine.lanes.size, world.clock.timers]).toEqual([
      ...[undefined, 0, 0],
    ]);
    const { lane, carrier } = world.attach('relay');
    expect(lane.state).toBe('dead');
    expect(carrier.closes).toEqual([{ code: 1001, reason: 'link is closed' }]);
    expect([world.machine.lanes.size, world.clock.timers]).toEqual([0, 0]);
  });
});
