import { describe, expect, test } from '@jest/globals';
import {
  acceptExchanges,
  createLinkKey,
  initiate,
  LIMITS,
  Link,
  memoryCarrierPair,
  Mux,
  newLinkId,
  offerLane,
  systemClock,
  type Carrier,
  type LaneNegotiation,
} from '@wingman/protocol';
import { LaneHost } from '../src/tunnel/lane-host.js';
import type { LoadSpare } from '../src/tunnel/webrtc/spare-engine.js';
import { ENGINE_NAMES, loadEngine } from '../src/tunnel/webrtc/webrtc-adapter.js';
import type { EngineName, Peer, PeerEngine } from '../src/tunnel/webrtc/webrtc-adapter.js';
import { cleanups } from './support/cleanups.js';
import { until } from './support/until.js';

const KEY = createLinkKey();

async function loaded(choice: EngineName): Promise<PeerEngine> {
  const { engine, failures } = await loadEngine(choice);
  if (engine === undefined) throw new Error(failures.join('; '));
  return engine;
}

/** An engine whose peers answer at once, and never connect. */
function idleEngine(name: EngineName = 'node-datachannel'): {
  engine: PeerEngine;
  closed: number[];
  candidates: string[];
} {
  const closed: number[] = [];
  const candidates: string[] = [];
  let count = 0;
  const createPeer = (): Peer => {
    const number = ++count;
    return {
      createOffer: () => Promise.reject(new Error('the host offers nothing')),
      acceptOffer: (sdp) => Promise.resolve(`answer to ${sdp}`),
      acceptAnswer: () => Promise.resolve(),
      addCandidate: ({ candidate }) => void candidates.push(candidate),
      binding: () => ({ initiator: '', responder: '' }),
      isConnected: () => false,
      way: () => Promise.resolve('p2p'),
      close: () => void closed.push(number),
    };
  };
  return { engine: { name, createPeer }, closed, candidates };
}

/** A viewer's link to a host that takes further lanes, over a carrier in memory. */
function tunnel(engine: PeerEngine, loadSpare?: LoadSpare) {
  const id = newLinkId();
  const viewer = new Link({ id, role: 'initiator' });
  const host = new Link({ id, role: 'acceptor' });
  const lanes = new LaneHost({
    ...{ engine, linkKey: KEY, timeoutMs: 10_000, clock: systemClock, iceServers: () => [] },
    loadSpare,
  });
  const refuse = (): never => {
    throw new Error('no exchange was expected');
  };
  acceptExchanges(host, { request: refuse, webSocket: refuse, lane: lanes.offersOn(host) });
  const [left, right] = memoryCarrierPair();
  viewer.attach(left, 'relay');
  host.attach(right, 'relay');
  cleanups.push(() => viewer.close('LINK_CLOSED'));
  cleanups.push(() => lanes.close());
  return { viewer, host, lanes, mux: new Mux(viewer) };
}

/** Opens a lane as a viewer does, with the engine that is nearest to a browser's. */
async function openLane({ viewer, mux }: ReturnType<typeof tunnel>): Promise<Carrier> {
  let opened: (carrier: Carrier) => void = () => undefined;
  const channel = new Promise<Carrier>((resolve) => (opened = resolve));
  let offer: (negotiation: LaneNegotiation) => void = () => undefined;
  const offered = new Promise<LaneNegotiation>((resolve) => (offer = resolve));
  const peer = (await loaded('wrtc')).createPeer([], {
    candidate: (candidate) =>
      void offered.then((lane) => lane.send({ type: 'candidate', ...candidate })),
    channel: (carrier) => opened(carrier),
    closed: () => undefined,
  });
  cleanups.push(() => peer.close());
  const negotiation = offerLane(mux, await peer.createOffer());
  offer(negotiation);
  const read = negotiation.read((message) => {
    if (message.type === 'answer') void peer.acceptAnswer(message.sdp);
    else peer.addCandidate(message);
  });
  const binding = () => peer.binding();
  const options = { key: KEY, kind: 'p2p', linkId: viewer.id, binding } as const;
  const { carrier } = await initiate(await channel, options);
  viewer.attach(carrier, 'p2p', { joins: true });
  await read;
  negotiation.end();
  return carrier;
}

describe.each(ENGINE_NAMES)('a further lane, with %s', (name) => {
  test('is negotiated on the link, proves the key, joins the link, and goes when it is closed', async () => {
    const world = tunnel(await loaded(name));
    const carriers = [await openLane(world), await openLane(world)];
    const { viewer, host, lanes, mux } = world;
    await until(() => host.stats().lanes.p2p === 2 && viewer.stats().lanes.p2p === 2, 'both');
    expect([lanes.laneCount, mux.streamCount]).toEqual([2, 0]);
    carriers[0]?.close(1000, 'not needed');
    await until(() => lanes.laneCount === 1, 'one is gone');
    expect(host.stats()).toMatchObject({ state: 'open', lanes: { p2p: 1, relay: 1 } });
    viewer.close('LINK_CLOSED');
    await until(() => lanes.laneCount === 0, 'they go with their link');
  });
});

