import { beforeEach, expect, test } from '@jest/globals';
import { GuessLimit } from '../src/entry/guess-limit.js';
import { HOST_LIMITS } from '../src/limits.js';
import { FakeClock } from './support/fake-clock.js';

const windowMs = 1_000;
let clock: FakeClock;
let limit: GuessLimit;

beforeEach(() => {
  clock = new FakeClock();
  limit = new GuessLimit({ each: 2, inAll: 5, windowMs }, clock);
});

const takeAll = (...guessers: string[]): boolean[] => guessers.map((who) => limit.take(who));

test('a guesser has so many guesses in a window, and others have their own', () => {
  expect(takeAll('ann', 'ann', 'ann', 'ben')).toEqual([true, true, false, true]);
  expect([limit.isSpent('ann'), limit.isSpent('ben')]).toEqual([true, false]);
});

test('all guessers together have so many, whatever they say to be', () => {
  const guessers = Array.from({ length: 20 }, (_, n) => `guesser ${n}`);
  expect(takeAll(...guessers).filter(Boolean)).toHaveLength(5);
  expect(limit.isSpent('ann')).toBe(true);
});

test('a window ends at its end and not before', () => {
  takeAll('ann', 'ann');
  clock.advance(windowMs - 1);
  expect(limit.take('ann')).toBe(false);
  clock.advance(1);
  expect(takeAll('ann', 'ann', 'ann')).toEqual([true, true, false]);
});

test('who is trusted has its own guesses when others have used up all', () => {
  limit.trust('ann');
  takeAll('b', 'c', 'd', 'e', 'f');
  expect(takeAll('ben', 'ann', 'ann', 'ann')).toEqual([false, true, true, false]);
});

test('so many are trusted; the one that was trusted longest ago is a stranger again', () => {
  for (let n = 0; n <= HOST_LIMITS.trustedGuessers; n++) limit.trust(`guesser ${n}`);
  takeAll('b', 'c', 'd', 'e', 'f');
  expect(takeAll('guesser 0', 'guesser 1')).toEqual([false, true]);
});
