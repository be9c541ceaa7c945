import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { LIMITS } from '../src/limits.js';
import { FOLLOWS_NONE } from '../src/wire/link-frame.js';
import { ReceiveWindow } from '../src/link/receive-window.js';

const MAX_AHEAD = LIMITS.retransmitFrames + LIMITS.retransmitReserveFrames;

function windowWithLog() {
  const delivered: number[] = [];
  const window = new ReceiveWindow(([first = -1]) => delivered.push(first));
  const accept = (sequence: number, follows?: number) =>
    window.accept(sequence, Uint8Array.of(sequence), follows);
  return { window, delivered, accept };
}

describe('the window of a receiver', () => {
  test('delivers what comes in order at once', () => {
    const { window, delivered, accept } = windowWithLog();
    expect([accept(0), accept(1)]).toEqual(['delivered', 'delivered']);
    expect([delivered, window.received, window.heldBytes]).toEqual([[0, 1], 2, 0]);
  });

  test('holds what comes too early, and delivers it in its turn', () => {
    const { window, delivered, accept } = windowWithLog();
    expect([accept(2), accept(1)]).toEqual(['held', 'held']);
    expect([window.received, window.heldBytes, delivered]).toEqual([0, 2, []]);
    expect(accept(0)).toBe('delivered');
    expect([window.received, window.heldBytes, delivered]).toEqual([3, 0, [0, 1, 2]]);
  });

  test('stops at the next gap', () => {
    const { window, delivered, accept } = windowWithLog();
    accept(1);
    accept(3);
    accept(0);
    expect([delivered, window.received, window.heldBytes]).toEqual([[0, 1], 2, 1]);
  });

  test('knows what it has had, delivered or held', () => {
    const { delivered, accept } = windowWithLog();
    accept(0);
    accept(2);
    expect([accept(0), accept(2)]).toEqual(['duplicate', 'duplicate']);
    accept(1);
    expect(delivered).toEqual([0, 1, 2]);
  });

  test('counts a frame as received before its reader sees it', () => {
    const seen: number[] = [];
    const window: ReceiveWindow = new ReceiveWindow(() => seen.push(window.received));
    window.accept(1, new Uint8Array());
    window.accept(0, new Uint8Array());
    expect(seen).toEqual([1, 2]);
  });

  test('refuses a frame that is too far ahead', () => {
    const { accept } = windowWithLog();
    expect(accept(MAX_AHEAD)).toBe('held');
    expect(() => accept(MAX_AHEAD + 1)).toThrow(
      expect.objectContaining({
        code: 'LIMIT_EXCEEDED',
        message: 'too many frames arrived out of order',
      }),
    );
    accept(0);
    expect(accept(MAX_AHEAD + 1)).toBe('held');
  });

  test('refuses to hold more bytes than a correct peer keeps', () => {
    const { window } = windowWithLog();
    window.accept(1, new Uint8Array(2 * LIMITS.retransmitBytes));
    expect(() => window.accept(2, new Uint8Array(1))).toThrow(
      expect.objectContaining({ code: 'LIMIT_EXCEEDED' }),
    );
    expect(window.heldBytes).toBe(2 * LIMITS.retransmitBytes);
  });

  test('holds nothing once it is cleared', () => {
    const { window, delivered, accept } = windowWithLog();
    accept(1);
    window.clear();
    expect(window.heldBytes).toBe(0);
    accept(0);
    expect(delivered).toEqual([0]);
  });

  test('delivers each frame once and in order, whatever order they come in', () => {
    const order = fc
      .integer({ min: 1, max: 60 })
      .chain((count) =>
        fc.tuple(
          fc.shuffledSubarray([...Array(count).keys()], { minLength: count }),
          fc.array(fc.nat(count - 1), { maxLength: 20 }),
        ),
      );
    fc.assert(
      fc.property(order, ([all, again]) => {
        const { window, delivered, accept } = windowWithLog();
        for (const sequence of [...again, ...all, ...again]) accept(sequence);
        expect(delivered).toEqual([...Array(all.length).keys()]);
        expect([window.received, window.heldBytes]).toEqual([all.length, 0]);
      }),
    );
  });

  test('delivers a frame that follows none as it comes, and holds only its number', () => {
    const { window, delivered, accept } = windowWithLog();
    const none = FOLLOWS_NONE;
    expect([accept(2, none), accept(2, none), accept(1)]).toEqual([
      ...['overtaking', 'duplicate', 'held'],
    ]);
    expect([delivered, window.received, window.heldBytes]).toEqual([[2], 0, 1]);
    expect([accept(0, none), accept(3, none), accept(2)]).toEqual([
      ...['delivered', 'delivered', 'duplicate'],
    ]);
    expect([delivered, window.received, window.heldBytes]).toEqual([[2, 0, 1, 3], 4, 0]);
  });

  test('delivers a frame that follows one other once that one is delivered, in its turn or before', () => {
    const { window, delivered, accept } = windowWithLog();
    expect([accept(5, 3), accept(3, 1), accept(9, 5), accept(8, 2)]).toEqual([
      ...['held', 'held', 'held', 'held'],
    ]);
    expect(accept(1, FOLLOWS_NONE)).toBe('overtaking');
    expect(delivered).toEqual([1, 3, 5, 9]);
    expect([accept(2), accept(0)]).toEqual(['held', 'delivered']);
    expect(delivered).toEqual([1, 3, 5, 9, 0, 2, 8]);
    expect(accept(7, 5)).toBe('overtaking');
    expect([accept(6, 4), accept(4)]).toEqual(['held', 'delivered']);
    expect([delivered, window.received, window.heldBytes]).toEqual([
      ...[[1, 3, 5, 9, 0, 2, 8, 7, 4, 6], 10, 0],
    ]);
  });

  test('says of each frame whether it has overtaken others', () => {
    const told: [number, boolean][] = [];
    const window = new ReceiveWindow(([first = -1], isOvertaking) =>
      told.push([first, isOvertaking]),
    );
    window.accept(1, Uint8Array.of(1), FOLLOWS_NONE);
    for (const sequence of [2, 0]) window.accept(sequence, Uint8Array.of(sequence));
    expect(told).toEqual([
      [1, true],
      [0, false],
      [2, false],
    ]);
  });

  test('takes a long chain that waits for one frame', () => {
    const { window, delivered, accept } = windowWithLog();
    const last = LIMITS.retransmitFrames;
    for (let sequence = 2; sequence <= last; sequence += 1) accept(sequence, sequence - 1);
    expect(delivered).toEqual([]);
    accept(1, FOLLOWS_NONE);
    expect([delivered.length, window.heldBytes]).toEqual([last, 0]);
  });

  test('delivers each frame once and after those that it has to follow, whichever these are', () => {
    /** A frame is ordered, or of one of three streams. */
    const order = fc
      .integer({ min: 1, max: 60 })
      .chain((count) =>
        fc.tuple(
          fc.shuffledSubarray([...Array(count).keys()], { minLength: count }),
          fc.array(fc.integer({ min: -1, max: 2 }), { minLength: count, maxLength: count }),
        ),
      );
    fc.assert(
      fc.property(order, ([all, streams]) => {
        const { window, delivered, accept } = windowWithLog();
        const follows = (sequence: number): number | undefined =>
          streams[sequence] === -1
            ? undefined
            : streams.lastIndexOf(streams[sequence]!, sequence - 1);
        const before = (sequence: number): number | undefined =>
          sequence === 0 && streams[0] !== -1 ? FOLLOWS_NONE : follows(sequence);
        for (const sequence of [...all, ...all]) accept(sequence, before(sequence));
        expect([...delivered].sort((a, b) => a - b)).toEqual([...Array(all.length).keys()]);
        for (const [at, sequence] of delivered.entries()) {
          const earlier = new Set(delivered.slice(0, at));
          const first = before(sequence);
          const needed = first === undefined ? [...Array(sequence).keys()] : [first];
          expect(needed.filter((one) => one >= 0 && !earlier.has(one))).toEqual([]);
        }
        expect([window.received, window.heldBytes]).toEqual([all.length, 0]);
      }),
    );
  });
});
