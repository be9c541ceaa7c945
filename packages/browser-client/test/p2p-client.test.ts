import { describe, expect, test } from '@jest/globals';
import {
  ConnectionReject,
  IceCandidate,
  P2pEvent,
  P2pFailure,
  PATH_FAULT_WORDS,
  RejectReason,
  create,
} from '@wingman/protocol';
import { P2pClient } from '../src/shell/p2p-client.js';
import { BROWSER_LIMITS } from '../src/shared/limits.js';
import { settle } from './support/fake-clock.js';
import {
  LINK,
  LOCAL_SDP,
  World,
  accept,
  answer,
  answered,
  asking,
  candidate,
  connected,
} from './support/p2p-world.js';

describe('P2pClient', () => {
  test('asks, offers, binds, connects and says how long it took', async () => {
    const { world, client } = await connected();
    expect(client.state).toBe('connected');
    expect(world.cases()).toEqual([
      'connectionRequest',
      'connectionState',
      'offer',
      'connectionState',
    ]);
    expect(world.reports()).toMatchObject([
      { event: P2pEvent.ATTEMPT },
      { event: P2pEvent.CONNECTED, setupMs: 400 },
    ]);
    expect(world.fingerprints).toEqual([[1, { local: 'sha-256 AA:AA', remote: 'sha-256 BB:BB' }]]);
    expect(world.peer().configuration).toEqual({ iceServers: [{ urls: ['stun:s'] }] });
    expect([world.channels, client.connectionCount]).toEqual([[1], 1]);
    await world.clock.advance(60_000);
    expect(client.state).toBe('connected');
  });

  test('the channel is given away in the task that makes it', async () => {
    const { world, client } = await asking();
    client.handle(accept());
    expect(world.channels).toEqual([1]);
  });

  test('candidates go out with their attempt, and wait for the answer on their way in', async () => {
    const { world, client } = await asking();
    client.handle(accept());
    // The offer is still being made: a candidate that overtook it would be lost at the host.
    world.peer().onicecandidate?.({ candidate: { candidate: 'candidate:9', sdpMid: '0' } });
    await settle();
    expect(world.cases().slice(-2)).toEqual(['offer', 'iceCandidate']);
    expect(world.sent.at(-1)).toMatchObject({
      $case: 'iceCandidate',
      value: { attempt: 1, candidate: 'candidate:9' },
    });
    client.handle(candidate(1));
    client.handle(candidate(7));
    expect(world.peer().candidates).toEqual([]);
    client.handle(answer(1));
    await settle();
    client.handle(candidate(1));
    expect(world.peer().candidates).toHaveLength(2);
  });

  test('request and offer carry proofs of the key, the offer’s over the nonce of the accept', async () => {
    const { world, client } = await asking();
    client.handle(accept({ nonce: Buffer.from('fresh') }));
    await settle();
    const [request, , offer] = world.sent;
    expect(request).toMatchObject({ value: { proof: Buffer.from(`request ${LINK}`) } });
    const proof = Buffer.from(`1 ${LOCAL_SDP} fresh`);
    expect(offer).toMatchObject({ value: { attempt: 1, sdp: LOCAL_SDP, proof } });
  });

  test('the worker is told which way ICE has found, and again when it has found a better one', async () => {
    const { world, client } = await answered();
    world.peer().ends = ['srflx', 'relay'];
    client.workerSays(1, 'open', false);
    await settle();
    client.workerSays(1, 'ready', false);
    expect(world.ways).toEqual([[1, 'turn']]);
    expect(world.reports().at(-1)).toMatchObject({ event: P2pEvent.CONNECTED, isTurn: true });
    world.peer().ends = ['srflx', 'srflx'];
    client.heard(true);
    await settle();
    expect(world.ways).toHaveLength(1);
    await world.clock.advance(BROWSER_LIMITS.wayLookMs);
    client.heard(true);
    await settle();
    expect(world.ways).toEqual([
      [1, 'turn'],
      [1, 'p2p'],
    ]);
  });

  test('a link that is replaced while its proof is made is not asked for', async () => {
    const world = new World();
    const client = new P2pClient(world);
    client.setLink('d'.repeat(32));
    client.setLink(LINK);
    await settle();
    expect(world.sent).toMatchObject([{ value: { linkId: LINK } }]);
  });

  test('what belongs to another link or attempt is ignored', async () => {
    const { world, client } = await asking();
    client.handle(accept({ linkId: 'b'.repeat(32) }));
    expect(client.state).toBe('asking');
    client.handle(accept());
    await settle();
    client.handle(answer(2));
    expect(world.peer().remoteDescription).toBeNull();
    client.workerSays(9, 'failed', false);
    expect(client.state).toBe('offering');
  });

  test('says for its link whether the relay is to be spared, before the offer', async () => {
    const { world, client } = await asking();
    client.handle(accept({ spareRelay: true, linkId: 'another link' }));
    expect(world.spared).toEqual([]);
    client.handle(accept({ spareRelay: true }));
    expect([world.spared, world.cases()]).toEqual([
      [true],
      ['connectionRequest', 'connectionState'],
    ]);
    const other = await asking();
    other.client.handle(accept());
    expect(other.world.spared).toEqual([false]);
  });

  test('gives up after the time the host allows, rests, and tries again with longer waits', async () => {
    const { world, client } = await asking();
    client.handle(accept({ p2pTimeoutMs: 3_000 }));
    await world.clock.advance(2_999);
    expect(client.state).toBe('offering');
    await world.clock.advance(1);
    expect(client.state).toBe('resting');
    expect(world.reports().at(-1)).toMatchObject({
      event: P2pEvent.FAILED,
      failure: P2pFailure.NO_ANSWER,
    });
    expect([world.peer().isClosed, world.ended, client.connectionCount]).toEqual([true, [1], 0]);
    await world.clock.advance(2_000);
    expect(client.state).toBe('asking');
    client.handle(accept({ p2pTimeoutMs: 3_000 }));
    await world.clock.advance(3_000 + 3_999);
    expect(client.state).toBe('resting');
    await world.clock.advance(1);
    expect(client.state).toBe('asking');
  });

  test('says whether the network or the proof has failed', async () => {
    for (const [isHandshake, failure] of [
      [false, P2pFailure.NO_CANDIDATES],
      [true, P2pFailure.HANDSHAKE],
    ] as const) {
      const { world, client } = await answered();
      client.workerSays(1, 'failed', isHandshake);
      expect(world.reports().at(-1)).toMatchObject({ event: P2pEvent.FAILED, failure });
    }
  });

  test('says why no path came up, by what both ends have offered, until one does', async () => {
    const { world, client } = await answered();
    expect(client.whyNot).toBeUndefined();
    const candidate = (typ: string): string => `candidate:1 1 UDP 1 10.0.0.2 9 typ ${typ}`;
    const offered = { candidate: candidate('srflx'), sdpMid: '0' };
    world.peer().onicecandidate?.({ candidate: offered });
    const fields = { linkId: LINK, attempt: 1, candidate: candidate('host'), sdpMid: '0' };
    client.handle({ $case: 'iceCandidate', value: create(IceCandidate, fields) });
    await settle();
    await world.clock.advance(world.timeoutMs);
    expect(world.reports().at(-1)).toMatchObject({ failure: P2pFailure.HOST_UDP });
    expect(client.whyNot).toBe(PATH_FAULT_WORDS['host-udp']);
    await world.clock.advance(BROWSER_LIMITS.p2pRetryMinMs);
    client.handle(accept());
    client.workerSays(2, 'open', false);
    client.workerSays(2, 'ready', false);
    expect(client.whyNot).toBeUndefined();
  });

  test('an answer without a fingerprint is a failed handshake', async () => {
    const { world, client } = await asking();
    client.handle(accept());
    await settle();
    client.handle(answer(1, 'v=0\r\n'));
    expect(world.reports().at(-1)).toMatchObject({ failure: P2pFailure.HANDSHAKE });
    expect(world.peer().remoteDescription).toBeNull();
  });

  test('losing a connection is a fallback, and is made good', async () => {
    const { world, client } = await connected();
    client.workerSays(1, 'lost', false);
    expect(world.reports().at(-1)).toMatchObject({ event: P2pEvent.FALLBACK });
    expect(client.state).toBe('resting');
    await world.clock.advance(2_000);
    client.handle(accept());
    expect(world.channels).toEqual([1, 2]);
  });

  test('an ICE failure ends the attempt', async () => {
    const { world, client } = await answered();
    world.peer().connectionState = 'failed';
    world.peer().onconnectionstatechange?.();
    expect([client.state, world.peer().isClosed]).toEqual(['resting', true]);
  });

  test('a host without p2p is not asked again until it comes back', async () => {
    const { world, client } = await asking();
    client.handle(accept({ p2p: false }));
    expect(client.state).toBe('off');
    client.retryNow();
    await world.clock.advance(600_000);
    expect([client.state, world.peers.length]).toEqual(['off', 0]);
    client.hostReturned();
    expect(client.state).toBe('asking');
  });

  test('a rejected or unanswered request is repeated later', async () => {
    const { world, client } = await asking();
    const reason = RejectReason.HOST_OFFLINE;
    const value = create(ConnectionReject, { linkId: LINK, reason });
    client.handle({ $case: 'connectionReject', value });
    expect(client.state).toBe('resting');
    client.retryNow();
    expect(client.state).toBe('asking');
    await world.clock.advance(10_000);
    expect(client.state).toBe('resting');
  });

  test('waits for signaling, and tells a new signaling connection of its link', async () => {
    const world = new World();
    world.isConnected = false;
    const client = new P2pClient(world);
    client.setLink(LINK);
    await settle();
    expect(client.state).toBe('idle');
    world.isConnected = true;
    client.signalingOpened();
    expect(client.state).toBe('asking');
    const other = await connected();
    other.client.signalingOpened();
    expect(other.world.cases().at(-1)).toBe('connectionRequest');
    expect(other.client.state).toBe('connected');
  });

  test('begins anew when signaling was replaced before the path was there: its messages may be lost', async () => {
    const { world, client } = await answered();
    client.signalingOpened();
    expect([client.state, world.peers[0]?.isClosed]).toEqual(['asking', true]);
    client.handle(accept());
    expect(world.channels).toEqual([1, 2]);
  });

  test('a browser without WebRTC says so once', async () => {
    const world = new World();
    world.createPeer = undefined;
    const client = new P2pClient(world);
    client.setLink(LINK);
    await settle();
    client.retryNow();
    expect(client.state).toBe('off');
    expect(world.reports()).toMatchObject([{ failure: P2pFailure.UNSUPPORTED }]);
  });

  test('a new link ends what belonged to the old one', async () => {
    const { world, client } = await connected();
    client.setLink('c'.repeat(32));
    await settle();
    expect([world.peers[0]?.isClosed, client.state]).toEqual([true, 'asking']);
    client.close();
    await world.clock.advance(100_000);
    expect(world.clock.timers).toBe(0);
  });
});
