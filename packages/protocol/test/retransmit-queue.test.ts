import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { LIMITS } from '../src/limits.js';
import { RetransmitQueue } from '../src/link/retransmit-queue.js';
import { FakeClock } from './support/fake-clock.js';
import { readyLane } from './support/lane-bench.js';

const EVERYTHING = false;
const ONLY_EARLY = true;

/** A queue with so many frames of ten bytes, none of them sent. */
function queueOf(count: number): RetransmitQueue {
  const queue = new RetransmitQueue();
  for (let n = 0; n < count; n += 1) queue.push([new Uint8Array(10)]);
  return queue;
}

function bench() {
  const clock = new FakeClock();
  return { clock, first: readyLane(clock, { id: 0 }), second: readyLane(clock, { id: 1 }) };
}

const sequences = ({ carrier }: ReturnType<typeof readyLane>): number[] =>
  carrier.framesOf('data').map(({ sequence }) => sequence);

describe('numbering', () => {
  test('counts from zero, and counts the bytes with their headers', () => {
    const queue = new RetransmitQueue();
    expect([queue.nextSequence, queue.firstUnacked, queue.length, queue.bytes]).toEqual([
      0, 0, 0, 0,
    ]);
    queue.push([Uint8Array.of(1, 2), Uint8Array.of(3)]);
    queue.push([]);
    expect(queue.nextSequence).toBe(2);
    expect(queue.firstUnacked).toBe(0);
    expect(queue.length).toBe(2);
    // Type and number are one byte each.
    expect(queue.bytes).toBe(2 + 3 + 2);
    expect(queue.oldest?.sequence).toBe(0);
  });

  test('goes on after everything was acknowledged', () => {
    const queue = queueOf(3);
    expect(queue.acknowledge(3)).toBe(true);
    expect([queue.length, queue.bytes, queue.firstUnacked]).toEqual([0, 0, 3]);
    expect(queue.oldest).toBeUndefined();
    queue.push([]);
    expect(queue.oldest?.sequence).toBe(3);
  });
});

describe('acknowledging', () => {
  test('lets go of the bytes at once', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const queue = queueOf(2);
    const bytes = new WeakRef(queue.oldest?.bytes ?? new Uint8Array());
    queue.acknowledge(1);
    // What a turn has looked at stays until its end.
    await new Promise(setImmediate);
    collect();
    expect(bytes.deref()).toBeUndefined();
  });

  test('forgets what is numbered below, and nothing else', () => {
    const queue = queueOf(5);
    const before = queue.bytes;
    expect(queue.acknowledge(2)).toBe(true);
    expect([queue.firstUnacked, queue.length]).toEqual([2, 3]);
    expect(queue.bytes).toBe((before / 5) * 3);
  });

  test('an old acknowledgement changes nothing', () => {
    const queue = queueOf(5);
    queue.acknowledge(4);
    expect(queue.acknowledge(1)).toBe(true);
    expect([queue.firstUnacked, queue.length]).toEqual([4, 1]);
  });

  test('refuses a number that was never sent', () => {
    const queue = queueOf(2);
    expect(queue.acknowledge(3)).toBe(false);
    expect(queue.length).toBe(2);
  });

  test('tells the lane that brought the frames what has arrived by it', () => {
    const { first, second } = bench();
    const queue = queueOf(1);
    queue.sendOn([first.lane], 0, EVERYTHING);
    queue.push([new Uint8Array(20)]);
    queue.sendOn([second.lane], 0, EVERYTHING);
    const told: [string, number][] = [];
    first.lane.delivered = (bytes) => told.push(['first', bytes]);
    second.lane.delivered = (bytes) => told.push(['second', bytes]);
    queue.acknowledge(2);
    expect(told).toEqual([
      ['first', 12],
      ['second', 22],
    ]);
  });

  test('keeps its order over thousands of frames', () => {
    const { first } = bench();
    const queue = new RetransmitQueue();
    for (let round = 0; round < 40; round += 1) {
      for (let n = 0; n < 100; n += 1) queue.push([new Uint8Array(1)]);
      queue.sendOn([first.lane], 0, EVERYTHING);
      queue.acknowledge(queue.nextSequence - 7);
      expect(queue.length).toBe(7);
      expect(queue.oldest?.sequence).toBe(queue.firstUnacked);
    }
    expect(sequences(first)).toEqual(Array.from({ length: 4_000 }, (_, n) => n));
  });
});

