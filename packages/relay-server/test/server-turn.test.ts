import { beforeEach, expect, test } from '@jest/globals';
import { HOST_LIMITS } from '../src/limits.js';
import { ServerTurn } from '../src/tunnel/server-turn.js';
import { FakeClock } from './support/fake-clock.js';

const [A, B, C] = ['https://a.test', 'https://b.test', 'https://c.test'].map(
  (url) => new URL(url),
) as [URL, URL, URL];

let clock: FakeClock;
let turn: ServerTurn;

beforeEach(() => {
  clock = new FakeClock();
  turn = new ServerTurn([A, B, C], clock);
});

test('servers that have not had the session are left at their first failure, and come again', () => {
  const asked = Array.from({ length: 4 }, () => {
    const { origin } = turn.server;
    expect(turn.failed()).toBe(true);
    return origin;
  });
  expect(asked).toEqual([A.origin, B.origin, C.origin, A.origin]);
});

test('the one that had the session is waited for, from the first failure on', () => {
  turn.taken();
  expect(turn.failed()).toBe(false);
  clock.advance(HOST_LIMITS.serverPatienceMs - 1);
  expect(turn.failed()).toBe(false);
  turn.taken();
  clock.advance(HOST_LIMITS.serverPatienceMs);
  expect([turn.failed(), turn.server]).toEqual([false, A]);
  clock.advance(HOST_LIMITS.serverPatienceMs);
  expect([turn.failed(), turn.server]).toEqual([true, B]);
  expect([turn.failed(), turn.server]).toEqual([true, C]);
});

test('refusals lead on until all servers have refused in turn', () => {
  expect([turn.refused(), turn.server]).toEqual([true, B]);
  expect([turn.refused(), turn.server]).toEqual([true, C]);
  expect(turn.refused()).toBe(false);
  turn.taken();
  expect(turn.refused()).toBe(true);
});

test('a single server stays, and its refusal is the last', () => {
  const only = new ServerTurn([A], clock);
  expect([only.failed(), only.refused(), only.server]).toEqual([false, false, A]);
});
