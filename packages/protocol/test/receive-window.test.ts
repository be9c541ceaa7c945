import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { LIMITS } from '../src/limits.js';
import { ReceiveWindow } from '../src/link/receive-window.js';

const MAX_AHEAD = LIMITS.retransmitFrames + LIMITS.retransmitReserveFrames;

function windowWithLog() {
  const delivered: number[] = [];
  const window = new ReceiveWindow(([first = -1]) => delivered.push(first));
  const accept = (sequence: number) => window.accept(sequence, Uint8Array.of(sequence));
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
});
