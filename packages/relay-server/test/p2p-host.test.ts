import { beforeEach, describe, expect, jest, test } from '@jest/globals';
import {
  create,
  createLinkKey,
  IceCandidate,
  initiate,
  newLinkId,
  Offer,
  PATH_FAULT_WORDS,
  type Carrier,
  type ChannelWay,
  type HostMessage,
  type SentCase,
} from '@wingman/protocol';
import { HOST_LIMITS } from '../src/limits.js';
import { P2pHost } from '../src/tunnel/p2p-host.js';
import { loadEngine, type Peer, type PeerEngine } from '../src/tunnel/webrtc/webrtc-adapter.js';
import { cleanups } from './support/cleanups.js';
import { FakeClock } from './support/fake-clock.js';
import { until } from './support/until.js';

// Real connections, some of them one after the other.
jest.setTimeout(120_000);

const KEY = createLinkKey();

async function loaded(choice: 'auto' | 'wrtc' = 'auto'): Promise<PeerEngine> {
  const { engine, failures } = await loadEngine(choice);
  if (engine === undefined) throw new Error(failures.join('; '));
  return engine;
}

interface TestHost {
  readonly host: P2pHost;
  readonly clock: FakeClock;
  readonly sent: SentCase<HostMessage>[];
  readonly attached: [string, Carrier][];
  /** The ways of attached channels, as they were told. */
  readonly ways: ChannelWay[];
  readonly failed: string[];
  readonly words: string[];
  /** What the signaling server would pass to the viewer. */
  toViewer: (message: SentCase<HostMessage>) => void;
}

function hostWith(
  engine: PeerEngine,
  admits: (linkId: string) => boolean = () => true,
  proven: ReadonlySet<string> = new Set(),
): TestHost {
  const clock = new FakeClock();
  const test: TestHost = {
    clock,
    sent: [],
    attached: [],
    ways: [],
    failed: [],
    words: [],
    toViewer: () => undefined,
    host: new P2pHost({
      engine,
      linkKey: KEY,
      timeoutMs: 10_000,
      maxViewers: 2,
      clock,
      iceServers: () => [],
      send: (message) => {
        test.sent.push(message);
        test.toViewer(message);
      },
      admits,
      isProven: (linkId) => proven.has(linkId) || test.attached.some(([id]) => id === linkId),
      attach: (linkId, carrier, way) => {
        test.attached.push([linkId, carrier]);
        test.ways.push(way);
        return (next) => test.ways.push(next);
      },
      failed: (_linkId, { code, message }) => {
        test.failed.push(code);
        test.words.push(message);
      },
    }),
  };
  cleanups.push(() => test.host.close());
  return test;
}

/** A viewer that offers a channel to the host, with the engine that is nearest to a browser's. */
async function viewer(
  to: TestHost,
  linkId: string,
  attempt = 1,
): Promise<{ peer: Peer; channel: Promise<Carrier> }> {
  let opened: (carrier: Carrier) => void = () => undefined;
  const channel = new Promise<Carrier>((resolve) => (opened = resolve));
  const engine = await loaded('wrtc');
  const peer = engine.createPeer([], {
    candidate: ({ candidate, mid: sdpMid }) => {
      to.host.candidate(create(IceCandidate, { linkId, attempt, candidate, sdpMid }));
    },
    channel: (carrier) => opened(carrier),
    closed: () => undefined,
  });
  cleanups.push(() => peer.close());
  to.toViewer = (message) => {
    if (message.$case === 'answer') void peer.acceptAnswer(message.value?.sdp ?? '');
    if (message.$case !== 'iceCandidate') return;
    const { candidate = '', sdpMid: mid = '' } = message.value ?? {};
    peer.addCandidate({ candidate, mid });
  };
  const sdp = await peer.createOffer();
  to.host.offer(create(Offer, { linkId, attempt, sdp }));
  return { peer, channel };
}

