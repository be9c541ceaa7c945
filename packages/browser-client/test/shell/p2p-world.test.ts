import { afterEach, describe, expect, test } from '@jest/globals';
import {
  authenticate,
  createLinkKey,
  deriveAdmissionKey,
  offerPayload,
  requestPayload,
} from '@wingman/protocol';
import { p2pWorld } from '../../src/shell/p2p-world.js';
import type { OutgoingMessage } from '../../src/shell/signaling.js';
import type { TunnelClient } from '../../src/shell/tunnel-client.js';
import { setGlobal } from '../support/dom.js';

const KEY = createLinkKey();
const LINK = 'a'.repeat(32);

function setUp() {
  const calls: unknown[][] = [];
  const tunnel = {
    giveChannel: (...args: unknown[]) => calls.push(['channel', ...args]),
    giveFingerprints: (...args: unknown[]) => calls.push(['fingerprints', ...args]),
    endChannel: (...args: unknown[]) => calls.push(['end', ...args]),
  } as unknown as TunnelClient;
  const sent: OutgoingMessage[] = [];
  const signal = (message: OutgoingMessage): boolean => sent.push(message) > 0;
  return { calls, sent, world: p2pWorld(tunnel, KEY, signal, 4321) };
}

afterEach(() => void Reflect.deleteProperty(globalThis, 'RTCPeerConnection'));

describe('the proofs of a viewer', () => {
  test('of its request and its offer are made with the admission key, and bound to both', async () => {
    const { prove } = setUp().world;
    const key = await deriveAdmissionKey(KEY);
    const claim = { linkId: LINK, attempt: 2, sdp: 'v=0' };
    const nonce = Uint8Array.of(1, 2, 3);
    expect(await prove.request(LINK)).toEqual(await authenticate(key, requestPayload(LINK)));
    const proof = await prove.offer(claim, nonce);
    expect(proof).toEqual(await authenticate(key, offerPayload(claim, nonce)));
    expect(await prove.offer({ ...claim, attempt: 3 }, nonce)).not.toEqual(proof);
    expect(await prove.offer(claim, Uint8Array.of(9))).not.toEqual(proof);
    expect(await prove.request('b'.repeat(32))).not.toEqual(await prove.request(LINK));
  });
});

describe('the world of the direct path', () => {
  test('is the tunnel’s worker, signaling, and the server’s deadline', () => {
    const { calls, sent, world } = setUp();
    const channel = {} as RTCDataChannel;
    world.giveChannel(1, channel);
    world.giveFingerprints(1, { local: 'l', remote: 'r' });
    world.endChannel(1);
    expect(calls).toEqual([
      ['channel', 1, channel],
      ['fingerprints', 1, { local: 'l', remote: 'r' }],
      ['end', 1],
    ]);
    expect(world.signal({ $case: 'tabFrozen', value: {} })).toBe(true);
    expect(sent).toHaveLength(1);
    expect(world.timeoutMs).toBe(4321);
  });

  test('makes peer connections where the browser has them', () => {
    expect(setUp().world.createPeer).toBeUndefined();
    const made: unknown[] = [];
    setGlobal('RTCPeerConnection', function (configuration: unknown) {
      made.push(configuration);
    });
    setUp().world.createPeer?.({ iceServers: [] });
    expect(made).toEqual([{ iceServers: [] }]);
  });
});
