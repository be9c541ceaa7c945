import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import type { Carrier } from '@wingman/protocol';
import { carrierContract } from '../../protocol/test/support/carrier-contract.js';
import {
  ENGINE_NAMES,
  loadEngine,
  type EngineName,
  type Peer,
  type PeerEngine,
  type PeerHandlers,
} from '../src/tunnel/webrtc/webrtc-adapter.js';
import { until } from './support/until.js';

// Two ends connect within a second, and on a busy machine within many; then there is what is tried with them.
const OPEN_MS = 40_000;
jest.setTimeout(90_000);

interface End {
  readonly peer: Peer;
  carrier: Carrier | undefined;
  closed: string[];
}

const peers: Peer[] = [];

afterEach(() => {
  for (const peer of peers.splice(0)) peer.close();
});

function makeEnd(engine: PeerEngine, candidate: PeerHandlers['candidate']): End {
  const end: End = {
    carrier: undefined,
    closed: [],
    peer: engine.createPeer([], {
      candidate,
      channel: (carrier) => (end.carrier = carrier),
      closed: (reason) => end.closed.push(reason),
    }),
  };
  peers.push(end.peer);
  return end;
}

/** Connects two ends, each of which is told the other's candidates as soon as they are known. */
async function connect(offering: PeerEngine, answering: PeerEngine): Promise<[End, End]> {
  const left: End = makeEnd(offering, (candidate) => right.peer.addCandidate(candidate));
  const right: End = makeEnd(answering, (candidate) => left.peer.addCandidate(candidate));
  const answer = await right.peer.acceptOffer(await left.peer.createOffer());
  await left.peer.acceptAnswer(answer);
  await until(
    () => left.carrier !== undefined && right.carrier !== undefined,
    'channels open',
    OPEN_MS,
  );
  return [left, right];
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

const allChildren = (): string[] =>
  readdirSync('/proc/self/task').flatMap((task) =>
    readIfThere(`/proc/self/task/${task}/children`).split(' ').filter(Boolean),
  );

/** Another file's tests ran in this process before, and their engine's process lives for a minute more. */
const others = new Set(allChildren());

/** Processes that this file has started: an engine's, if it lives in one of its own. */
const children = (): string[] => allChildren().filter((id) => !others.has(id));

const threads = (): number =>
  ['self', ...children()].reduce((sum, id) => {
    const status = readIfThere(`/proc/${id}/status`);
    return sum + Number(/Threads:\s+(\d+)/.exec(status)?.[1] ?? 0);
  }, 0);

/** Nothing of a process that has just ended. */
function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

const PAIRS = ENGINE_NAMES.flatMap((offering) =>
  ENGINE_NAMES.map((answering) => [offering, answering] as const),
);

describe.each(PAIRS)('%s offers, %s answers', (offeringName, answeringName) => {
  const open = async (): Promise<[End, End]> =>
    connect(await engineNamed(offeringName), await engineNamed(answeringName));

  carrierContract(async () => {
    const [left, right] = await open();
    return [left.carrier!, right.carrier!];
  });

  test('a peer ends with its carrier, at both ends', async () => {
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

  test('both sides agree on the fingerprints', async () => {
    const [left, right] = await open();
    const binding = left.peer.binding();
    expect(right.peer.binding()).toEqual(binding);
    expect(binding.initiator).toMatch(/^sha-256 ([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
    expect(binding.initiator).not.toBe(binding.responder);
  });

  test('one that sends while the other goes does no harm to this process', async () => {
    for (let round = 0; round < 6; round++) {
      const [left, right] = await open();
      const there = collect(right.carrier!);
      const sending = setInterval(() => {
        for (let each = 0; each < 20; each++) left.carrier!.send(new Uint8Array(3));
      }, 1);
      await until(() => there.messages.length > 100, 'it sends');
      right.peer.close();
      await until(() => left.closed.length === 1, 'it is told');
      clearInterval(sending);
    }
    await open();
  });

  test('a way between both ends alone is known as one, and never fails to be told', async () => {
    const [left, right] = await open();
    expect(await Promise.all([left.peer.way(), right.peer.way()])).toEqual(['p2p', 'p2p']);
    left.peer.close();
    expect(await left.peer.way()).toBe('p2p');
  });
});

describe.each(ENGINE_NAMES)('%s', (name) => {
  test('refuses nonsense with HANDSHAKE_FAILED', async () => {
    const engine = await engineNamed(name);
    const { peer } = makeEnd(engine, (candidate) => peer.addCandidate(candidate));
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
    await until(() => threads() <= before + 2, `no more threads than ${before} and two`, 60_000);
  }, 240_000);
});

describe('wrtc, in a process of its own', () => {
  test('a process that ends takes its peers with it, and the next peer gets another', async () => {
    const [own, wrtc] = [await engineNamed('node-datachannel'), await engineNamed('wrtc')];
    const [left, right] = await connect(own, wrtc);
    const here = collect(right.carrier!);
    const [process_ = ''] = children();
    process.kill(Number(process_), 'SIGKILL');
    await until(() => right.closed.length === 1, 'its owner hears of it');
    expect(right.closed).toEqual(['the WebRTC engine’s process has ended (SIGKILL)']);
    expect(here.closes).toEqual(right.closed);
    right.carrier!.send(new Uint8Array(1));
    await expect(right.peer.acceptOffer('late')).rejects.toMatchObject({
      code: 'HANDSHAKE_FAILED',
    });
    left.peer.close();
    const [, again] = await connect(own, wrtc);
    expect(again.closed).toEqual([]);
    expect(children()).not.toContain(process_);
  });

  test('a process that hangs is ended, and the next peer gets another', async () => {
    const [own, wrtc] = [await engineNamed('node-datachannel'), await engineNamed('wrtc')];
    const [, right] = await connect(own, wrtc);
    const here = collect(right.carrier!);
    const [hanging = ''] = children();
    process.kill(Number(hanging), 'SIGSTOP');
    const sending = setInterval(() => right.carrier!.send(new Uint8Array(1)), 100);
    await until(() => right.closed.length === 1, 'its owner hears of it');
    clearInterval(sending);
    expect(here.closes).toEqual(['the WebRTC engine’s process is silent']);
    const [, again] = await connect(own, wrtc);
    expect(again.closed).toEqual([]);
    expect(children()).not.toContain(hanging);
  });

  test('a flood of small messages ends a process before it has much memory', async () => {
    const [own, wrtc] = [await engineNamed('node-datachannel'), await engineNamed('wrtc')];
    const [left, right] = await connect(own, wrtc);
    const [flooded = ''] = children();
    collect(right.carrier!);
    const flood = (): void => {
      for (let each = 0; each < 50; each++) left.carrier!.send(new Uint8Array(3));
      if (left.closed.length + right.closed.length === 0) setImmediate(flood);
    };
    flood();
    let peakKib = 0;
    await until(() => {
      const peak = /VmHWM:\s+(\d+)/.exec(readIfThere(`/proc/${flooded}/status`));
      peakKib = Math.max(peakKib, Number(peak?.[1] ?? 0));
      return right.closed.length === 1;
    }, 'its owner hears of it');
    expect(right.closed).toEqual(['the WebRTC engine’s process has ended (SIGKILL)']);
    expect(peakKib).toBeLessThan(384 * 1024);
  });

  test('an address that the library refuses costs one peer', async () => {
    const engine = await engineNamed('wrtc');
    const [left] = await connect(engine, engine);
    const closed: string[] = [];
    const told = { candidate: () => undefined, channel: () => undefined };
    const refused = [{ urls: ['stun:'], username: '', credential: '' }];
    engine.createPeer(refused, { ...told, closed: (reason) => closed.push(reason) });
    await until(() => closed.length === 1, 'its owner hears of it');
    expect(left.closed).toEqual([]);
  });

  test('a process that ends meanwhile refuses what it was asked', async () => {
    const engine = await engineNamed('wrtc');
    const { peer, closed } = makeEnd(engine, () => undefined);
    const offer = peer.createOffer();
    for (const id of children()) process.kill(Number(id), 'SIGKILL');
    await expect(offer).rejects.toMatchObject({ code: 'HANDSHAKE_FAILED' });
    expect(closed).toHaveLength(1);
  });
});

test('node-datachannel keeps what it offers to itself until it has the answer', async () => {
  const own = await engineNamed('node-datachannel');
  const [ofLeft, ofRight]: [unknown[], unknown[]] = [[], []];
  const left = makeEnd(own, (candidate) => ofLeft.push(candidate));
  const right = makeEnd(own, (candidate) => ofRight.push(candidate));
  const answer = await right.peer.acceptOffer(await left.peer.createOffer());
  await until(() => ofRight.length > 0, 'the other end has candidates');
  expect(ofLeft).toEqual([]);
  await left.peer.acceptAnswer(answer);
  expect(ofLeft).not.toEqual([]);
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
