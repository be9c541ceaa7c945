import { describe, expect, test } from '@jest/globals';
import { RoundTrip } from '../src/link/round-trip.js';
import { FakeClock } from './support/fake-clock.js';

async function after(samples: readonly number[], everyMs = 150): Promise<RoundTrip> {
  const clock = new FakeClock();
  const roundTrip = new RoundTrip(clock);
  for (const sample of samples) {
    await clock.advance(everyMs);
    roundTrip.add(sample);
  }
  return roundTrip;
}

const times = (count: number, sample: number): number[] => Array<number>(count).fill(sample);

describe('the round trip of a carrier', () => {
  test('is unknown before the first answer', async () => {
    const { usual, good, lowest, last } = await after([]);
    expect([usual, good, lowest, last]).toEqual([null, null, null, null]);
  });

  test('is what the first answer says', async () => {
    const { usual, good, lowest, last } = await after([70]);
    expect([usual, good, lowest, last]).toEqual([70, 70, 70, 70]);
  });

  test('stays what it was when a few answers were held up for seconds', async () => {
    const { usual, good } = await after([...times(8, 50), ...times(4, 7_000)]);
    expect([usual, good]).toEqual([50, 50]);
  });

  test('follows a path that has become slower within sixteen answers', async () => {
    const { usual, good, lowest } = await after([...times(16, 50), ...times(16, 800)]);
    expect([usual, good, lowest]).toEqual([800, 800, 50]);
  });

  test('is the middle of the last answers, and that of the faster quarter, in whatever order', async () => {
    const { usual, good, last } = await after([300, 50, 200, 400, 100]);
    expect([usual, good, last]).toEqual([200, 100, 100]);
  });

  test('is had from sixteen answers', async () => {
    expect((await after([...times(8, 50), ...times(8, 800)])).usual).toBe(50);
    expect((await after([...times(8, 50), ...times(9, 800)])).usual).toBe(800);
  });

  test('takes answers for one only when less than 100 ms are between them', async () => {
    expect((await after([50, 900, 900], 100)).last).toBe(900);
    expect((await after([50, 900, 900], 99)).last).toBe(50);
  });

  test('takes answers that come together for one, the shortest', async () => {
    const roundTrip = await after([50, 5_000, 4_000, 3_000, 900], 0);
    expect([roundTrip.usual, roundTrip.last]).toEqual([50, 50]);
  });
});
