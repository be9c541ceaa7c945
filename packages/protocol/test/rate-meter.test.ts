import { describe, expect, test } from '@jest/globals';
import { RateMeter } from '../src/link/rate-meter.js';
import { FakeClock } from './support/fake-clock.js';

/** Adds so many bytes every 100 ms for a time. */
async function deliver(clock: FakeClock, meter: RateMeter, bytes: number, milliseconds: number) {
  for (let left = milliseconds; left > 0; left -= 100) {
    await clock.advance(100);
    meter.add(bytes);
  }
}

describe('the rate of a lane', () => {
  test('is unknown before a whole window has passed', async () => {
    const clock = new FakeClock();
    const meter = new RateMeter(clock);
    expect(meter.best).toBeNull();
    await deliver(clock, meter, 1_000, 400);
    expect(meter.best).toBeNull();
  });

  test('is the bytes of a window by its length', async () => {
    const clock = new FakeClock();
    const meter = new RateMeter(clock);
    await deliver(clock, meter, 1_000, 500);
    // The message that closes the window counts for the next.
    expect(meter.best).toBe(8_000);
  });

  test('is the best of the last ten windows', async () => {
    const clock = new FakeClock();
    const meter = new RateMeter(clock);
    await deliver(clock, meter, 10_000, 1_000);
    await deliver(clock, meter, 100, 4_500);
    expect(meter.best).toBe(100_000);
    await deliver(clock, meter, 100, 1_000);
    expect(meter.best).toBe(1_000);
  });

  test('leaves a pause out, instead of taking it for a slow window', async () => {
    const clock = new FakeClock();
    const meter = new RateMeter(clock);
    meter.add(50_000);
    await clock.advance(1_000);
    meter.add(1_000);
    expect(meter.best).toBeNull();
    await clock.advance(999);
    meter.add(1);
    expect(meter.best).toBeCloseTo(1_001, 0);
  });
});