describe('the lanes of a link', () => {
  const offers = (mux: Mux, count: number) =>
    Array.from({ length: count }, (_, n) => offerLane(mux, `offer ${n}`));

  test('are as many as named, and the next is refused', async () => {
    const { engine } = idleEngine();
    const { lanes, mux } = tunnel(engine);
    const answers: string[] = [];
    const most = LIMITS.maxLanes - 1;
    for (const one of offers(mux, most)) {
      one
        .read((message) => answers.push(message.type === 'answer' ? message.sdp : ''))
        .catch(() => undefined);
    }
    const [above] = offers(mux, 1);
    await expect(above?.read(() => undefined)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
    await until(() => answers.length === most, 'the others are answered');
    expect(answers[0]).toBe('answer to offer 0');
    expect(lanes.laneCount).toBe(most);
  });

  test('are counted for each link', async () => {
    const { engine } = idleEngine();
    const first = tunnel(engine);
    offers(first.mux, LIMITS.maxLanes - 1);
    const second = tunnel(engine);
    offers(second.mux, 1);
    await until(() => second.lanes.laneCount === 1, 'a place of its own');
  });

  test('end when the viewer gives them up before they are open', async () => {
    const { engine, closed, candidates } = idleEngine();
    const { lanes, mux } = tunnel(engine);
    const [given] = offers(mux, 1);
    given?.send({ type: 'candidate', candidate: 'one', mid: '0' });
    await until(() => candidates.length === 1, 'the candidate');
    given?.reset('CANCELLED');
    await until(() => lanes.laneCount === 0, 'the place is free');
    expect([closed, candidates]).toEqual([[1], ['one']]);
  });

  test('give their place back when the engine makes no peer', async () => {
    const createPeer = (): never => {
      throw new Error('too many open files');
    };
    const { lanes, mux } = tunnel({ name: 'wrtc', createPeer });
    const [offer] = offers(mux, 1);
    await expect(offer?.read(() => undefined)).rejects.toMatchObject({ code: 'REFUSED' });
    expect(lanes.laneCount).toBe(0);
  });

  test('end with the host', async () => {
    const { engine, closed } = idleEngine();
    const { lanes, mux } = tunnel(engine);
    offers(mux, 2);
    await until(() => lanes.laneCount === 2, 'both');
    lanes.close();
    expect([closed, lanes.laneCount]).toEqual([[1, 2], 0]);
  });
});

describe('where the direct path is far', () => {
  const ONE_WAY_MS = LIMITS.farRoundTripMs;

  /** Gives both ends a direct lane of this delay, and waits until the host knows its round trip. */
  async function direct({ viewer, host }: ReturnType<typeof tunnel>, oneWayMs: number) {
    const [left, right] = memoryCarrierPair((message, arrive) => {
      systemClock.setTimeout(() => arrive(message), oneWayMs);
    });
    viewer.attach(left, 'p2p');
    host.attach(right, 'p2p');
    viewer.prefer('p2p');
    await until(() => typeof host.stats().quality.p2p?.baseRttMs === 'number', 'the round trip');
    await until(() => host.path === 'p2p', 'the direct path');
  }

  test.each([
    ['a lane of the spare engine carries alone from the host', () => loaded('wrtc'), false],
    ['a lane of the usual one carries beside the first', undefined, true],
  ])('%s', async (_, loadSpare, isStriped) => {
    const world = tunnel(await loaded('node-datachannel'), loadSpare);
    const { viewer, host, mux } = world;
    await direct(world, ONE_WAY_MS);
    await openLane(world);
    await until(() => viewer.isStriped && host.stats().lanes.p2p === 2, 'both are good');
    expect([host.path, host.isStriped, mux.streamCount]).toEqual(['p2p', isStriped, 0]);
  });

  test.each([
    ['a viewer who is near', 'node-datachannel', ONE_WAY_MS / 20, []],
    ['one who is far, and no other loads', 'node-datachannel', ONE_WAY_MS, ['asked']],
    ['one who is far, and is the other itself', 'wrtc', ONE_WAY_MS, []],
  ] as const)('the usual engine answers %s', async (_, name, oneWayMs, expected) => {
    const usual = idleEngine(name);
    const asked: string[] = [];
    const world = tunnel(usual.engine, () => {
      asked.push('asked');
      return Promise.resolve(undefined);
    });
    await direct(world, oneWayMs);
    const offer = offerLane(world.mux, 'one');
    offer.send({ type: 'candidate', candidate: 'a', mid: '0' });
    void offer.read(() => undefined).catch(() => undefined);
    await until(() => usual.candidates.length === 1, 'the usual engine has the candidate');
    expect(asked).toEqual(expected);
  });

  test('a host that closes while the engine loads makes no lane', async () => {
    const [usual, spare] = [idleEngine(), idleEngine('wrtc')];
    let load: (engine: PeerEngine) => void = () => undefined;
    const world = tunnel(usual.engine, () => new Promise((resolve) => (load = resolve)));
    await direct(world, ONE_WAY_MS);
    const offer = offerLane(world.mux, 'one');
    await until(() => world.lanes.laneCount === 1, 'its place is taken');
    world.lanes.close();
    load(spare.engine);
    await expect(offer.read(() => undefined)).rejects.toMatchObject({ code: 'CANCELLED' });
    expect([world.lanes.laneCount, spare.closed, usual.closed]).toEqual([0, [], []]);
  });
});