describe('an offer', () => {
  test('becomes a proven carrier of its link', async () => {
    const host = hostWith(await loaded());
    const linkId = newLinkId();
    const { peer, channel } = await viewer(host, linkId);
    const binding = () => peer.binding();
    const proven = await initiate(await channel, { key: KEY, kind: 'p2p', linkId, binding });
    await until(() => host.attached.length === 1, 'attached');
    expect(host.attached[0]?.[0]).toBe(linkId);
    const received: Uint8Array[] = [];
    host.attached[0]?.[1].start({
      message: (bytes) => received.push(bytes),
      close: () => undefined,
      writable: () => undefined,
    });
    proven.carrier.send(new Uint8Array([1, 2, 3]));
    await until(() => received.length === 1, 'a message arrives');
    // The deadline is only for the way up.
    host.clock.advance(10_000);
    expect(host.host.peerCount).toBe(1);
    proven.carrier.close(1000, 'done');
    await until(() => host.host.peerCount === 0, 'the peer is gone');
    expect(host.failed).toEqual([]);
  });

  test('has a way, which is told again when ICE has found another', async () => {
    const loadedEngine = await loaded();
    let way: ChannelWay = 'turn';
    const engine: PeerEngine = {
      name: loadedEngine.name,
      createPeer: (...given) =>
        Object.assign(loadedEngine.createPeer(...given), { way: () => Promise.resolve(way) }),
    };
    const host = hostWith(engine);
    const linkId = newLinkId();
    const { peer, channel } = await viewer(host, linkId);
    const binding = () => peer.binding();
    await initiate(await channel, { key: KEY, kind: 'p2p', linkId, binding });
    await until(() => host.ways.length === 1, 'attached');
    const look = async (): Promise<void> => {
      host.clock.advance(HOST_LIMITS.wayLookMs);
      await new Promise(setImmediate);
    };
    await look();
    way = 'p2p';
    await look();
    await look();
    expect(host.ways).toEqual(['turn', 'p2p']);
  });

  test('whose carrier the link closes makes room for others, also after many', async () => {
    const host = hostWith(await loaded());
    const linkId = newLinkId();
    for (let attempt = 1; attempt <= 2 * HOST_LIMITS.peersPerViewer + 1; attempt += 1) {
      const { peer, channel } = await viewer(host, linkId, attempt);
      const binding = () => peer.binding();
      await initiate(await channel, { key: KEY, kind: 'p2p', linkId, binding });
      await until(() => host.attached.length === attempt, `attempt ${attempt} is attached`);
      host.attached[attempt - 1]?.[1].close(1000, 'silent');
      await until(() => host.host.peerCount === 0, 'the peer is gone');
    }
    expect(host.failed).toEqual([]);
  });

  test('without the link key it is refused', async () => {
    const host = hostWith(await loaded());
    const linkId = newLinkId();
    const { peer, channel } = await viewer(host, linkId);
    const binding = () => peer.binding();
    const key = createLinkKey();
    await initiate(await channel, { key, kind: 'p2p', linkId, binding });
    await until(() => host.failed.length === 1, 'failed');
    expect(host.failed).toEqual(['HANDSHAKE_FAILED']);
    expect(host.attached).toEqual([]);
    expect(host.host.peerCount).toBe(0);
  });

  test('with fingerprints of somebody in between it is refused', async () => {
    const host = hostWith(await loaded());
    const linkId = newLinkId();
    const { peer, channel } = await viewer(host, linkId);
    const binding = () => ({ ...peer.binding(), responder: 'sha-256 00:11' });
    await initiate(await channel, { key: KEY, kind: 'p2p', linkId, binding });
    await until(() => host.failed.length === 1, 'failed');
    expect(host.failed).toEqual(['HANDSHAKE_FAILED']);
  });

  test('for another link than it proves it is refused', async () => {
    const host = hostWith(await loaded());
    const { peer, channel } = await viewer(host, newLinkId());
    const options = { key: KEY, kind: 'p2p', linkId: newLinkId() } as const;
    await initiate(await channel, { ...options, binding: () => peer.binding() });
    await until(() => host.failed.length === 1, 'failed');
    expect(host.attached).toEqual([]);
  });

  test('that leads to nothing ends at the deadline', async () => {
    const engine = await loaded();
    const host = hostWith(engine);
    const peer = engine.createPeer([], {
      candidate: () => undefined,
      channel: () => undefined,
      closed: () => undefined,
    });
    cleanups.push(() => peer.close());
    const sdp = await peer.createOffer();
    host.host.offer(create(Offer, { linkId: newLinkId(), attempt: 1, sdp }));
    await until(() => host.sent.some(({ $case: kind }) => kind === 'answer'), 'answered');
    host.clock.advance(9_999);
    expect(host.host.peerCount).toBe(1);
    host.clock.advance(1);
    expect(host.host.peerCount).toBe(0);
    expect(host.failed).toEqual(['TIMEOUT']);
    expect(host.words[0]).toContain(PATH_FAULT_WORDS['no-candidates']);
  });

  test('that is nonsense fails and leaves nothing', async () => {
    const host = hostWith(await loaded());
    host.host.offer(create(Offer, { linkId: newLinkId(), attempt: 1, sdp: 'nonsense' }));
    await until(() => host.failed.length === 1, 'failed');
    expect(host.host.peerCount).toBe(0);
  });

  test('of a viewer too many is ignored', async () => {
    const host = hostWith(await loaded(), () => false);
    host.host.offer(create(Offer, { linkId: newLinkId(), attempt: 1, sdp: '' }));
    expect(host.host.peerCount).toBe(0);
  });
});

