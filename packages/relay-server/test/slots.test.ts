import { setMaxListeners } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import { HOST_LIMITS } from '../src/limits.js';
import { Slots, type Slot } from '../src/local/slots.js';
import { FakeClock } from './support/fake-clock.js';

const never = new AbortController().signal;
setMaxListeners(0, never);
const HALF = HOST_LIMITS.localRequests / 2;

function world() {
  const clock = new FakeClock();
  const slots = new Slots(clock);
  const order: string[] = [];
  const inside: Slot[] = [];
  /** Asks for so many places; those that are given are noted. */
  const ask = async (opener: string, count = 1): Promise<void> => {
    for (let index = 0; index < count; index++) {
      void slots.enter(opener, never).then((slot) => {
        if (slot === undefined) return;
        order.push(opener);
        inside.push(slot);
      });
    }
    await settle();
  };
  return { clock, slots, order, inside, ask };
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await Promise.resolve();
}

describe('places at the local port', () => {
  test('one opener alone has half of them, and the next finds half of the rest', async () => {
    const { order, ask } = world();
    await ask('greedy', 1_000);
    expect(order).toHaveLength(HALF);
    await ask('next', 1_000);
    expect(order).toHaveLength(HALF + HALF / 2);
  });

  test('openers that wait take turns, however many one of them has in line', async () => {
    const { order, inside, ask } = world();
    await ask('ingress', 1_000);
    await ask('viewer', 200);
    for (let round = 0; round < 300; round++) {
      inside.shift()?.leave();
      await settle();
    }
    const last = order.slice(-100).filter((opener) => opener === 'viewer').length;
    expect(Math.abs(last - 50)).toBeLessThan(12);
  });

  test('an answer that streams on makes place for another request', async () => {
    const { order, inside, ask } = world();
    for (let index = 0; index < HALF; index++) {
      await ask('viewer');
      inside.at(-1)?.answered();
    }
    await ask('viewer', HALF);
    expect(order).toHaveLength(2 * HALF);
  });

  test('streams are bounded too, and leave connections for others', async () => {
    const { order, inside, ask } = world();
    for (let index = 0; index < HOST_LIMITS.localConnections; index++) {
      await ask('viewer');
      inside.at(-1)?.answered();
    }
    expect(order).toHaveLength(HOST_LIMITS.localConnections / 2);
    await ask('other');
    expect(order.at(-1)).toBe('other');
  });

  test('a place that is given back twice is one place', async () => {
    const { order, inside, ask } = world();
    await ask('viewer', HALF + 10);
    inside[0]?.answered();
    inside[0]?.leave();
    inside[0]?.leave();
    await settle();
    expect(order).toHaveLength(HALF + 1);
  });

  test('who is aborted leaves the line', async () => {
    const { slots, order, inside, ask } = world();
    await ask('viewer', HALF);
    const abort = new AbortController();
    const gone = slots.enter('viewer', abort.signal);
    await ask('viewer');
    abort.abort();
    expect(await gone).toBeUndefined();
    inside[0]?.leave();
    await settle();
    expect(order).toHaveLength(HALF + 1);
    expect(await slots.enter('viewer', abort.signal)).toBeUndefined();
  });

  test('who waits too long goes without, and leaves nothing behind', async () => {
    const { clock, slots, inside, ask } = world();
    await ask('viewer', HALF);
    const late = slots.enter('viewer', never);
    clock.advance(HOST_LIMITS.localWaitMs - 1);
    inside[0]?.leave();
    expect(await late).toBeDefined();
    const later = slots.enter('viewer', never);
    clock.advance(HOST_LIMITS.localWaitMs);
    expect(await later).toBeUndefined();
    expect(clock.pending).toEqual([]);
  });
});
