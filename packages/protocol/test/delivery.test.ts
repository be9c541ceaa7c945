import { describe, expect, test } from '@jest/globals';
import { LIMITS } from '../src/limits.js';
import { Delivery, type NumberedFrame } from '../src/link/delivery.js';
import type { Lane } from '../src/link/lane.js';
import { FakeClock } from './support/fake-clock.js';
import { readyLane } from './support/lane-bench.js';

const PEER = 42;

const numbered = (sequence: number, payload: Uint8Array): NumberedFrame => ({
  type: 'data',
  sequence,
  payload,
});

class World {
  readonly clock = new FakeClock();
  readonly relay = readyLane(this.clock, { id: 0, kind: 'relay' });
  readonly p2p = readyLane(this.clock, { id: 1, kind: 'p2p' });
  active: Lane | undefined = this.relay.lane;
  /** Other lanes that carry too. */
  beside: readonly Lane[] = [];
  readonly frames: number[] = [];
  asked = 0;
  readonly delivery = new Delivery(
    {
      active: () => this.active,
      carrying: () => (this.active === undefined ? [] : [this.active, ...this.beside]),
      frame: ([first = -1]) => void this.frames.push(first),
      writable: () => void (this.asked += 1),
    },
    this.clock,
  );

  /** The peer has been met. */
  met(): this {
    this.delivery.meet(PEER);
    return this;
  }

  send(...values: number[]): void {
    for (const value of values) this.delivery.send([Uint8Array.of(value)]);
  }
}

const sequences = ({ carrier }: ReturnType<typeof readyLane>): number[] =>
  carrier.framesOf('data').map(({ sequence }) => sequence);

describe('the peer', () => {
  test('is whoever was met first', () => {
    const { delivery } = new World();
    expect([delivery.meet(7), delivery.meet(7), delivery.meet(8), delivery.meet(7)]).toEqual([
      ...[true, true, false, true],
    ]);
  });

  test('is told what has come and who we are, which stays the same', () => {
    const { delivery, relay } = new World();
    const { incarnation, received } = delivery.introduction;
    expect(received).toBe(0);
    expect(Number.isInteger(incarnation)).toBe(true);
    expect(incarnation).toBeLessThan(2 ** 48);
    expect(new World().delivery.introduction.incarnation).not.toBe(incarnation);
    delivery.receive(relay.lane, numbered(0, Uint8Array.of(1)));
    expect(delivery.introduction).toEqual({ received: 1, incarnation });
  });

  test('gets nothing but early data before it was met', () => {
    const world = new World();
    world.delivery.send([Uint8Array.of(1)], { isEarly: true });
    world.send(2);
    expect(sequences(world.relay)).toEqual([0]);
    expect([world.delivery.isWritable, world.delivery.takesEarly]).toEqual([false, false]);
    world.met().delivery.pump();
    expect(sequences(world.relay)).toEqual([0, 1]);
    expect(world.delivery.isWritable).toBe(true);
  });
});

describe('sending', () => {
  test('goes by the lane that carries, and waits while none does', () => {
    const world = new World().met();
    expect(world.delivery.hasSentNothing).toBe(true);
    world.active = undefined;
    world.send(1);
    expect([world.delivery.hasSentNothing, world.delivery.takesEarly]).toEqual([false, false]);
    world.active = world.p2p.lane;
    world.delivery.pump();
    expect([sequences(world.relay), sequences(world.p2p)]).toEqual([[], [0]]);
    expect(world.delivery.unackedBytes).toBe(3);
  });

  test('asks for more when everything is out, and not while the carrier is full', () => {
    const world = new World().met();
    world.delivery.pump();
    expect(world.asked).toBe(1);
    world.relay.carrier.writable = false;
    expect(world.delivery.isWritable).toBe(false);
    world.send(1);
    expect(world.asked).toBe(1);
    world.relay.carrier.writable = true;
    expect(world.delivery.takesEarly).toBe(false);
    world.delivery.pump();
    expect(world.asked).toBe(2);
    expect(world.delivery.takesEarly).toBe(true);
  });

  test('asks for nothing while too much is unacknowledged', () => {
    const world = new World().met();
    world.delivery.send([new Uint8Array(LIMITS.retransmitBytes)]);
    expect([world.asked, world.delivery.isWritable]).toEqual([0, false]);
    world.delivery.acknowledged(1);
    expect([world.asked, world.delivery.isWritable]).toEqual([1, true]);
  });

  test('an acknowledgement of what was never sent is an error', () => {
    const world = new World().met();
    world.send(1);
    expect(() => world.delivery.acknowledged(2)).toThrow(
      expect.objectContaining({
        code: 'PROTOCOL_ERROR',
        message: 'acknowledged what was never sent',
      }),
    );
    world.delivery.acknowledged(1);
    expect([world.delivery.firstUnacked, world.delivery.unackedBytes]).toEqual([1, 0]);
  });

  test('overflows when control frames pile up, though it never refuses one', () => {
    const world = new World();
    for (let n = 1; n < LIMITS.retransmitFrames + LIMITS.retransmitReserveFrames; n += 1)
      world.send(0);
    expect(world.delivery.isOverflowing).toBe(false);
    world.send(0);
    expect(world.delivery.isOverflowing).toBe(true);
  });
});

