import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Carrier } from '../src/carrier/carrier.js';
import { LIMITS } from '../src/limits.js';
import { SealedCarrier } from '../src/seal/sealed-carrier.js';
import { ProvenCarrier } from '../src/seal/proven-carrier.js';
import { settle } from './support/fake-clock.js';
import { reader, RecordingCarrier } from './support/recording-carrier.js';

const AES = { name: 'AES-GCM', length: 256 };
const newKey = () => crypto.subtle.generateKey(AES, false, ['encrypt', 'decrypt']);
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

async function bench() {
  const [there, back] = await Promise.all([newKey(), newKey()]);
  const wire = new RecordingCarrier();
  const sealed = new SealedCarrier(wire, there, back);
  /** The other end. */
  const peerWire = new RecordingCarrier();
  const peer = new SealedCarrier(peerWire, back, there);
  const told = reader();
  /** Seals messages as the peer does. */
  const from = async (...values: string[]): Promise<Uint8Array[]> => {
    peerWire.sent.length = 0;
    for (const value of values) peer.send(text(value));
    await peer.flushed();
    return [...peerWire.sent];
  };
  return { there, wire, sealed, from, told };
}

/** Opening and delivering takes a few turns of the event loop, on threads that are not ours. */
async function until(isDone: () => boolean): Promise<void> {
  const end = performance.now() + 20_000;
  while (!isDone() && performance.now() < end) await settle();
  expect(isDone()).toBe(true);
}

describe('sealing', () => {
  test('numbers the messages from zero in the nonce, and uses AES-GCM without more', async () => {
    const { sealed, wire, there } = await bench();
    for (const value of ['one', 'two']) sealed.send(text(value));
    await sealed.flushed();
    for (const [number, value] of ['one', 'two'].entries()) {
      const iv = new Uint8Array(12);
      iv[11] = number;
      const opened = await crypto.subtle.decrypt(
        { name: 'AES-GCM', iv },
        there,
        new Uint8Array(wire.sent[number]!),
      );
      expect(new TextDecoder().decode(opened)).toBe(value);
    }
  });

  test('sends what was given before the close, then closes, once', async () => {
    const { sealed, wire } = await bench();
    sealed.send(text('last words'));
    sealed.close(4000, 'done');
    sealed.close(4001, 'again');
    sealed.send(text('too late'));
    expect(wire.closes).toEqual([]);
    await sealed.flushed();
    expect(wire.sent).toHaveLength(1);
    expect(wire.closes).toEqual([{ code: 4000, reason: 'done' }]);
  });

  test('is not writable while too much is being sealed, or the carrier below is full', async () => {
    const { sealed, wire, told } = await bench();
    sealed.start(told.handlers);
    sealed.send(new Uint8Array(512 * 1024 - 1));
    expect(sealed.writable).toBe(true);
    sealed.send(new Uint8Array(1));
    expect(sealed.writable).toBe(false);
    await sealed.flushed();
    expect([sealed.writable, told.writable()]).toEqual([true, 1]);
    wire.writable = false;
    expect(sealed.writable).toBe(false);
    sealed.drained();
    expect(told.writable()).toBe(1);
    wire.writable = true;
    sealed.drained();
    expect(told.writable()).toBe(2);
  });
});

describe('opening', () => {
  test('delivers in order, what came before the reader included', async () => {
    const { sealed, from, told } = await bench();
    const [first, second, third] = await from('1', '2', '3');
    sealed.receive(first!);
    sealed.receive(second!);
    // Both are open by then, mostly; if not, they come later.
    for (let turn = 0; turn < 50; turn += 1) await settle();
    sealed.start(told.handlers);
    sealed.receive(third!);
    await until(() => told.messages.length === 3);
    expect(told.messages).toEqual(['1', '2', '3']);
  });

  const tampered: [string, (messages: Uint8Array[]) => Uint8Array[], string[]][] = [
    ['repeated', ([a, b]) => [a!, a!, b!], ['a']],
    ['left out', ([, b, c]) => [b!, c!], []],
    ['moved', ([a, b, c]) => [a!, c!, b!], ['a']],
    ['cut short', ([a, b]) => [a!.subarray(0, -1), b!], []],
    ['cut to nothing', ([a]) => [new Uint8Array(), a!], []],
    ['made longer', ([a, b]) => [a!, Uint8Array.of(...b!, 0)], ['a']],
    [
      'changed in its last byte',
      ([a]) => [a!.map((byte, at) => (at < a!.length - 1 ? byte : byte ^ 1))],
      [],
    ],
  ];
  test.each(tampered)('a message %s ends the carrier', async (_, tamper, delivered) => {
    const { sealed, wire, from, told } = await bench();
    sealed.start(told.handlers);
    for (const message of tamper(await from('a', 'b', 'c'))) sealed.receive(message);
    await until(() => told.closes.length > 0);
    expect(told.messages).toEqual(delivered);
    expect(told.closes).toEqual(['a message did not open']);
    expect(wire.closes).toEqual([{ code: 4000, reason: 'a message did not open' }]);
  });

  test('whichever bit of a message is changed, it does not open', async () => {
    const { from } = await bench();
    const [sealed] = await from('secret');
    await fc.assert(
      fc.asyncProperty(fc.nat(sealed!.length * 8 - 1), async (bit) => {
        const { sealed: fresh, told } = await bench();
        fresh.start(told.handlers);
        fresh.receive(
          sealed!.map((byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte)),
        );
        await until(() => told.closes.length === 1);
        expect(told.messages).toEqual([]);
      }),
      { numRuns: 20 },
    );
  });

  test('delivers nothing after its own close', async () => {
    const { sealed, wire, from, told } = await bench();
    sealed.start(told.handlers);
    const [message] = await from('too late');
    sealed.receive(message!);
    sealed.receive(Uint8Array.of(1, 2, 3));
    sealed.close(4000, 'done');
    await sealed.flushed();
    for (let turn = 0; turn < 20; turn += 1) await settle();
    expect([told.messages, told.closes, wire.closes.length]).toEqual([[], [], 1]);
  });
});

