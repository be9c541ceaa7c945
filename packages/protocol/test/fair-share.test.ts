import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { FairShare } from '../src/fair-share.js';

/** Takes one by one for as long as that is fair; tells how many. */
function fill(share: FairShare<number>, holder: number): number {
  let taken = 0;
  while (share.allows(holder, 1)) {
    share.take(holder, 1);
    taken += 1;
  }
  return taken;
}

describe('a fair share', () => {
  test('is half for one alone, and what others give back', () => {
    const share = new FairShare<number>(100);
    expect(fill(share, 1)).toBe(50);
    expect(fill(share, 2)).toBe(25);
    share.give(1, 50);
    expect(fill(share, 2)).toBe(25);
    expect(share.free).toBe(50);
  });

  test('counts what was taken beyond it', () => {
    const share = new FairShare<number>(10);
    share.take(1, 5);
    expect(share.allows(1)).toBe(true);
    share.take(1, 1);
    expect(share.allows(1)).toBe(false);
    share.give(1, 6);
    expect([share.free, share.allows(1, 5)]).toEqual([10, true]);
  });

  test('whoever comes next finds some, whatever the others have done', () => {
    const step = fc.record({ holder: fc.nat(20), amount: fc.nat(100), gives: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const share = new FairShare<number>(1_000);
        const held = new Map<number, number>();
        for (const { holder, amount, gives } of steps) {
          const before = held.get(holder) ?? 0;
          if (gives) {
            share.give(holder, before);
            held.delete(holder);
          } else if (share.allows(holder, amount)) {
            share.take(holder, amount);
            held.set(holder, before + amount);
          }
          const sum = [...held.values()].reduce((total, each) => total + each, 0);
          expect(share.free).toBe(1_000 - sum);
        }
        expect(share.free).toBeGreaterThanOrEqual(0);
      }),
    );
    const share = new FairShare<number>(1_000);
    for (let greedy = 1; greedy <= 8; greedy++) fill(share, greedy);
    expect(fill(share, 99)).toBeGreaterThan(0);
  });
});
