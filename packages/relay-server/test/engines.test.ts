import { readdirSync } from 'node:fs';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { LIMITS, type Carrier } from '@wingman/protocol';
import {
  ENGINE_NAMES,
  loadEngine,
  type EngineName,
  type Peer,
  type PeerEngine,
} from '../src/tunnel/webrtc/webrtc-adapter.js';
import { until } from './support/until.js';

interface End {
  readonly peer: Peer;
  carrier: Carrier | undefined;
  closed: string[];
}

const peers: Peer[] = [];

afterEach(() => {
  for (const peer of peers.splice(0)) peer.close();
});

function makeEnd(engine: PeerEngine, other: () => End): End {
  const end: End = {
    carrier: undefined,
    closed: [],
    peer: engine.createPeer([], {
      candidate: (candidate) => other().peer.addCandidate(candidate),
      channel: (carrier) => (end.carrier = carrier),
      closed: (reason) => end.closed.push(reason),
    }),
  };
  peers.push(end.peer);
  return end;
}

/** One attempt at a direct path. */
const ATTEMPT_MS = 4_000;
const ATTEMPTS = 3;

/**
 * Connects two ends as the product does: an attempt that has not opened in time is followed by another.
 * node-datachannel as the offerer fails when the answerer's checks come before its answer: on a machine with
 * every core busy a few times in a hundred. In the product it answers only, browsers offer.
 */
async function connect(offering: PeerEngine, answering: PeerEngine): Promise<[End, End]> {
  for (let attempt = 1; ; attempt += 1) {
    const left: End = makeEnd(offering, () => right);
    const right: End = makeEnd(answering, () => left);
    const answer = await right.peer.acceptOffer(await left.peer.createOffer());
    await left.peer.acceptAnswer(answer);
    const isOpen = (): boolean => left.carrier !== undefined && right.carrier !== undefined;
    try {
      await until(isOpen, 'channels open', ATTEMPT_MS);
      return [left, right];
    } catch (error) {
      left.peer.close();
      right.peer.close();
      if (attempt === ATTEMPTS) throw error;
    }
  }
}

function collect(carrier: Carrier): { messages: Uint8Array[]; closes: string[]; drains: number } {
  const seen = { messages: [] as Uint8Array[], closes: [] as string[], drains: 0 };
  carrier.start({
    message: (bytes) => seen.messages.push(bytes),
    close: (reason) => seen.closes.push(reason),
    writable: () => seen.drains++,
  });
  return seen;
}

async function engineNamed(name: EngineName): Promise<PeerEngine> {
  const { engine, failures } = await loadEngine(name);
  if (engine === undefined) throw new Error(failures.join('; '));
  return engine;
}

const threads = (): number => readdirSync('/proc/self/task').length;

const PAIRS = ENGINE_NAMES.flatMap((offering) =>
  ENGINE_NAMES.map((answering) => [offering, answering] as const),
);

