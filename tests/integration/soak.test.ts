import { describe, expect, test } from '@jest/globals';
import { slopeOf, verdictOf, type Point, type Verdict } from '../soak/slope.js';

const line = (perHour: number, noise: number): Point[] =>
  Array.from({ length: 21 }, (_, at) => [at / 10, 5 + (perHour * at) / 10 + noise * (-1) ** at]);

test('a slope is that of the line, with the error that its noise gives', () => {
  const { perHour, error, change } = slopeOf(line(3, 0));
  expect([perHour, change]).toEqual([expect.closeTo(3), expect.closeTo(6)]);
  expect(error).toBeCloseTo(0);
  // By hand: the middle one of [0, 2, 1] lies 1 above the line, the others half as much below.
  const hand = slopeOf([0, 2, 1].map((value, at): Point => [at, value]));
  expect(hand).toEqual({ perHour: 0.5, error: expect.closeTo(Math.sqrt(1.5 / 2)), change: 1 });
});

/** As the report has it. */
function verdict(points: readonly Point[], least: number): Verdict {
  return verdictOf(slopeOf(points), slopeOf(points.slice(Math.floor(points.length / 2))), least);
}

test('more than noise is what is beyond three errors and the least amount', () => {
  expect(verdict(line(3, 0.2), 4)).toBe('grows');
  expect(verdict(line(-3, 0.2), 4)).toBe('falls');
  expect(verdict(line(3, 0.2), 8)).toBe('level');
  expect(verdict(line(3, 30), 4)).toBe('level');
  expect(verdict([], 0)).toBe('level');
});

describe('of a hundred series of a process', () => {
  const SAMPLES = 96;
  /** Numbers from 0 to 1, the same in each run. */
  function numbers(seed: number): () => number {
    let state = seed;
    return () => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
  }
  /** How many grow, of those in which a sample is what the function says and a noise of 2 MiB. */
  function growing(
    valueOf: (at: number, random: () => number) => (index: number) => number,
  ): number {
    const series = Array.from({ length: 100 }, (_, seed) => {
      const random = numbers(7 * seed + 1);
      const value = valueOf(0.2 + 0.6 * random(), random);
      return Array.from({ length: SAMPLES }, (_, index): Point => [
        index / 720,
        value(index / SAMPLES) + 4 * random(),
      ]);
    });
    return series.filter((points) => verdict(points, 8) === 'grows').length;
  }

  test('whose memory takes one step few are said to grow', () => {
    expect(growing((at) => (share) => (share < at ? 0 : 14))).toBeLessThan(15);
  });

  test('whose memory settles few are said to grow', () => {
    expect(growing((at) => (share) => 14 * (1 - Math.exp((-3 * share) / at)))).toBeLessThan(5);
  });

  test('that leak all but a few are said to grow', () => {
    expect(growing(() => (share) => 12 * share)).toBeGreaterThan(95);
  });
});