describe('receiving', () => {
  test('delivers in order, counts what comes twice, and holds what comes early', () => {
    const { delivery, relay, p2p, frames } = new World();
    delivery.receive(relay.lane, numbered(1, Uint8Array.of(11)));
    expect([frames, delivery.stats()]).toEqual([
      [],
      { unackedBytes: 0, unackedFrames: 0, heldBytes: 1, duplicates: 0 },
    ]);
    delivery.receive(p2p.lane, numbered(0, Uint8Array.of(10)));
    delivery.receive(p2p.lane, numbered(0, Uint8Array.of(10)));
    expect(frames).toEqual([10, 11]);
    expect(delivery.stats()).toMatchObject({ heldBytes: 0, duplicates: 1 });
    expect(delivery.received).toBe(2);
  });

  test('acknowledges on the lane that brought the last frame', async () => {
    const world = new World();
    world.delivery.receive(world.p2p.lane, numbered(0, Uint8Array.of(1)));
    await world.clock.advance(LIMITS.ackDelayMs);
    expect(world.p2p.carrier.frames).toEqual([{ type: 'ack', received: 1 }]);
    expect(world.relay.carrier.sent).toEqual([]);
  });

  test('acknowledges on the lane that carries when the other is not ready any more', async () => {
    const world = new World();
    world.delivery.receive(world.p2p.lane, numbered(0, Uint8Array.of(1)));
    world.p2p.lane.transition('suspect');
    await world.clock.advance(LIMITS.ackDelayMs);
    expect(world.relay.carrier.frames).toEqual([{ type: 'ack', received: 1 }]);
    world.delivery.acknowledge();
    expect(world.relay.carrier.framesOf('ack')).toHaveLength(2);
    world.active = undefined;
    world.delivery.acknowledge();
    expect(world.p2p.carrier.sent).toEqual([]);
  });
});

describe('a lane is busy', () => {
  test('when it carries and something is unacknowledged', () => {
    const world = new World().met();
    expect(world.delivery.isBusy(world.relay.lane)).toBe(false);
    world.send(1);
    expect(world.delivery.isBusy(world.relay.lane)).toBe(true);
    expect(world.delivery.isBusy(world.p2p.lane)).toBe(false);
    world.delivery.acknowledged(1);
    expect(world.delivery.isBusy(world.relay.lane)).toBe(false);
  });

  test('when it has just brought a frame', () => {
    const world = new World();
    world.delivery.receive(world.p2p.lane, numbered(0, Uint8Array.of(1)));
    expect(world.delivery.isBusy(world.p2p.lane)).toBe(true);
    expect(world.delivery.isBusy(world.relay.lane)).toBe(false);
  });
});

describe('what was sent on another lane', () => {
  test('goes out again on the one that carries, when it is lost or takes too long', async () => {
    const world = new World().met();
    world.send(1, 2);
    expect(world.delivery.hasLostOn(world.relay.lane, 1)).toBe(true);
    expect(world.delivery.hasLostOn(world.relay.lane, 0)).toBe(false);
    world.active = world.p2p.lane;
    world.delivery.sendAgain(world.relay.lane);
    expect(sequences(world.p2p)).toEqual([0, 1]);
    world.active = world.relay.lane;
    world.delivery.sendStragglersAgain();
    expect(sequences(world.relay)).toEqual([0, 1]);
    await world.clock.advance(LIMITS.stragglerMs);
    world.delivery.sendStragglersAgain();
    expect(sequences(world.relay)).toEqual([0, 1, 0, 1]);
  });

  test('waits while the lane that carries is not ready', async () => {
    const world = new World().met();
    world.send(1);
    world.active = world.p2p.lane;
    await world.clock.advance(LIMITS.stragglerMs);
    world.p2p.lane.transition('suspect');
    world.delivery.sendStragglersAgain();
    world.active = undefined;
    world.delivery.sendStragglersAgain();
    expect(sequences(world.p2p)).toEqual([]);
  });

  test('is forgotten without being sent until the next pump', () => {
    const world = new World().met();
    world.send(1);
    world.active = world.p2p.lane;
    world.delivery.forgetOthers();
    expect(sequences(world.p2p)).toEqual([]);
    world.delivery.pump();
    expect(sequences(world.p2p)).toEqual([0]);
  });
});

test('nothing is left once it is cleared, no timer either', () => {
  const world = new World().met();
  world.send(1);
  world.delivery.receive(world.relay.lane, numbered(5, Uint8Array.of(1)));
  world.delivery.clear();
  expect(world.delivery.stats()).toMatchObject({ unackedBytes: 0, unackedFrames: 0, heldBytes: 0 });
  expect(world.clock.timers).toBe(0);
});