describe.each(PAIRS)('%s offers, %s answers', (offeringName, answeringName) => {
  const open = async (): Promise<[End, End]> =>
    connect(await engineNamed(offeringName), await engineNamed(answeringName));

  test('messages keep boundaries and order, from empty to the largest', async () => {
    const [left, right] = await open();
    const there = collect(right.carrier!);
    const back = collect(left.carrier!);
    const sizes = [1, 2, 1_200, 16_384, LIMITS.maxMessageBytes, 3, LIMITS.maxMessageBytes, 1];
    for (const [index, size] of sizes.entries()) {
      left.carrier!.send(new Uint8Array(size).fill(index));
      right.carrier!.send(new Uint8Array(size).fill(index + 100));
    }
    await until(() => there.messages.length === 8 && back.messages.length === 8, 'all arrive');
    expect(there.messages.map((bytes) => [bytes.length, bytes.at(-1)])).toEqual(
      sizes.map((size, index) => [size, index]),
    );
    expect(back.messages.map((bytes) => [bytes.length, bytes[0]])).toEqual(
      sizes.map((size, index) => [size, index + 100]),
    );
  });

  test('a view into a larger buffer is sent alone', async () => {
    const [left, right] = await open();
    const there = collect(right.carrier!);
    left.carrier!.send(new Uint8Array([1, 2, 3, 4, 5]).subarray(1, 3));
    await until(() => there.messages.length === 1, 'arrives');
    expect([...there.messages[0]!]).toEqual([2, 3]);
  });

  test('holds back a fast sender, and loses and mixes nothing', async () => {
    const [left, right] = await open();
    const sender = left.carrier!;
    const there = collect(right.carrier!);
    let sent = 0;
    let stops = 0;
    // Some of the queue is the engine's own and isn't reported, so it takes as long as it takes.
    const enough = (): boolean => stops >= 2 || sent >= 2_048;
    const pump = (): void => {
      for (; !enough(); sent++) {
        if (!sender.writable) return void stops++;
        const block = new Uint8Array(32 * 1024);
        new DataView(block.buffer).setUint32(0, sent);
        sender.send(block);
      }
    };
    sender.start({ message: () => undefined, close: () => undefined, writable: pump });
    pump();
    await until(() => enough() && there.messages.length === sent, 'all arrive', 25_000);
    expect(stops).toBe(2);
    const numbers = there.messages.map((bytes) =>
      new DataView(bytes.buffer, bytes.byteOffset).getUint32(0),
    );
    expect(numbers).toEqual(Array.from({ length: sent }, (_, index) => index));
  });

  test('closing one side is seen by the other, and not by itself', async () => {
    const [left, right] = await open();
    const here = collect(left.carrier!);
    const there = collect(right.carrier!);
    left.carrier!.close(1000, 'done');
    await until(() => there.closes.length === 1, 'the other side sees it');
    expect(here.closes).toEqual([]);
    expect(left.carrier!.writable).toBe(false);
    left.carrier!.send(new Uint8Array(1));
    right.carrier!.send(new Uint8Array(1));
    expect([left.closed, right.closed]).toEqual([[expect.any(String)], [expect.any(String)]]);
  });

  test('a peer that goes without a word is seen too', async () => {
    const [left, right] = await open();
    const there = collect(right.carrier!);
    left.peer.close();
    await until(() => there.closes.length === 1, 'the other side sees it');
  });

  test('an oversized message ends the carrier and not the process', async () => {
    const [left] = await open();
    const here = collect(left.carrier!);
    left.carrier!.send(new Uint8Array(LIMITS.maxMessageBytes + 1));
    expect(here.closes).toEqual(['message too large']);
  });

  test('both sides agree on the fingerprints', async () => {
    const [left, right] = await open();
    const binding = left.peer.binding();
    expect(right.peer.binding()).toEqual(binding);
    expect(binding.initiator).toMatch(/^sha-256 ([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
    expect(binding.initiator).not.toBe(binding.responder);
  });
});

describe.each(ENGINE_NAMES)('%s', (name) => {
  test('refuses nonsense with HANDSHAKE_FAILED', async () => {
    const engine = await engineNamed(name);
    const { peer } = makeEnd(engine, () => ({ peer }) as End);
    await expect(peer.acceptOffer('nonsense')).rejects.toMatchObject({ code: 'HANDSHAKE_FAILED' });
    peer.addCandidate({ candidate: 'nonsense', mid: '0' });
    expect(() => peer.binding()).toThrow(expect.objectContaining({ code: 'HANDSHAKE_FAILED' }));
  });

  test('closed peers leave no threads behind', async () => {
    const engine = await engineNamed(name);
    const [warmLeft, warmRight] = await connect(engine, engine);
    const before = threads();
    for (let round = 0; round < 8; round++) {
      const [left, right] = await connect(engine, engine);
      left.peer.close();
      right.peer.close();
    }
    warmLeft.peer.close();
    warmRight.peer.close();
    // Threads end after a collection or two, which run beside the program.
    await until(() => threads() <= before + 2, `threads: ${threads()} after ${before}`, 10_000);
  });
});

describe('loadEngine', () => {
  const fails = (): Promise<PeerEngine> => Promise.reject(new Error('wrong binary'));

  test('takes the first that loads', async () => {
    const wrtc = jest.fn(() => Promise.resolve({ name: 'wrtc' } as PeerEngine));
    const loaded = await loadEngine('auto', { 'node-datachannel': fails, wrtc });
    expect(loaded.engine?.name).toBe('wrtc');
    expect(loaded.failures).toEqual(['node-datachannel: wrong binary']);
  });

  test('says why there is none', async () => {
    const loaded = await loadEngine('auto', { 'node-datachannel': fails, wrtc: fails });
    expect(loaded).toEqual({
      engine: undefined,
      failures: ['node-datachannel: wrong binary', 'wrtc: wrong binary'],
    });
  });

  test('does not replace the one that was asked for', async () => {
    const other = jest.fn(fails);
    const loaded = await loadEngine('wrtc', { 'node-datachannel': other, wrtc: fails });
    expect(loaded.engine).toBeUndefined();
    expect(other).not.toHaveBeenCalled();
  });
});
