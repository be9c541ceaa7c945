import {
  Answer,
  ConnectionAccept,
  IceCandidate,
  create,
  type P2pEvent,
  type P2pFailure,
} from '@wingman/protocol';
import { P2pClient } from '../../src/shell/p2p-client.js';
import type { P2pWorld } from '../../src/shell/p2p-world.js';
import type { OutgoingMessage, ServerMessage } from '../../src/shell/signaling.js';
import type { Fingerprints } from '../../src/shared/worker-messages.js';
import { FakeClock, settle } from './fake-clock.js';

export const LINK = 'a'.repeat(32);
export const LOCAL_SDP = 'v=0\r\na=fingerprint:sha-256 AA:AA\r\n';
const REMOTE_SDP = 'v=0\r\na=fingerprint:sha-256 BB:BB\r\n';

/** An RTCPeerConnection that does what the test says. */
class FakePeer {
  connectionState = 'new';
  localDescription: { sdp: string } | null = null;
  remoteDescription: { sdp: string } | null = null;
  onicecandidate: ((event: { candidate: unknown }) => void) | null = null;
  onconnectionstatechange: (() => void) | null = null;
  readonly candidates: unknown[] = [];
  isClosed = false;

  constructor(readonly configuration: RTCConfiguration) {}

  getConfiguration(): RTCConfiguration {
    return this.configuration;
  }

  createDataChannel(label: string): object {
    return { label };
  }

  createOffer(): Promise<{ sdp: string }> {
    return Promise.resolve({ sdp: LOCAL_SDP });
  }

  setLocalDescription(description: { sdp: string }): Promise<void> {
    this.localDescription = description;
    return Promise.resolve();
  }

  setRemoteDescription(description: { sdp: string }): Promise<void> {
    this.remoteDescription = description;
    return Promise.resolve();
  }

  /** The pair in use, as `getStats` has it. */
  ends: [string, string] = ['host', 'srflx'];

  getStats(): Promise<Map<string, object>> {
    const [local, remote] = this.ends;
    return Promise.resolve(
      new Map<string, object>([
        ['T', { id: 'T', type: 'transport', selectedCandidatePairId: 'P' }],
        ['P', { id: 'P', type: 'candidate-pair', localCandidateId: 'L', remoteCandidateId: 'R' }],
        ['L', { id: 'L', type: 'local-candidate', candidateType: local }],
        ['R', { id: 'R', type: 'remote-candidate', candidateType: remote }],
      ]),
    );
  }

  addIceCandidate(candidate: unknown): Promise<void> {
    this.candidates.push(candidate);
    return Promise.resolve();
  }

  close(): void {
    this.isClosed = true;
  }
}

export class World implements P2pWorld {
  readonly clock = new FakeClock();
  readonly peers: FakePeer[] = [];
  readonly sent: OutgoingMessage[] = [];
  readonly channels: number[] = [];
  readonly ended: number[] = [];
  readonly fingerprints: [number, Fingerprints][] = [];
  readonly timeoutMs = 10_000;
  isConnected = true;
  createPeer: P2pWorld['createPeer'] = (configuration) => {
    const peer = new FakePeer(configuration);
    this.peers.push(peer);
    return peer as unknown as RTCPeerConnection;
  };

  /** Says what was proved. */
  readonly prove: P2pWorld['prove'] = {
    request: (linkId) => Promise.resolve(Buffer.from(`request ${linkId}`)),
    offer: ({ attempt, sdp }, nonce) =>
      Promise.resolve(Buffer.from(`${attempt} ${sdp} ${Buffer.from(nonce).toString()}`)),
  };
  readonly random = (): number => 1;
  readonly signal = (message: OutgoingMessage): boolean => {
    if (this.isConnected) this.sent.push(message);
    return this.isConnected;
  };
  readonly giveChannel = (attempt: number): void => void this.channels.push(attempt);
  readonly endChannel = (attempt: number): void => void this.ended.push(attempt);
  readonly ways: [number, string][] = [];
  readonly giveWay = (attempt: number, way: string): void => void this.ways.push([attempt, way]);
  readonly giveFingerprints = (attempt: number, given: Fingerprints): void =>
    void this.fingerprints.push([attempt, given]);

  readonly spared: boolean[] = [];
  readonly spareRelay = (isSpared: boolean): void => void this.spared.push(isSpared);

  cases(): (string | undefined)[] {
    return this.sent.map((message) => message?.$case);
  }

  /** The reported states. */
  reports(): { event: P2pEvent; failure: P2pFailure; setupMs: number; isTurn: boolean }[] {
    return this.sent.flatMap((message) =>
      message?.$case === 'connectionState' ? [message.value] : [],
    );
  }

  peer(): FakePeer {
    const peer = this.peers.at(-1);
    if (peer === undefined) throw new Error('no peer yet');
    return peer;
  }
}

export function accept(
  more: Partial<
    Pick<ConnectionAccept, 'p2p' | 'p2pTimeoutMs' | 'linkId' | 'nonce' | 'spareRelay'>
  > = {},
): ServerMessage {
  const fields = { linkId: LINK, p2p: true, iceServers: [{ urls: ['stun:s'] }], ...more };
  return { $case: 'connectionAccept', value: create(ConnectionAccept, fields) };
}

export function answer(attempt: number, sdp = REMOTE_SDP): ServerMessage {
  return { $case: 'answer', value: create(Answer, { linkId: LINK, attempt, sdp }) };
}

export function candidate(attempt: number): ServerMessage {
  const fields = { linkId: LINK, attempt, candidate: 'candidate:1', sdpMid: '0' };
  return { $case: 'iceCandidate', value: create(IceCandidate, fields) };
}

/** A client that has asked for a direct path. */
export async function asking() {
  const world = new World();
  const client = new P2pClient(world);
  client.setLink(LINK);
  await settle();
  return { world, client };
}

/** A client whose attempt has been answered. */
export async function answered() {
  const { world, client } = await asking();
  client.handle(accept());
  await settle();
  client.handle(answer(1));
  await settle();
  return { world, client };
}

export async function connected() {
  const { world, client } = await answered();
  await world.clock.advance(400);
  client.workerSays(1, 'open', false);
  client.workerSays(1, 'ready', false);
  return { world, client };
}