describe('attempts', () => {
  let count = 0;
  const made = (): number => count;
  beforeEach(() => {
    count = 0;
  });
  const silentPeer = (): Peer => ({
    createOffer: () => Promise.resolve(''),
    acceptOffer: () => new Promise(() => undefined),
    acceptAnswer: () => Promise.resolve(),
    addCandidate: () => undefined,
    binding: () => ({ initiator: '', responder: '' }),
    isConnected: () => false,
    way: () => Promise.resolve('p2p'),
    close: () => undefined,
  });
  const counted = (peer: Peer): Peer => {
    count += 1;
    return peer;
  };
  const silent: PeerEngine = { name: 'wrtc', createPeer: () => counted(silentPeer()) };
  const refusingPeer = (): Peer =>
    counted({ ...silentPeer(), acceptOffer: () => Promise.reject(new Error('nonsense')) });
  const offer = (linkId: string, attempt: number) => create(Offer, { linkId, attempt, sdp: '' });

  test('a newer one replaces one that is not open; older and repeated ones are ignored', () => {
    const { host } = hostWith(silent);
    const linkId = newLinkId();
    host.offer(offer(linkId, 2));
    host.offer(offer(linkId, 3));
    host.offer(offer(linkId, 3));
    host.offer(offer(linkId, 1));
    expect(host.peerCount).toBe(1);
  });

  test('are bounded for all viewers together', () => {
    const { host } = hostWith(silent);
    for (let index = 0; index < 20; index++) host.offer(offer(newLinkId(), 1));
    expect(host.peerCount).toBe(2 * HOST_LIMITS.peersPerViewer);
  });

  test('of proven viewers come before those of strangers', () => {
    const proven = new Set([newLinkId(), newLinkId()]);
    const { host, failed } = hostWith(silent, () => true, proven);
    const places = 2 * HOST_LIMITS.peersPerViewer;
    for (let index = 0; index < 200; index++) host.offer(offer(newLinkId(), 1));
    expect([host.peerCount, made()]).toEqual([places, places]);
    for (const linkId of proven) host.offer(offer(linkId, 1));
    expect([host.peerCount, made()]).toEqual([places, places + 2]);
    for (let index = 0; index < 200; index++) host.offer(offer(newLinkId(), 1));
    expect([host.peerCount, made(), failed]).toEqual([places, places + 2, []]);
  });

  test('of strangers cost a peer so often only, also when they end at once', async () => {
    const { host, clock } = hostWith({ name: 'wrtc', createPeer: refusingPeer });
    const places = 2 * HOST_LIMITS.peersPerViewer;
    const flood = async (): Promise<void> => {
      for (let attempt = 1; attempt <= 200; attempt++) {
        host.offer(offer(newLinkId(), attempt));
        await Promise.resolve();
      }
      await until(() => host.peerCount === 0, 'they have ended');
    };
    await flood();
    expect(made()).toBe(places);
    clock.advance(9_999);
    await flood();
    expect(made()).toBe(places);
    clock.advance(1);
    await flood();
    expect(made()).toBe(2 * places);
  });

  test('all end with the host', () => {
    const { host, clock } = hostWith(silent);
    host.offer(offer(newLinkId(), 1));
    host.offer(offer(newLinkId(), 1));
    host.close();
    expect(host.peerCount).toBe(0);
    expect(clock.pending).toEqual([]);
  });
});
