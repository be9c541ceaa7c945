import { describe, expect, test } from '@jest/globals';
import { Flight } from '../src/link/flight.js';
import { HeldUpAnswers } from '../src/link/held-up-answers.js';
import { LIMITS } from '../src/limits.js';
import { SteppedClock } from './support/fake-clock.js';

const BASE = 100;
/** The longest that an answer takes when the cap is full and nothing is lost. */
const FULL = LIMITS.flightGain * BASE + LIMITS.flightSlackMs;

function after(roundTrips: readonly number[]): number | undefined {
  const answers = new HeldUpAnswers();
  for (const roundTrip of roundTrips) answers.add(roundTrip, BASE);
  return answers.usualMs;
}

/** Two answers in three are held up for this long. */
function withLosses(heldUpMs: number, count = 60): number[] {
  return Array.from({ length: count }, (_, index) => (index % 3 === 0 ? BASE : heldUpMs));
}

describe('the usual round trip of a stream', () => {
  test('counts while losses hold up most answers', () => {
    expect(after(withLosses(2 * FULL))).toBe(2 * FULL);
  });

  test('counts soon after losses begin, however long there were none', () => {
    expect(after([...withLosses(BASE, 1_000), ...withLosses(2 * FULL, 48)])).toBe(2 * FULL);
  });

  test('does not count while answers take no longer than a full cap explains', () => {
    expect(after(withLosses(FULL))).toBeUndefined();
    expect(after(withLosses(1.49 * FULL))).toBeUndefined();
  });

  test('does not count before there are 17: the start of a transfer may be what fills a queue', () => {
    expect(after(withLosses(2 * FULL, 16))).toBeUndefined();
    expect(after(withLosses(2 * FULL, 17))).toBe(2 * FULL);
  });

  test('does not count for a stall that holds up less than half of them', () => {
    const stalled = Array.from({ length: 20 }, () => 3 * FULL);
    expect(after([...withLosses(BASE, 40), ...stalled, BASE])).toBeUndefined();
  });

  test('is four times the shortest at most', () => {
    expect(after(withLosses(50 * BASE))).toBe(4 * BASE);
  });

  test('does not count on a path that has become slower: all its answers wait in a queue', () => {
    const answers = new HeldUpAnswers();
    for (const roundTrip of withLosses(BASE)) answers.add(roundTrip, BASE);
    for (let waited = 0; waited < 60; waited += 1) {
      answers.add(3 * FULL, BASE);
      expect(answers.usualMs).toBeUndefined();
    }
  });

  test('is forgotten when the losses end', () => {
    expect(after([...withLosses(2 * FULL), ...withLosses(BASE, 48)])).toBeUndefined();
  });
});

/** A lane that was full in the first of these round trips, in milliseconds, and has carried little since. */
function flightAfter(roundTrips: readonly number[], isOverTcp: boolean): Flight {
  const clock = new SteppedClock();
  const flight = new Flight(clock, isOverTcp);
  for (const [index, roundTrip] of roundTrips.entries()) {
    flight.add(index === 1 ? flight.capBytes : LIMITS.flightLeastBytes);
    const mark = flight.mark();
    clock.advance(roundTrip);
    flight.answered(mark);
  }
  return flight;
}

describe('what may be under way', () => {
  test.each([
    [true, 2 * FULL],
    [false, BASE],
  ])(
    'over TCP (%s) is measured by the usual round trip while losses hold it up',
    (isOverTcp, spanMs) => {
      const flight = flightAfter(withLosses(2 * FULL), isOverTcp);
      expect(flight.isFull).toBe(true);
      const bytes = (flight.perSecond * (LIMITS.flightGain * spanMs + LIMITS.flightSlackMs)) / 1000;
      expect(flight.capBytes).toBeCloseTo(bytes);
    },
  );
});
