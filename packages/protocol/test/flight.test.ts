import { describe, expect, test } from '@jest/globals';
import { LIMITS } from '../src/limits.js';
import { Flight, type Mark } from '../src/link/flight.js';
import { SteppedClock } from './support/fake-clock.js';

const KIB = 1024;

/** A lane with a bottleneck, which always has frames to send: what its answers make of its flight. */
class Line {
  readonly clock = new SteppedClock();
  readonly flight = new Flight(this.clock);
  /** The most that waited before the bottleneck, in milliseconds. */
  longestWaitMs = 0;
  sent = 0;
  #freeAt = 0;

  constructor(
    public perMs: number,
    public roundTripMs: number,
    private readonly frameBytes = 16 * KIB,
  ) {
    this.ping();
    this.clock.advance(roundTripMs);
  }

  ping(): void {
    const mark: Mark = this.flight.mark();
    const waitMs = Math.max(0, this.#freeAt - this.clock.now());
    this.longestWaitMs = Math.max(this.longestWaitMs, waitMs);
    this.clock.setTimeout(() => {
      this.flight.answered(mark);
      this.fill();
    }, this.roundTripMs + waitMs);
  }

  fill(): void {
    while (this.isSending && this.flight.load < 1) {
      this.sent += this.frameBytes;
      this.flight.add(this.frameBytes);
      this.#freeAt = Math.max(this.#freeAt, this.clock.now()) + this.frameBytes / this.perMs;
      if (this.flight.isMarkDue) this.ping();
    }
  }

  isSending = false;

  /** Sends all that the cap allows for a while; bytes a millisecond. */
  run(milliseconds: number): number {
    const before = this.sent;
    this.isSending = true;
    this.longestWaitMs = 0;
    this.fill();
    this.clock.advance(milliseconds);
    this.isSending = false;
    return (this.sent - before) / milliseconds;
  }
}

describe('what may be under way', () => {
  test('is everything until the first answer, which may never come', () => {
    const flight = new Flight(new SteppedClock());
    flight.add(100 * LIMITS.retransmitBytes);
    expect([flight.load, flight.isMarkDue]).toEqual([0, true]);
  });

  test('is a little at first, and nothing more until an answer comes', () => {
    const { flight } = new Line(1_000, 30);
    expect(flight.capBytes).toBe(LIMITS.flightStartBytes);
    flight.add(LIMITS.flightStartBytes);
    expect([flight.load, flight.isMarkDue]).toEqual([1, true]);
    flight.mark();
    expect(flight.isMarkDue).toBe(false);
  });

  test.each([
    [1_250, 20],
    [12_500, 30],
    [12_500, 100],
    [12_500, 200],
    [1_250, 200],
  ])('%i bytes a ms at %i ms: fills the path, and no queue', (perMs, roundTripMs) => {
    const line = new Line(perMs, roundTripMs);
    line.run(40 * roundTripMs);
    expect(line.run(5_000)).toBeGreaterThan(0.95 * perMs);
    const frames = (3 * 16 * KIB + LIMITS.flightLeastBytes) / perMs;
    const allowed = (LIMITS.flightGain - 1) * roundTripMs + 2 * LIMITS.flightSlackMs;
    expect(line.longestWaitMs).toBeLessThan(Math.max(frames, allowed + (16 * KIB) / perMs));
  });

  test('is found within some round trips', () => {
    const line = new Line(12_500, 50);
    line.run(8 * 50);
    expect(line.run(100)).toBeGreaterThan(0.9 * 12_500);
  });

  test('is never less than a frame and a part of the next', () => {
    const line = new Line(10, 1);
    line.run(60_000);
    expect(line.flight.capBytes).toBe(LIMITS.flightLeastBytes);
    expect(line.run(60_000)).toBeGreaterThan(9);
  });

  test('is never more than is kept for a replay', () => {
    const line = new Line(1_000_000, 200);
    line.run(5_000);
    expect(line.flight.capBytes).toBe(LIMITS.retransmitBytes);
  });
});

describe('a path that changes', () => {
  test('and has become faster is filled again', () => {
    const line = new Line(1_250, 50);
    line.run(5_000);
    line.perMs = 12_500;
    line.run(3_000);
    expect(line.run(2_000)).toBeGreaterThan(0.95 * 12_500);
  });

  test('and has become slower has no queue for long', () => {
    const line = new Line(12_500, 50);
    line.run(5_000);
    line.perMs = 2_500;
    line.run(12_000);
    line.run(2_000);
    expect(line.longestWaitMs).toBeLessThan(50);
  });

  test('and has become longer keeps its rate for some seconds at least', () => {
    const line = new Line(12_500, 20);
    line.run(5_000);
    const { perSecond } = line.flight;
    line.roundTripMs = 60;
    line.run(4_000);
    expect(line.flight.perSecond).toBe(perSecond);
  });

  test('is not taken for longer because of our own queue', () => {
    const line = new Line(2_000, 20);
    const before = line.run(5_000);
    line.run(60_000);
    expect(line.run(5_000)).toBeCloseTo(before, -2);
    expect(line.longestWaitMs).toBeLessThan(60);
  });
});

describe('an app that sends less than the path carries', () => {
  test('says nothing against the rate', () => {
    const line = new Line(12_500, 30);
    line.run(3_000);
    const { perSecond } = line.flight;
    for (let n = 0; n < 100; n += 1) {
      line.flight.add(1_000);
      line.ping();
      line.clock.advance(100);
    }
    expect(line.flight.perSecond).toBe(perSecond);
    expect(line.flight.bytes).toBe(0);
  });

  test('leaves the start as it is', () => {
    const line = new Line(12_500, 30);
    for (let n = 0; n < 100; n += 1) {
      line.flight.add(1_000);
      line.ping();
      line.clock.advance(100);
    }
    expect(line.flight.capBytes).toBe(LIMITS.flightStartBytes);
  });
});

test('answers that were held up and come together make no rate', () => {
  const line = new Line(1_000, 50);
  line.run(3_000);
  const marks = Array.from({ length: 5 }, () => {
    line.flight.add(10_000);
    line.clock.advance(10);
    return line.flight.mark();
  });
  line.clock.jump(500);
  for (const mark of marks) line.flight.answered(mark);
  expect(line.flight.perSecond).toBeLessThan(1_100_000);
});

test('an answer that comes twice, or behind a later one, changes nothing', () => {
  const { clock, flight } = new Line(1_000, 50);
  flight.add(10_000);
  const first = flight.mark();
  flight.add(10_000);
  const second = flight.mark();
  clock.advance(50);
  flight.answered(second);
  flight.answered(first);
  flight.answered(second);
  expect(flight.bytes).toBe(0);
});
