import { expect, test } from '@jest/globals';
import { slopeOf, verdictOf, type Point } from '../soak/slope.js';

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

test('more than noise is what is beyond three errors and the least amount', () => {
  expect(verdictOf(slopeOf(line(3, 0.5)), 4)).toBe('grows');
  expect(verdictOf(slopeOf(line(-3, 0.5)), 4)).toBe('falls');
  expect(verdictOf(slopeOf(line(3, 0.5)), 8)).toBe('level');
  expect(verdictOf(slopeOf(line(3, 30)), 4)).toBe('level');
  expect(verdictOf(slopeOf([]), 0)).toBe('level');
});
