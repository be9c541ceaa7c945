import { describe, expect, test } from '@jest/globals';
import { memoryCarrierPair } from '../src/carrier/memory-carrier.js';
import { LIMITS } from '../src/limits.js';
import { carrierContract } from './support/carrier-contract.js';

describe('memory carriers', () => {
  carrierContract(() => Promise.resolve(memoryCarrierPair()));

  test('a cut is told to both ends', () => {
    const [left, right] = memoryCarrierPair();
    const told: string[] = [];
    const handlers = { message: () => undefined, writable: () => undefined };
    left.start({ ...handlers, close: (reason) => told.push(`left ${reason}`) });
    right.start({ ...handlers, close: (reason) => told.push(`right ${reason}`) });
    left.cut('unplugged');
    expect(told).toEqual(['left unplugged', 'right unplugged']);
  });

  test('messages without a reader are capped', async () => {
    const [left, right] = memoryCarrierPair();
    for (let count = 0; count <= LIMITS.maxEarlyMessages; count += 1) left.send(new Uint8Array(1));
    await new Promise((resolve) => setImmediate(resolve));
    expect(right.isClosed).toBe(true);
  });
});
