import { describe, expect, test } from '@jest/globals';
import { Backoff } from '../src/backoff.js';

const waits = (backoff: Backoff, count: number): number[] =>
  Array.from({ length: count }, () => backoff.next());

describe('Backoff', () => {
  test('doubles up to its limit', () => {
    expect(waits(new Backoff(100, 1000, () => 1), 6)).toEqual([100, 200, 400, 800, 1000, 1000]);
  });

  test('shortens each wait by half at most', () => {
    expect(waits(new Backoff(100, 1000, () => 0), 5)).toEqual([50, 100, 200, 400, 500]);
  });

  test('starts again after a reset', () => {
    const backoff = new Backoff(100, 1000, () => 1);
    waits(backoff, 4);
    backoff.reset();
    expect(waits(backoff, 2)).toEqual([100, 200]);
  });

  test('stays at its limit for ever', () => {
    const backoff = new Backoff(250, 10_000, () => 1);
    waits(backoff, 5_000);
    expect(backoff.next()).toBe(10_000);
  });

  test('draws a new chance for each wait', () => {
    const random = new Backoff(1_000_000, 1_000_000);
    const drawn = new Set(waits(random, 20));
    expect(drawn.size).toBeGreaterThan(10);
    expect(Math.min(...drawn)).toBeGreaterThanOrEqual(500_000);
    expect(Math.max(...drawn)).toBeLessThanOrEqual(1_000_000);
  });
});
