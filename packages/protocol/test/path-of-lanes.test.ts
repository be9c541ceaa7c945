import { describe, expect, test } from '@jest/globals';
import { PathBench } from './support/path-bench.js';

/** A viewer's path with a relay and two direct lanes, all of them good. */
function twoLanes() {
  const bench = new PathBench({ preference: 'auto' });
  const relay = bench.good('relay');
  const first = bench.good('p2p');
  const second = bench.ready('p2p', true);
  bench.answer(second.lane);
  const standing = () => bench.history.standing(bench.clock.now());
  return { bench, relay, first, second, standing };
}

describe('a direct path of two lanes', () => {
  test('carries on both, and on the relay none', () => {
    const { bench, first, second } = twoLanes();
    expect(bench.machine.carrying).toEqual([first.lane, second.lane]);
  });

  test('carries on the preferred one alone, as long as that is good', async () => {
    const { bench, relay, first, second } = twoLanes();
    const third = bench.ready('p2p', true, true);
    expect(bench.machine.carrying).toEqual([first.lane, second.lane]);
    bench.answer(third.lane);
    expect(bench.machine.carrying).toEqual([third.lane]);
    bench.busy = third.lane;
    await bench.pass(2_000, relay.lane, first.lane, second.lane);
    expect(third.lane.state).toBe('suspect');
    expect(bench.machine.carrying).toEqual([first.lane, second.lane]);
  });

  test('is no failure while one of them is left, and is one with the last', () => {
    const { bench, relay, first, second, standing } = twoLanes();
    bench.machine.lose(first.lane, 1006, 'cut');
    expect([bench.machine.active, standing()]).toEqual([second.lane, 'trusted']);
    bench.machine.lose(second.lane, 1006, 'cut');
    expect([bench.machine.active, standing()]).toEqual([relay.lane, 'distrusted']);
  });

  test('is suspected only when the last of them is', async () => {
    const { bench, relay, first, second, standing } = twoLanes();
    bench.busy = first.lane;
    await bench.pass(2_000, relay.lane, second.lane);
    expect([first.lane.state, bench.machine.active, standing()]).toEqual([
      ...['suspect', second.lane, 'trusted'],
    ]);
    expect(bench.machine.carrying).toEqual([second.lane]);
    bench.busy = second.lane;
    await bench.pass(2_000, relay.lane);
    expect([bench.machine.active, standing()]).toEqual([relay.lane, 'distrusted']);
  });

  test('lets one go: no failure, no doubt about the rest', () => {
    const { bench, relay, first, second, standing } = twoLanes();
    expect(bench.done).not.toEqual([]);
    bench.machine.retire(second.lane.id);
    expect([second.lane.state, bench.machine.active, standing()]).toEqual([
      ...['dead', first.lane, 'trusted'],
    ]);
    expect(second.carrier.closes).toEqual([{ code: 1000, reason: 'not needed' }]);
    expect([relay.lane.isDoubted, first.lane.isDoubted]).toEqual([false, false]);
    expect(bench.done).toEqual([`forget p2p${second.lane.id}`]);
    bench.machine.retire(second.lane.id);
    expect(bench.done).toEqual([]);
  });

  test('is not left by a peer that sends on either, and is by one that sends on the relay', () => {
    const { bench, relay, first, second } = twoLanes();
    bench.machine.heardNumber(second.lane, 7);
    expect(first.lane.isLeft).toBe(false);
    second.lane.newestHeard = 7;
    bench.machine.heardNumber(relay.lane, 6);
    expect(first.lane.isLeft).toBe(false);
    bench.machine.heardNumber(relay.lane, 8);
    expect([first.lane.isLeft, second.lane.isLeft]).toEqual([true, true]);
    relay.lane.newestHeard = 8;
    bench.machine.heardNumber(second.lane, 7);
    expect(first.lane.isLeft).toBe(true);
    bench.machine.heardNumber(second.lane, 9);
    expect([first.lane.isLeft, second.lane.isLeft]).toEqual([false, false]);
  });
});

test('the host stays on the direct path when the lane that the viewer has chosen is gone', () => {
  const bench = new PathBench({ role: 'acceptor' });
  bench.good('relay');
  const first = bench.good('p2p');
  const second = bench.ready('p2p', true);
  bench.answer(second.lane);
  bench.machine.follow(first.lane, 1);
  expect(bench.machine.active).toBe(first.lane);
  bench.machine.lose(first.lane, 1006, 'cut');
  expect(bench.machine.active).toBe(second.lane);
});
