import { describe, expect, test } from '@jest/globals';
import { WingmanError } from '../src/errors.js';
import { PORT_LIMITS } from '../src/limits.js';
import {
  ChunkReceiver,
  ChunkSender,
  readAhead,
  SendWindow,
  TakenCount,
  type BodyMessage,
} from '../src/ports/index.js';
import { settle } from './support/fake-clock.js';

class Recorder {
  readonly messages: BodyMessage[] = [];

  postMessage(message: unknown): void {
    this.messages.push(structuredClone(message) as BodyMessage);
  }

  get bytes(): number {
    return this.messages.reduce(
      (sum, message) => sum + (message.kind === 'chunk' ? message.bytes.byteLength : 0),
      0,
    );
  }
}

async function* endless(size: number): AsyncGenerator<Uint8Array> {
  for (;;) yield await Promise.resolve(new Uint8Array(size));
}

describe('ChunkSender', () => {
  test('stops at the window and goes on with credit', async () => {
    const port = new Recorder();
    const sender = new ChunkSender(port);
    const sending = sender.sendAll(endless(64 * 1024));
    await settle();
    expect(port.bytes).toBe(PORT_LIMITS.windowBytes);
    sender.grant(128 * 1024);
    await settle();
    expect(port.bytes).toBe(PORT_LIMITS.windowBytes + 128 * 1024);
    sender.stop(new WingmanError('CANCELLED', 'enough'));
    await expect(sending).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(port.messages.some(({ kind }) => kind === 'end')).toBe(false);
  });

  test('leaves the body when it is stopped', async () => {
    let hasLeft = false;
    async function* body(): AsyncGenerator<Uint8Array> {
      try {
        yield* endless(1024 * 1024);
      } finally {
        hasLeft = true;
      }
    }
    const sender = new ChunkSender(new Recorder());
    const sending = sender.sendAll(body());
    await settle();
    sender.stop(new WingmanError('LINK_LOST', 'gone'));
    await expect(sending).rejects.toMatchObject({ code: 'LINK_LOST' });
    expect(hasLeft).toBe(true);
  });

  test('cuts large chunks, drops empty ones, and copies a small view of a large buffer', async () => {
    const port = new Recorder();
    const shared = new Uint8Array(1000).fill(9);
    async function* body(): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(new Uint8Array(PORT_LIMITS.chunkBytes + 1));
      yield new Uint8Array();
      yield shared.subarray(10, 20);
    }
    await new ChunkSender(port).sendAll(body());
    const sizes = port.messages.map((message) =>
      message.kind === 'chunk' ? message.bytes.byteLength : message.kind,
    );
    expect(sizes).toEqual([PORT_LIMITS.chunkBytes, 1, 10, 'end']);
    expect(shared.byteLength).toBe(1000);
  });
});

describe('ChunkReceiver', () => {
  test('gives credit for what was taken, not for what has come', async () => {
    const port = new Recorder();
    const receiver = new ChunkReceiver(port);
    const half = PORT_LIMITS.creditBytes / 2;
    receiver.push(new Uint8Array(half));
    receiver.push(new Uint8Array(half));
    expect(port.messages).toEqual([]);
    await receiver.next();
    expect(port.messages).toEqual([]);
    await receiver.next();
    expect(port.messages).toEqual([{ kind: 'credit', bytes: 2 * half }]);
  });

  test('ends after everything was read', async () => {
    const receiver = new ChunkReceiver(new Recorder());
    receiver.push(Uint8Array.of(1));
    receiver.end();
    receiver.push(Uint8Array.of(2));
    expect(await receiver.next()).toEqual(Uint8Array.of(1));
    expect(await receiver.next()).toBeUndefined();
  });

  test('a failure drops what is unread and is told to every reader', async () => {
    const receiver = new ChunkReceiver(new Recorder());
    receiver.push(Uint8Array.of(1));
    receiver.fail(new WingmanError('LINK_LOST', 'gone'));
    await expect(receiver.next()).rejects.toMatchObject({ code: 'LINK_LOST' });
    await expect(receiver.next()).rejects.toMatchObject({ code: 'LINK_LOST' });
  });

  test('a waiting reader is woken by data, by the end and by a failure', async () => {
    for (const [act, expected] of [
      [(receiver: ChunkReceiver) => receiver.push(Uint8Array.of(7)), Uint8Array.of(7)],
      [(receiver: ChunkReceiver) => receiver.end(), undefined],
    ] as const) {
      const receiver = new ChunkReceiver(new Recorder());
      const waiting = receiver.next();
      act(receiver);
      expect(await waiting).toEqual(expected);
    }
  });

  test('leaving the iteration early says so, once; reading to the end does not', async () => {
    let left = 0;
    const early = new ChunkReceiver(new Recorder(), () => (left += 1));
    early.push(Uint8Array.of(1));
    for await (const chunk of early) {
      expect(chunk).toEqual(Uint8Array.of(1));
      break;
    }
    early.leave();
    expect(left).toBe(1);
    const whole = new ChunkReceiver(new Recorder(), () => (left += 1));
    whole.end();
    for await (const chunk of whole) expect(chunk).toBeUndefined();
    expect(left).toBe(1);
  });
});

