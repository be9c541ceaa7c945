import { describe, expect, test } from '@jest/globals';
import { DeliveryRate, type RateSample } from '../src/link/delivery-rate.js';
import { SteppedClock } from './support/fake-clock.js';

/** The rate of a lane, and answers on this lane. Each answer ends a round unless a test says otherwise. */
function bench() {
  const clock = new SteppedClock();
  const rate = new DeliveryRate(clock);
  let delivered = 0;
  /** An answer comes after 10 ms, for as many bytes as give this rate in bytes a second. */
  const add = (perSecond: number, more: Partial<RateSample> = {}): void => {
    const [bytes, deliveredBefore] = [perSecond / 100, delivered];
    delivered += bytes;
    rate.add({ bytes, elapsedMs: 10, isLimited: true, deliveredBefore, delivered, ...more });
  };
  return { clock, rate, add };
}

const fromTheApp = { isLimited: false };

describe('the delivery rate', () => {
  test('is 0 before anything is known, and then bytes a second', () => {
    const { rate, add } = bench();
    expect(rate.perSecond).toBe(0);
    add(0, { bytes: 300, elapsedMs: 20 });
    expect(rate.perSecond).toBe(15_000);
  });

  test('of answers in the same millisecond is that of a millisecond', () => {
    const { rate, add } = bench();
    add(0, { bytes: 300, elapsedMs: 0 });
    expect(rate.perSecond).toBe(300_000);
  });

  test('is the highest of the last two seconds', () => {
    const { clock, rate, add } = bench();
    add(9_000);
    clock.jump(500);
    add(5_000);
    add(7_000);
    clock.jump(1_500);
    add(1_000);
    expect(rate.perSecond).toBe(9_000);
    clock.jump(1);
    add(1_000);
    expect(rate.perSecond).toBe(7_000);
    clock.jump(2_000);
    add(2_000);
    expect(rate.perSecond).toBe(2_000);
  });

  test('rises with the first answer that is faster', () => {
    const { rate, add } = bench();
    add(3_000);
    add(8_000);
    expect(rate.perSecond).toBe(8_000);
  });

  test('is never lowered by what the app did not send, but is raised by what it did', () => {
    const { clock, rate, add } = bench();
    add(6_000);
    clock.jump(60_000);
    add(1_000, fromTheApp);
    expect(rate.perSecond).toBe(6_000);
    add(9_000, fromTheApp);
    expect(rate.perSecond).toBe(9_000);
  });
});

describe('the start', () => {
  test('is over after three rounds in which the rate did not grow by a quarter', () => {
    const { rate, add } = bench();
    for (const perSecond of [1_000, 1_249, 1_249]) add(perSecond);
    expect(rate.isStarting).toBe(true);
    add(1_249);
    expect(rate.isStarting).toBe(false);
  });

  test('goes on while the rate grows, and counts anew after each growth', () => {
    const { rate, add } = bench();
    for (const perSecond of [1_000, 1_000, 1_000, 1_250, 1_250, 1_250]) add(perSecond);
    expect(rate.isStarting).toBe(true);
    add(1_250);
    expect(rate.isStarting).toBe(false);
  });

  test('is measured against the rate of the last growth, not against the last rate', () => {
    const { rate, add } = bench();
    for (const perSecond of [1_000, 1_200, 1_250, 1_250, 1_250]) add(perSecond);
    expect(rate.isStarting).toBe(true);
  });

  test('counts one answer in each round: those for what was under way before belong to the same', () => {
    const { rate, add } = bench();
    add(1_000);
    for (let n = 0; n < 9; n += 1) add(1_000, { deliveredBefore: 0 });
    expect(rate.isStarting).toBe(true);
  });

  test('is not over because the app sends little', () => {
    const { rate, add } = bench();
    add(1_000);
    for (let n = 0; n < 9; n += 1) add(1_000, fromTheApp);
    expect(rate.isStarting).toBe(true);
    for (let n = 0; n < 3; n += 1) add(1_000);
    expect(rate.isStarting).toBe(false);
  });

  test('is over at once when a queue begins, unless no rate is known yet', () => {
    const { rate, add } = bench();
    rate.full();
    expect(rate.isStarting).toBe(true);
    add(1_000);
    rate.full();
    expect(rate.isStarting).toBe(false);
  });

  test('does not come again when the lane becomes faster', () => {
    const { rate, add } = bench();
    add(1_000);
    rate.full();
    for (const perSecond of [5_000, 25_000]) add(perSecond);
    expect(rate).toMatchObject({ perSecond: 25_000, isStarting: false });
  });
});
