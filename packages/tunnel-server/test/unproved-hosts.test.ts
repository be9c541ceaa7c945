import { expect, test } from '@jest/globals';
import { SERVER_LIMITS } from '../src/limits.js';
import { UnprovedHosts } from '../src/signaling/unproved-hosts.js';
import { FakeClock } from './support/fake-clock.js';

/** Hosts by name; a name is the network, and which host of it. */
class Crowd {
  readonly clock = new FakeClock();
  /** As late as chance may have it. */
  readonly hosts = new UnprovedHosts(this.clock, () => 1);
  readonly evicted: string[] = [];
  readonly leave = new Map<string, () => void>();

  enter(network: string, count: number, from = 0): void {
    for (let index = from; index < from + count; index += 1) {
      const name = `${network} ${index}`;
      this.leave.set(
        name,
        this.hosts.enter(network, () => this.evicted.push(name)),
      );
    }
  }
}

const PLACES = SERVER_LIMITS.unprovedHosts;

test('all places can be taken by one network', () => {
  const crowd = new Crowd();
  crowd.enter('a', PLACES);
  expect(crowd.evicted).toEqual([]);
  expect(crowd.hosts.size).toBe(PLACES);
});

test('the oldest of the network that has most goes, whoever comes', () => {
  const crowd = new Crowd();
  crowd.enter('early', 2);
  crowd.enter('greedy', PLACES - 2);
  crowd.enter('late', 1);
  crowd.enter('greedy', 1, PLACES);
  crowd.enter('early', 1, 2);
  expect(crowd.evicted).toEqual(['greedy 0', 'greedy 1', 'greedy 2']);
  expect(crowd.hosts.size).toBe(PLACES);
});

test('of networks that have as many the first one gives way', () => {
  const crowd = new Crowd();
  for (let index = 0; index <= PLACES; index += 1) crowd.enter(`n${index}`, 1);
  expect(crowd.evicted).toEqual(['n0 0']);
});

test('who has proved a key or gone makes room, once', () => {
  const crowd = new Crowd();
  crowd.enter('a', PLACES);
  const leave = crowd.leave.get('a 3');
  leave?.();
  leave?.();
  expect(crowd.hosts.size).toBe(PLACES - 1);
  crowd.enter('b', 1);
  expect(crowd.evicted).toEqual([]);
  crowd.enter('b', 1, 1);
  expect(crowd.evicted).toEqual(['a 0']);
});

test('one that was displaced does not leave twice', () => {
  const crowd = new Crowd();
  crowd.enter('a', PLACES + 1);
  crowd.leave.get('a 0')?.();
  expect(crowd.hosts.size).toBe(PLACES);
});

test('in a crowd of networks with one host each nobody half way gives way: a newcomer is given a turn', () => {
  const crowd = new Crowd();
  for (let index = 0; index < PLACES; index += 1) crowd.enter(`n${index}`, 1);
  const { hostTurnMs, provingMs } = SERVER_LIMITS;
  expect([crowd.hosts.waitFor('late'), crowd.hosts.waitFor('later')]).toEqual([
    hostTurnMs,
    2 * hostTurnMs,
  ]);
  crowd.clock.advance(hostTurnMs);
  expect(crowd.hosts.waitFor('latest')).toBe(2 * hostTurnMs);
  crowd.clock.advance(provingMs - hostTurnMs);
  expect(crowd.hosts.waitFor('late')).toBeUndefined();
  crowd.enter('late', 1);
  expect(crowd.evicted).toEqual(['n0 0']);
});

test('whoever makes room has none of the others wait: a network with a place, and one that has most', () => {
  const crowd = new Crowd();
  for (let index = 0; index < PLACES; index += 1) crowd.enter(`n${index}`, 1);
  expect(crowd.hosts.waitFor('n7')).toBeUndefined();
  crowd.enter('n7', 1, 1);
  expect(crowd.evicted).toEqual(['n7 0']);
  crowd.leave.get('n0 0')?.();
  crowd.enter('n1', 1, 1);
  expect(crowd.hosts.waitFor('late')).toBeUndefined();
  crowd.enter('late', 1);
  expect(crowd.evicted).toEqual(['n7 0', 'n1 0']);
});

test('no turn is later than a host waits, whatever the crowd', () => {
  const crowd = new Crowd();
  for (let index = 0; index < PLACES; index += 1) crowd.enter(`n${index}`, 1);
  const { hostTurnMs, hostTurnsMs } = SERVER_LIMITS;
  const turns = Array.from({ length: hostTurnsMs / hostTurnMs + 2 }, () =>
    crowd.hosts.waitFor('late'),
  );
  expect(turns.at(-3)).toBe(hostTurnsMs);
  expect(turns.slice(-2)).toEqual([hostTurnsMs, hostTurnsMs]);
});
