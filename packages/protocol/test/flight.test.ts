import { describe, expect, test } from '@jest/globals';
import { LIMITS } from '../src/limits.js';
import { Flight, paceOf, type Mark } from '../src/link/flight.js';
import { SteppedClock } from './support/fake-clock.js';

const KIB = 1024;

/** A lane with a bottleneck that always has frames to send. Its answers change its flight. */
class Line {
  readonly clock = new SteppedClock();
  readonly flight = new Flight(this.clock);
  /** The longest wait before the bottleneck, in milliseconds. */
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

  /** Sends as much as the cap allows for a while. Returns the rate in bytes a millisecond. */
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

  test('and has become longer keeps its rate for a second at least', () => {
    const line = new Line(12_500, 20);
    line.run(5_000);
    const { perSecond } = line.flight;
    line.roundTripMs = 60;
    line.run(1_000);
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

/** A lane whose first ping was answered after 20 ms. If `bytes` are given, these were sent and answered after 20 ms, too. */
function begun(bytes = 0): Line {
  const line = new Line(1_000, 20);
  if (bytes > 0) carried(line, bytes, 20);
  return line;
}

/** Sends this many bytes at once, and a ping behind them that is answered after this time. */
function carried({ clock, flight }: Line, bytes: number, milliseconds: number): void {
  flight.add(bytes);
  const mark = flight.mark();
  clock.advance(milliseconds);
  flight.answered(mark);
}

describe('the cap', () => {
  test('is generous in the start, and a little more than a round trip brings after that', () => {
    const line = begun();
    carried(line, 200_000, 20);
    const capAt = (gain: number) => 10_000 * (gain * 20 + LIMITS.flightSlackMs);
    expect(line.flight.perSecond).toBe(10_000_000);
    expect(line.flight.capBytes).toBeCloseTo(capAt(LIMITS.flightStartGain));
    for (let n = 0; n < 3; n += 1) carried(line, line.flight.capBytes, 200);
    expect(line.flight.isFull).toBe(true);
    expect(line.flight.capBytes).toBeCloseTo(capAt(LIMITS.flightGain));
  });

  test('keeps to the shortest round trip, whatever later answers take', () => {
    const line = begun();
    carried(line, 1_000, 10);
    carried(line, 1_000, 40);
    expect(line.flight.roundTripMs).toBe(10);
  });

  test('leaves the start when answers begin to wait in a queue, and not before', () => {
    const late = 1.5 * 20 + 2 * LIMITS.flightSlackMs;
    for (const [milliseconds, isFull] of [
      [late, false],
      [late + 1, true],
    ] as const) {
      const line = begun(LIMITS.flightStartBytes);
      carried(line, 1_000, milliseconds);
      expect(line.flight.isFull).toBe(isFull);
    }
  });
});

describe('pings among the frames', () => {
  test('follow each eighth of the cap, and never less than 16 KiB', () => {
    const { flight } = begun();
    flight.add(16 * KIB - 1);
    expect(flight.isMarkDue).toBe(false);
    flight.add(1);
    expect(flight.isMarkDue).toBe(true);
    const { flight: wide } = begun(LIMITS.flightStartBytes);
    const eighth = Math.ceil(wide.capBytes / 8);
    wide.add(eighth - 1);
    expect(wide.isMarkDue).toBe(false);
    wide.add(1);
    expect(wide.isMarkDue).toBe(true);
  });

  test('follow 64 KiB where the cap is large, or not known', () => {
    const fast = begun();
    for (const size of [128, 512, 2_048]) carried(fast, size * KIB, 20);
    expect(fast.flight.capBytes).toBeGreaterThan(8 * LIMITS.flightLeastBytes);
    for (const flight of [fast.flight, new Flight(new SteppedClock())]) {
      flight.add(LIMITS.flightLeastBytes - 1);
      expect(flight.isMarkDue).toBe(false);
      flight.add(1);
      expect(flight.isMarkDue).toBe(true);
    }
  });

  test('follow the frame that takes the last room, however small', () => {
    const { flight } = begun();
    flight.add(LIMITS.flightStartBytes - 1);
    flight.mark();
    expect(flight.isMarkDue).toBe(false);
    flight.add(1);
    expect(flight.isMarkDue).toBe(true);
  });
});

describe('the rate', () => {
  test('leaves out the time in which there was nothing to send', () => {
    const line = begun(10_000);
    line.clock.advance(60_000);
    carried(line, 50_000, 20);
    expect(line.flight.perSecond).toBe(2_500_000);
  });

  test('counts from the time when the first of its frames was sent, not from the ping behind them', () => {
    const line = begun();
    const { clock, flight } = line;
    flight.add(1_000);
    const early = flight.mark();
    clock.advance(20);
    flight.answered(early);
    flight.add(20_000);
    clock.advance(10);
    const late = flight.mark();
    clock.advance(30);
    flight.answered(late);
    expect(flight.perSecond).toBe(500_000);
  });

  test('learns nothing from a ping that no frame went before', () => {
    const { clock, flight } = begun(1_000);
    const idle = flight.mark();
    flight.add(60_000);
    clock.advance(20);
    flight.answered(idle);
    const behind = flight.mark();
    clock.advance(20);
    flight.answered(behind);
    expect(flight.perSecond).toBe(1_500_000);
  });

  test('of what the cap held back is believed when it is lower, and only then', () => {
    const line = begun();
    carried(line, LIMITS.flightStartBytes, 20);
    const { capBytes, perSecond } = line.flight;
    line.clock.advance(6_000);
    carried(line, capBytes - 1, 600);
    expect(line.flight.perSecond).toBe(perSecond);
    carried(line, capBytes, 600);
    expect(line.flight.perSecond).toBeCloseTo(capBytes / 0.6);
    line.clock.advance(6_000);
    carried(line, 1_000, 20);
    expect(line.flight.perSecond).toBeCloseTo(capBytes / 0.6);
  });
});

describe('the pace of several lanes', () => {
  test('is unknown before the first answer', () => {
    const unknown = { perSecond: 0, isFull: false, roundTripMs: null };
    expect(paceOf([])).toEqual(unknown);
    expect(paceOf([new Flight(new SteppedClock())])).toEqual(unknown);
  });

  test('is what all deliver, and full when each of them is', () => {
    const [slow, fast] = [new Line(1_000, 30), new Line(2_000, 20)];
    for (const line of [slow, fast]) line.run(2_000);
    const pace = paceOf([slow.flight, fast.flight]);
    expect(pace.perSecond / 3_000_000).toBeCloseTo(1, 1);
    expect(pace).toMatchObject({ isFull: true, roundTripMs: 20 });
    const idle = new Line(1_000, 5);
    expect(paceOf([slow.flight, idle.flight])).toMatchObject({ isFull: false, roundTripMs: 5 });
  });
});