describe('the carrier below', () => {
  /** A sealed carrier above one that only writes down what it is told. */
  async function above() {
    const [there, back] = await Promise.all([newKey(), newKey()]);
    const calls: string[] = [];
    const below: Carrier = {
      writable: true,
      send: () => void calls.push('send'),
      start: () => undefined,
      close: (code) => void calls.push(`close ${code}`),
    };
    return { calls, sealed: new SealedCarrier(below, there, back) };
  }

  test('is sent nothing behind the close, and closed once', async () => {
    const { calls, sealed } = await above();
    sealed.send(text('one'));
    sealed.close(4000, 'done');
    sealed.close(4000, 'done');
    sealed.send(text('two'));
    await sealed.flushed();
    expect(calls).toEqual(['send', 'close 4000']);
  });

  test('is closed once, however many messages do not open, and not when it has ended', async () => {
    const { calls, sealed } = await above();
    for (let count = 0; count < 3; count += 1) sealed.receive(Uint8Array.of(1, 2, 3));
    await until(() => calls.length > 0);
    for (let turn = 0; turn < 50; turn += 1) await settle();
    expect(calls).toEqual(['close 4000']);
    const ended = await above();
    ended.sealed.end('gone');
    ended.sealed.receive(Uint8Array.of(1, 2, 3));
    for (let turn = 0; turn < 50; turn += 1) await settle();
    expect(ended.calls).toEqual([]);
  });

  test('has room again before there is a reader', async () => {
    const { sealed } = await above();
    expect(() => sealed.drained()).not.toThrow();
    sealed.send(new Uint8Array(512 * 1024));
    await expect(sealed.flushed()).resolves.toBeUndefined();
    expect(sealed.writable).toBe(true);
  });
});

describe('the end of the carrier below', () => {
  test('is told behind what came before it, once', async () => {
    const { sealed, from, told } = await bench();
    sealed.start(told.handlers);
    const [message] = await from('last words');
    sealed.receive(message!);
    sealed.end('gone');
    sealed.end('gone again');
    await until(() => told.closes.length > 0);
    await settle();
    expect([told.messages, told.closes]).toEqual([['last words'], ['gone']]);
  });

  test('is told to a reader that comes later, and not to one that has closed', async () => {
    const { sealed, told } = await bench();
    sealed.end('gone');
    await settle();
    sealed.start(told.handlers);
    expect(told.closes).toEqual(['gone']);
    const closed = await bench();
    closed.sealed.end('gone');
    await settle();
    closed.sealed.close(4000, 'done');
    closed.sealed.start(closed.told.handlers);
    expect(closed.told.closes).toEqual([]);
  });

  test('is the last that is delivered', async () => {
    const { sealed, from, told } = await bench();
    const [message] = await from('too late');
    sealed.start(told.handlers);
    sealed.end('gone');
    sealed.receive(message!);
    await until(() => told.closes.length === 1);
    for (let turn = 0; turn < 10; turn += 1) await settle();
    expect(told.messages).toEqual([]);
  });
});

describe('a carrier whose messages need no sealing', () => {
  test('passes everything on, both ways', () => {
    const wire = new RecordingCarrier();
    const proven = new ProvenCarrier(wire);
    const told = reader();
    proven.receive(text('early'));
    proven.drained();
    proven.start(told.handlers);
    proven.receive(text('later'));
    proven.drained();
    proven.send(text('out'));
    expect([told.messages, told.writable()]).toEqual([['early', 'later'], 1]);
    expect(wire.sent).toEqual([text('out')]);
    wire.writable = false;
    expect(proven.writable).toBe(false);
    proven.end('gone');
    proven.close(4000, 'done');
    expect([told.closes, wire.closes]).toEqual([['gone'], [{ code: 4000, reason: 'done' }]]);
  });

  test('tells its end to a reader that comes later', () => {
    const proven = new ProvenCarrier(new RecordingCarrier());
    const told = reader();
    proven.end('gone');
    proven.start(told.handlers);
    expect(told.closes).toEqual(['gone']);
  });
});

test('a message that a relay has room for stays below the limit of a carrier', async () => {
  const { sealed, wire } = await bench();
  sealed.send(new Uint8Array(LIMITS.bodyChunkBytes + 64));
  await sealed.flushed();
  expect(wire.sent[0]!.byteLength).toBeLessThanOrEqual(LIMITS.maxMessageBytes);
});
