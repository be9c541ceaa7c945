import { describe, expect, test } from '@jest/globals';
import type { DeliveryPace } from '@wingman/protocol';
import { isCode, paysToCompress } from '../src/exchange/compression-policy.js';
import { YieldMeter } from '../src/exchange/compression-yield.js';
import { HOST_LIMITS } from '../src/limits.js';
import { FakeClock } from './support/fake-clock.js';

const KIB = 1024;
const MIB = 1024 * KIB;
const MBIT = 1_000_000 / 8;

const FAR = 30;
const NEAR = 1;
const full = (megabits: number, roundTripMs: number | null): DeliveryPace => ({
  perSecond: megabits * MBIT,
  isFull: true,
  roundTripMs,
});
const unknown = (megabits: number, roundTripMs: number | null): DeliveryPace => ({
  ...full(megabits, roundTripMs),
  isFull: false,
});

const IDLE = { perSecond: 100 * MIB, ratio: 0.2 };
const BUSY = { ...IDLE, perSecond: 2 * MIB };
const DENSE = { ...IDLE, ratio: 0.98 };

describe('compressing pays', () => {
  test.each([
    // What carries                             bytes      yield  pays
    ['an uplink of 20 Mbit/s', full(20, FAR), 4 * KIB, IDLE, true],
    ['an uplink of 20 Mbit/s', full(20, FAR), 1 * MIB, IDLE, true],
    ['an uplink of 20 Mbit/s to a server nearby', full(20, 4), 64 * KIB, IDLE, true],
    ['an uplink of 2 Mbit/s', full(2, 100), 1 * KIB, IDLE, true],
    ['any path, for a tiny body', full(0.1, FAR), 1 * KIB - 1, IDLE, false],
    ['100 Mbit/s', full(100, FAR), 4 * KIB, IDLE, false],
    ['100 Mbit/s', full(100, FAR), 1 * MIB, IDLE, true],
    ['1 Gbit/s', full(1_000, FAR), 1 * MIB, IDLE, false],
    ['a path that nobody has filled', unknown(0, FAR), 4 * KIB, IDLE, false],
    ['a path that nobody has filled', unknown(0, FAR), 1 * MIB, IDLE, true],
    ['one that has delivered more than is supposed', unknown(1_000, FAR), 1 * MIB, IDLE, false],
    ['one machine', full(130, NEAR), 1 * MIB, IDLE, false],
    ['one machine that is busy', full(60, NEAR), 1 * MIB, IDLE, false],
    ['one machine that nobody has filled', unknown(0, NEAR), 1 * MIB, IDLE, false],
    ['a path before its first answer', unknown(0, null), 1 * MIB, IDLE, false],
    ['20 Mbit/s, with a busy host', full(20, FAR), 1 * MIB, BUSY, false],
    ['1 Mbit/s, with a busy host', full(1, FAR), 1 * MIB, BUSY, true],
    ['20 Mbit/s, for what hardly shrinks', full(20, FAR), 1 * MIB, DENSE, false],
  ])('%s: %j, %d bytes, %j: %s', (_, pace, bytes, known, pays) => {
    expect(paysToCompress(bytes, pace, known)).toBe(pays);
  });
});

test.each([
  ['text/javascript', true],
  ['Text/JavaScript; charset=utf-8', true],
  ['application/javascript', true],
  ['application/x-javascript', true],
  ['text/css;charset=utf-8', true],
  ['application/wasm', true],
  ['image/svg+xml', true],
  ['font/ttf', true],
  ['font/woff2', false],
  ['image/png', false],
  ['application/octet-stream', false],
  ['text/event-stream', false],
  ['text/html', false],
  ['application/json', false],
  ['text/plain', false],
  ['text/javascript-of-another-kind', false],
  ['', false],
  [undefined, false],
])('%s is code: %s', (kind, expected) => {
  expect(isCode(kind)).toBe(expected);
});

describe('what compressing yields', () => {
  test('is supposed at first, then measured over the last bytes', () => {
    const meter = new YieldMeter(new FakeClock());
    expect(meter.now.ratio).toBe(0.25);
    for (let round = 0; round < 20; round += 1) meter.add(256 * KIB, 32 * KIB, 50);
    expect(meter.now.ratio).toBeCloseTo(0.125, 2);
    expect(meter.now.perSecond / MIB).toBeCloseTo(5);
    meter.add(256 * KIB, 32 * KIB, 10);
    meter.add(256 * KIB, 32 * KIB, 500);
    meter.add(1, 21, 100);
    expect(meter.now.perSecond / MIB).toBeCloseTo(25);
  });

  test('is forgotten after a while, so that a host that was busy tries again', () => {
    const clock = new FakeClock();
    const meter = new YieldMeter(clock);
    const atFirst = meter.now;
    for (let round = 0; round < HOST_LIMITS.yieldPieces; round += 1) meter.add(MIB, MIB, 1_000);
    expect(meter.now.perSecond).toBeLessThan(2 * MIB);
    clock.advance(HOST_LIMITS.yieldMs + 1);
    expect(meter.now).toEqual(atFirst);
  });

  test('of what has only grown is nothing', () => {
    const meter = new YieldMeter(new FakeClock());
    meter.add(2 * MIB, 3 * MIB, 1);
    expect(meter.now.ratio).toBeLessThanOrEqual(1);
  });
});