describe('a window', () => {
  test('holds back what is beyond it until the reader has taken something', async () => {
    const window = new SendWindow(10);
    const sent: string[] = [];
    const send = async (name: string, size: number): Promise<void> => {
      await window.room();
      window.spend(size);
      sent.push(name);
    };
    // The last piece may be larger than what is left.
    await send('first', 9);
    await send('second', 9);
    const third = send('third', 9);
    window.grant(8);
    await settle();
    expect(sent).toEqual(['first', 'second']);
    window.grant(1);
    await third;
    expect(sent).toEqual(['first', 'second', 'third']);
  });

  test('that is opened holds nothing back', async () => {
    const window = new SendWindow(0);
    const waiting = window.room();
    window.open();
    await waiting;
    window.spend(1_000);
    await window.room();
  });
});

test('what was taken is told in lumps', () => {
  const told: number[] = [];
  const taken = new TakenCount(10, (amount) => told.push(amount));
  for (const amount of [4, 5, 3, 9, 20]) taken.took(amount);
  expect(told).toEqual([12, 29]);
});

describe('reading ahead', () => {
  const limits = { maxBytes: 10, waitMs: 20 };

  async function* body(...sizes: number[]): AsyncGenerator<Uint8Array> {
    for (const size of sizes) yield await Promise.resolve(new Uint8Array(size));
  }

  async function sizesOf(chunks: AsyncIterable<Uint8Array>): Promise<number[]> {
    const sizes: number[] = [];
    for await (const { byteLength } of chunks) sizes.push(byteLength);
    return sizes;
  }

  test('a body that ends is there as a whole', async () => {
    const ahead = await readAhead(body(4, 6), limits);
    expect(ahead.isWhole).toBe(true);
    expect(ahead.start.map(({ byteLength }) => byteLength)).toEqual([4, 6]);
    expect(await sizesOf(ahead.body)).toEqual([4, 6]);
  });

  test('a larger one goes on from its beginning', async () => {
    const ahead = await readAhead(body(4, 8, 16), limits);
    expect(ahead.isWhole).toBe(false);
    expect(await sizesOf(ahead.body)).toEqual([4, 8, 16]);
  });

  test('a slow one is not waited for', async () => {
    let goOn = (): void => undefined;
    async function* slow(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(1);
      await new Promise<void>((resolve) => (goOn = resolve));
      yield new Uint8Array(2);
    }
    const ahead = await readAhead(slow(), limits);
    goOn();
    expect(ahead.isWhole).toBe(false);
    expect(await sizesOf(ahead.body)).toEqual([1, 2]);
  });

  test('a failure is its reader’s, after what came before', async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(new Uint8Array(3));
      throw new WingmanError('LINK_LOST', 'gone');
    }
    const ahead = await readAhead(broken(), limits);
    expect(ahead.isWhole).toBe(false);
    const reader = ahead.body[Symbol.asyncIterator]();
    expect((await reader.next()).value).toHaveLength(3);
    await expect(reader.next()).rejects.toMatchObject({ code: 'LINK_LOST' });
  });

  test('whoever leaves the rest leaves the body', async () => {
    let hasLeft = false;
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield await Promise.resolve(new Uint8Array(8));
      } finally {
        hasLeft = true;
      }
    }
    const ahead = await readAhead(endless(), limits);
    for await (const chunk of ahead.body) {
      expect(chunk).toHaveLength(8);
      break;
    }
    expect(hasLeft).toBe(true);
  });
});
