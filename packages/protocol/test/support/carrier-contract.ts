import { expect, test } from '@jest/globals';
import { LIMITS } from '../../src/limits.js';

/** A carrier as tests see it, whichever build of the package it comes from. */
interface Carrier {
  send(message: Uint8Array): void;
  readonly writable: boolean;
  start(handlers: {
    message(bytes: Uint8Array): void;
    close(reason: string): void;
    writable(): void;
  }): void;
  close(code: number, reason: string): void;
}

/** What a started carrier has told. */
interface Seen {
  readonly messages: Uint8Array[];
  readonly closes: string[];
}

const DEADLINE_MS = 20_000;
const LOOK_MS = 5;

async function until(condition: () => boolean, what: string): Promise<void> {
  const end = performance.now() + DEADLINE_MS;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`not within ${DEADLINE_MS} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

function collect(carrier: Carrier, writable: () => void = () => undefined): Seen {
  const seen: Seen = { messages: [], closes: [] };
  carrier.start({
    message: (bytes) => seen.messages.push(bytes),
    close: (reason) => seen.closes.push(reason),
    writable,
  });
  return seen;
}

/** A message whose content tells where it belongs. */
function numbered(number: number, size: number): Uint8Array {
  const message = new Uint8Array(size).fill(number);
  if (size >= 4) new DataView(message.buffer).setUint32(0, number);
  return message;
}

const SIZES = [0, 1, 2, 1_200, 16_384, LIMITS.maxMessageBytes, 3, LIMITS.maxMessageBytes, 0, 1];

/** Registers the tests that every pair of connected carriers has to pass; `open` makes a new pair each time. */
export function carrierContract(open: () => Promise<readonly [Carrier, Carrier]>): void {
  test('messages keep boundaries and order in both directions, from empty to the largest', async () => {
    const [left, right] = await open();
    const there = collect(right);
    const back = collect(left);
    const sent = SIZES.map((size, index) => numbered(index, size));
    for (const message of sent) {
      left.send(message);
      right.send(message);
    }
    const count = SIZES.length;
    await until(() => there.messages.length === count && back.messages.length === count, 'all');
    const isWhole = (message: Uint8Array, index: number): boolean =>
      Buffer.compare(message, sent[index]!) === 0;
    expect(there.messages.map(isWhole)).toEqual(SIZES.map(() => true));
    expect(back.messages.map(isWhole)).toEqual(SIZES.map(() => true));
  });

  test('a view into a larger buffer is sent alone', async () => {
    const [left, right] = await open();
    const there = collect(right);
    left.send(Uint8Array.of(1, 2, 3, 4, 5).subarray(1, 3));
    await until(() => there.messages.length === 1, 'it arrives');
    expect([...there.messages[0]!]).toEqual([2, 3]);
  });

  test('what comes before the reader is kept for it', async () => {
    const [left, right] = await open();
    const back = collect(left);
    left.send(Uint8Array.of(1));
    left.send(Uint8Array.of(2));
    // A message the other way takes as long: when it is there, both have arrived too.
    right.send(Uint8Array.of(9));
    await until(() => back.messages.length === 1, 'the answer');
    const there = collect(right);
    await until(() => there.messages.length === 2, 'both');
    expect(there.messages.map(([first]) => first)).toEqual([1, 2]);
  });

  test('a fast sender is held back, and nothing is lost or mixed', async () => {
    const [left, right] = await open();
    const there = collect(right);
    let sent = 0;
    let stops = 0;
    // Some of the queue is the transport's own and isn't reported, so it takes as many as it takes.
    const enough = (): boolean => stops >= 2 || sent >= 2_048;
    const pump = (): void => {
      for (; !enough(); sent += 1) {
        if (!left.writable) return void (stops += 1);
        left.send(numbered(sent, 32 * 1024));
      }
    };
    collect(left, pump);
    pump();
    await until(() => enough() && there.messages.length === sent, 'all');
    expect(stops).toBe(2);
    const numbers = there.messages.map(({ buffer, byteOffset }) =>
      new DataView(buffer, byteOffset).getUint32(0),
    );
    expect(numbers).toEqual(Array.from({ length: sent }, (_, index) => index));
  });

  test.each(['left', 'right'] as const)(
    'a close by the %s end is told to the other',
    async (by) => {
      const pair = await open();
      const [here, there] = by === 'left' ? pair : [pair[1], pair[0]];
      const own = collect(here);
      const other = collect(there);
      here.close(4000, 'done');
      here.close(4000, 'done');
      await until(() => other.closes.length === 1, 'the other end hears of it');
      here.send(Uint8Array.of(1));
      there.send(Uint8Array.of(1));
      there.close(4000, 'me too');
      expect(own).toEqual({ messages: [], closes: [] });
      expect(other.closes).toHaveLength(1);
    },
  );

  test('what was sent before a close arrives', async () => {
    const [left, right] = await open();
    const there = collect(right);
    for (let number = 0; number < 8; number += 1) left.send(numbered(number, 100));
    left.close(1000, 'done');
    await until(() => there.closes.length === 1, 'the close');
    expect(there.messages).toHaveLength(8);
  });

  test('a close before the reader is told to the reader', async () => {
    const [left, right] = await open();
    collect(left);
    left.close(1000, 'done');
    const there = collect(right);
    await until(() => there.closes.length === 1, 'the close');
  });

  test('an oversized message ends both ends, and throws at neither', async () => {
    const [left, right] = await open();
    const there = collect(right);
    const back = collect(left);
    left.send(new Uint8Array(LIMITS.maxMessageBytes + 1));
    await until(() => there.closes.length === 1 && back.closes.length === 1, 'both hear of it');
    expect(there.messages).toEqual([]);
  });

  test('a carrier has one reader', async () => {
    const [left] = await open();
    collect(left);
    expect(() => collect(left)).toThrow('one reader');
  });
}