describe('caps', () => {
  test('there is room below the cap of frames, and a reserve above it', () => {
    const queue = new RetransmitQueue();
    for (let n = 1; n < LIMITS.retransmitFrames; n += 1) queue.push([]);
    expect(queue.hasRoom).toBe(true);
    queue.push([]);
    expect(queue.hasRoom).toBe(false);
    for (let n = 1; n < LIMITS.retransmitReserveFrames; n += 1) queue.push([]);
    expect(queue.isOverflowing).toBe(false);
    queue.push([]);
    expect(queue.isOverflowing).toBe(true);
  });

  test('there is room below the cap of bytes', () => {
    const queue = new RetransmitQueue();
    queue.push([new Uint8Array(LIMITS.retransmitBytes - 3)]);
    expect(queue.hasRoom).toBe(true);
    queue.push([]);
    expect(queue.hasRoom).toBe(false);
    queue.acknowledge(1);
    expect(queue.hasRoom).toBe(true);
    const full = new RetransmitQueue();
    full.push([new Uint8Array(LIMITS.retransmitBytes - 2)]);
    expect([full.bytes, full.hasRoom]).toEqual([LIMITS.retransmitBytes, false]);
  });

  test('nothing is kept once it is cleared', () => {
    const queue = queueOf(5);
    queue.clear();
    expect([queue.length, queue.bytes]).toEqual([0, 0]);
    expect(queue.nextUnsent()).toBeUndefined();
  });
});

describe('sending', () => {
  test('sends each frame once, in order, and notes where and when', () => {
    const { first } = bench();
    const queue = queueOf(3);
    expect(queue.nextUnsent()?.sequence).toBe(0);
    expect(queue.sendOn([first.lane], 70, EVERYTHING)).toBe(true);
    expect(queue.sendOn([first.lane], 80, EVERYTHING)).toBe(true);
    expect(sequences(first)).toEqual([0, 1, 2]);
    expect(queue.nextUnsent()).toBeUndefined();
    expect(queue.oldest).toMatchObject({ sentOn: first.lane, sentAs: 0, sentAt: 70 });
    expect(first.lane.framesSent).toBe(3);
  });

  test('stops when the carrier is full, and says so', () => {
    const { first } = bench();
    const queue = queueOf(3);
    first.carrier.send = (message) => {
      first.carrier.sent.push(message);
      first.carrier.writable = false;
    };
    expect(queue.sendOn([first.lane], 0, EVERYTHING)).toBe(false);
    expect(sequences(first)).toEqual([0]);
    expect(queue.nextUnsent()?.sequence).toBe(1);
    first.carrier.writable = true;
    expect(queue.sendOn([first.lane], 0, EVERYTHING)).toBe(false);
    expect(sequences(first)).toEqual([0, 1]);
  });

  test('lets early data out before the peer is known, and not what follows it', () => {
    const { first } = bench();
    const queue = new RetransmitQueue();
    queue.push([], { isEarly: true });
    expect(queue.sendOn([first.lane], 0, ONLY_EARLY)).toBe(true);
    queue.push([]);
    queue.push([], { isEarly: true });
    expect(queue.sendOn([first.lane], 0, ONLY_EARLY)).toBe(false);
    expect(sequences(first)).toEqual([0]);
    expect(queue.sendOn([first.lane], 0, EVERYTHING)).toBe(true);
    expect(sequences(first)).toEqual([0, 1, 2]);
  });
});

describe('several lanes', () => {
  test('share the frames by what is under way on each', () => {
    const { first, second } = bench();
    const queue = queueOf(6);
    // Both lanes have answered, so both have a cap.
    for (const { lane } of [first, second]) lane.flight.answered(lane.flight.mark());
    queue.sendOn([first.lane, second.lane], 0, EVERYTHING);
    expect([sequences(first), sequences(second)]).toEqual([
      [0, 2, 4],
      [1, 3, 5],
    ]);
  });

  test('leave out one that is full', () => {
    const { first, second } = bench();
    const queue = queueOf(3);
    first.carrier.writable = false;
    expect(queue.sendOn([first.lane, second.lane], 0, EVERYTHING)).toBe(true);
    expect([sequences(first), sequences(second)]).toEqual([[], [0, 1, 2]]);
  });

  test('send again what other lanes had, and keep what is theirs', () => {
    const { first, second } = bench();
    const queue = queueOf(1);
    queue.sendOn([first.lane], 0, EVERYTHING);
    queue.push([]);
    queue.sendOn([second.lane], 0, EVERYTHING);
    queue.keepOnly([second.lane]);
    expect(queue.nextUnsent()?.sequence).toBe(0);
    queue.sendOn([second.lane], 0, EVERYTHING);
    expect(sequences(second)).toEqual([1, 0]);
  });

  test('hold each other up for the patience with one of them', () => {
    const { first, second } = bench();
    const lanes = [first.lane, second.lane];
    const queue = queueOf(1);
    queue.sendOn([first.lane], 100, EVERYTHING);
    // The lane has not answered yet, so the patience before a first answer holds.
    expect(queue.stragglersBeside(lanes, 100 + 1_999)).toBeUndefined();
    expect(queue.stragglersBeside(lanes, 100 + 2_000)).toBe(first.lane);
    expect(queue.stragglersBeside([first.lane], 1e6)).toBeUndefined();
  });
});

