import { describe, expect, test } from '@jest/globals';
import type { LaneFromShell, LaneToShell } from '../../src/shared/worker-messages.js';
import { BROWSER_LIMITS } from '../../src/shared/limits.js';
import { LanePeers } from '../../src/shell/lane-peers.js';
import { settle } from '../support/fake-clock.js';

/** An RTCPeerConnection that does what the test says. */
class FakePeer {
  connectionState = 'new';
  remoteDescription: unknown = null;
  onicecandidate: ((event: { candidate: unknown }) => void) | null = null;
  onconnectionstatechange: (() => void) | null = null;
  readonly did: string[] = [];
  readonly candidates: unknown[] = [];
  fails: string | undefined;

  constructor(readonly configuration: RTCConfiguration) {}

  createDataChannel(label: string): object {
    this.did.push('channel');
    return { label };
  }

  createOffer(): Promise<{ sdp: string }> {
    return this.fails === 'offer' ? Promise.reject(new Error()) : Promise.resolve({ sdp: 'offer' });
  }

  setLocalDescription(): Promise<void> {
    this.did.push('local');
    return Promise.resolve();
  }

  setRemoteDescription(description: unknown): Promise<void> {
    if (this.fails === 'answer') return Promise.reject(new Error());
    this.remoteDescription = description;
    return Promise.resolve();
  }

  addIceCandidate(candidate: { candidate: string }): Promise<void> {
    this.candidates.push(candidate);
    return candidate.candidate === 'bad' ? Promise.reject(new Error()) : Promise.resolve();
  }

  close(): void {
    this.did.push('closed');
  }
}

function setUp(prepare: (peer: FakePeer) => void = () => undefined) {
  const made: FakePeer[] = [];
  const told: [number, LaneFromShell | 'channel'][] = [];
  const peers = new LanePeers(
    {
      giveLane: (lane) => told.push([lane, 'channel']),
      tellLane: (lane, step) => told.push([lane, step]),
    },
    (configuration) => {
      const peer = new FakePeer(configuration);
      prepare(peer);
      made.push(peer);
      return peer as unknown as RTCPeerConnection;
    },
  );
  const say = (step: LaneToShell, lane = 1): void => peers.handle(lane, step);
  return { peers, made, told, say };
}

const candidate = (line: string) => ({ type: 'candidate', candidate: line, mid: '' }) as const;

describe('a lane that the worker asks for', () => {
  test('is made with the ICE servers of the first; channel and offer go to the worker', async () => {
    const { peers, made, told, say } = setUp();
    peers.use([{ urls: ['stun:a'], username: '', credential: '' }]);
    say({ type: 'open' });
    await settle();
    expect(made[0]?.configuration).toEqual({ iceServers: [{ urls: ['stun:a'] }] });
    expect(told).toEqual([
      [1, 'channel'],
      [1, { type: 'offer', sdp: 'offer' }],
    ]);
    expect([made[0]?.did, peers.count]).toEqual([['channel', 'local'], 1]);
  });

  test('takes the answer, and candidates from before it and after', async () => {
    const { made, told, say } = setUp();
    say({ type: 'open' });
    await settle();
    for (const line of ['early', '', 'bad']) say(candidate(line));
    expect(made[0]?.candidates).toEqual([]);
    say({ type: 'answer', sdp: 'answer' });
    await settle();
    say({ type: 'candidate', candidate: 'late', mid: '7' });
    expect(made[0]?.remoteDescription).toEqual({ type: 'answer', sdp: 'answer' });
    expect(made[0]?.candidates).toEqual([
      { candidate: 'early', sdpMid: '0' },
      { candidate: 'bad', sdpMid: '0' },
      { candidate: 'late', sdpMid: '7' },
    ]);
    made[0]?.onicecandidate?.({ candidate: { candidate: 'own', sdpMid: '0' } });
    made[0]?.onicecandidate?.({ candidate: null });
    expect(told.slice(2)).toEqual([
      [1, { type: 'candidate', candidate: 'own', mid: '0' }],
      [1, { type: 'candidate', candidate: '', mid: '' }],
    ]);
  });

  test('keeps no more early candidates than it should', async () => {
    const { made, say } = setUp();
    say({ type: 'open' });
    for (let n = 0; n <= BROWSER_LIMITS.maxCandidates; n += 1) say(candidate(String(n)));
    say({ type: 'answer', sdp: 'answer' });
    await settle();
    expect(made[0]?.candidates).toHaveLength(BROWSER_LIMITS.maxCandidates);
  });
});

describe('a lane that ends', () => {
  test.each(['offer', 'answer'])('because its %s fails, is told', async (fails) => {
    const { peers, told, say } = setUp((peer) => (peer.fails = fails));
    say({ type: 'open' });
    await settle();
    say({ type: 'answer', sdp: 'answer' });
    await settle();
    expect(told.at(-1)).toEqual([1, { type: 'failed' }]);
    expect(peers.count).toBe(0);
  });

  test.each(['failed', 'closed'])('because its connection has %s, is told once', async (state) => {
    const { made, told, say } = setUp();
    say({ type: 'open' });
    await settle();
    const { onconnectionstatechange: changed } = made[0]!;
    changed?.();
    made[0]!.connectionState = state;
    changed?.();
    changed?.();
    expect(told.slice(2)).toEqual([[1, { type: 'failed' }]]);
    expect(made[0]?.did.at(-1)).toBe('closed');
  });

  test('because the worker wants it no more, is not told', async () => {
    const { peers, made, told, say } = setUp();
    say({ type: 'open' });
    await settle();
    say({ type: 'close' });
    say({ type: 'close' });
    say({ type: 'answer', sdp: 'late' });
    say(candidate('late'));
    await settle();
    expect([told.length, peers.count, made[0]?.did.at(-1)]).toEqual([2, 0, 'closed']);
  });

  test('goes with the tab', () => {
    const { peers, made, say } = setUp();
    say({ type: 'open' }, 1);
    say({ type: 'open' }, 2);
    peers.close();
    expect([peers.count, made.map(({ did }) => did.at(-1))]).toEqual([0, ['closed', 'closed']]);
  });
});

test('a browser without WebRTC says so', () => {
  const told: unknown[] = [];
  const tunnel = { giveLane: () => undefined, tellLane: (...said: unknown[]) => told.push(said) };
  new LanePeers(tunnel, undefined).handle(1, { type: 'open' });
  expect(told).toEqual([[1, { type: 'failed' }]]);
});