describe('a lane that is gone', () => {
  test('has its frames sent again on another, those of others not', () => {
    const { first, second } = bench();
    const queue = queueOf(2);
    queue.sendOn([first.lane], 0, EVERYTHING);
    queue.push([]);
    queue.sendOn([second.lane], 0, EVERYTHING);
    queue.push([]);
    queue.sendOn([first.lane], 0, EVERYTHING);
    queue.acknowledge(1);
    queue.forgetLane(first.lane);
    expect(queue.nextUnsent()?.sequence).toBe(1);
    queue.sendOn([second.lane], 5, EVERYTHING);
    expect(sequences(second)).toEqual([2, 1, 3]);
    expect(queue.oldest).toMatchObject({ sentOn: second.lane, sentAs: 1, sentAt: 5 });
  });

  test('has lost the oldest frame when a later ping was answered and the frame was not', () => {
    const { first, second } = bench();
    const queue = queueOf(1);
    expect(queue.isMissingOn(first.lane, 0)).toBe(false);
    queue.sendOn([first.lane], 0, EVERYTHING);
    expect(queue.isMissingOn(first.lane, 0)).toBe(false);
    expect(queue.isMissingOn(first.lane, 1)).toBe(true);
    expect(queue.isMissingOn(second.lane, 1)).toBe(false);
    queue.acknowledge(1);
    expect(queue.isMissingOn(first.lane, 1)).toBe(false);
  });
});

describe('stragglers', () => {
  test('are on another lane, and have been for too long', () => {
    const { first, second } = bench();
    const queue = queueOf(1);
    const beside = (now: number) => queue.stragglersBeside([second.lane], now);
    expect(beside(1e6)).toBeUndefined();
    queue.sendOn([first.lane], 100, EVERYTHING);
    expect(beside(100 + LIMITS.stragglerMs - 1)).toBeUndefined();
    expect(beside(100 + LIMITS.stragglerMs)).toBe(first.lane);
    expect(queue.stragglersBeside([first.lane], 1e6)).toBeUndefined();
    queue.acknowledge(1);
    expect(beside(1e6)).toBeUndefined();
  });
});

test('whatever is sent, lost and acknowledged, what is unsent is what no lane has', () => {
  const { first, second } = bench();
  const lanes = [first.lane, second.lane];
  const step = fc.oneof(
    fc.record({ kind: fc.constant('push' as const), count: fc.nat(5) }),
    fc.record({ kind: fc.constant('send' as const), lane: fc.nat(1) }),
    fc.record({ kind: fc.constant('forget' as const), lane: fc.nat(1) }),
    fc.record({ kind: fc.constant('acknowledge' as const), share: fc.double({ min: 0, max: 1 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const queue = new RetransmitQueue();
      /** Which lane has each frame that is not acknowledged. */
      const model = new Map<number, number | undefined>();
      for (const one of steps) {
        if (one.kind === 'push') {
          for (let n = 0; n < one.count; n += 1) {
            model.set(queue.nextSequence, undefined);
            queue.push([]);
          }
        } else if (one.kind === 'send') {
          queue.sendOn([lanes[one.lane]!], 0, EVERYTHING);
          for (const [n, lane] of model) model.set(n, lane ?? one.lane);
        } else if (one.kind === 'forget') {
          queue.forgetLane(lanes[one.lane]!);
          for (const [n, lane] of model) if (lane === one.lane) model.set(n, undefined);
        } else {
          const received = Math.floor(one.share * queue.nextSequence);
          queue.acknowledge(received);
          for (const n of [...model.keys()]) if (n < received) model.delete(n);
        }
        const [unsent] = [...model].find(([, lane]) => lane === undefined) ?? [];
        expect(queue.nextUnsent()?.sequence).toBe(unsent);
        expect(queue.length).toBe(model.size);
      }
    }),
  );
});
